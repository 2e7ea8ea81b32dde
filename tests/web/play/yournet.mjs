// Runs the engine of "Your net" for test_play_yournet.py: a task as JSON on stdin, its
// result as JSON on stdout.
import { readFileSync, writeFileSync } from "node:fs";
import { trace } from "../../../web/play/any_net.js";
import { unpack } from "../../../web/play/data.js";
import { useKernel, useNumbers, zeros } from "../../../web/play/product.js";
import { kernel } from "../../../web/play/product_wasm.js";
import { shuffled, train } from "../../../web/play/training.js";
import { cellCode, netCode } from "../../../web/play/yournet_code.js";
import { rates, rungs } from "../../../web/play/yournet_rungs.js";
import { build, makeOptimizer, memoryOf } from "../../../web/play/yournet_net.js";
import { plan } from "../../../web/play/yournet_plan.js";

const doubles = (path) => new Float64Array(new Uint8Array(readFileSync(path)).buffer);
const norm = (numbers) => Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0));

function planOf(text, settings) {
  return plan(trace(text, [1, 1, 28, 28]), settings);
}

// A net with torch's numbers, in 64 bits, in 32 bits, or with the kernel in a memory
// that is as large as was said.
async function make({ folder, text }, settings, arithmetic) {
  const { layers, refusal } = planOf(text, settings);
  if (refusal) throw new Error(`${refusal}\n${text}`);
  useNumbers(arithmetic === "double" ? Float64Array : Float32Array);
  const bytes = memoryOf(layers, settings);
  if (arithmetic === "kernel" && !(await useKernel(kernel, bytes))) throw new Error("no kernel");
  const net = build(layers, settings);
  net.setParameters(doubles(`${folder}/parameters`));
  spread(running(net), doubles(`${folder}/running`));
  const used = doubles(`${folder}/random`);
  let next = 0;
  for (const layer of net.layers) layer.random = () => used[next++];
  return net;
}

const running = ({ layers }) =>
  layers.flatMap(({ runningMean, runningVar }) => (runningMean ? [runningMean, runningVar] : []));
const gradients = (net) => net.parameters.map(({ gradient }) => gradient);

function spread(arrays, numbers) {
  const end = arrays.reduce((at, array) => {
    array.set(numbers.subarray(at, at + array.length));
    return at + array.length;
  }, 0);
  if (end !== numbers.length) throw new Error(`${end} numbers, not ${numbers.length}`);
}

const reach = 2.5e-6; // of 32 bits, as a rule

// How far arrays are from torch's, relative to each one's norm, or to that of all where
// nothing is left but rounding. coarse: what torch finds in 32 bits; where that is further
// off than is the rule (behind a batch normalisation a gradient may be the small rest of
// large numbers), so may these be, by as much.
function worst(arrays, wanted, coarse) {
  let at = 0;
  const all = norm(wanted);
  const errors = arrays.map((array) => {
    const [part, rough] = [wanted, coarse].map((a) => a.subarray(at, at + array.length));
    at += array.length;
    const size = norm(part) > 1e-9 * all ? norm(part) : all || 1;
    const error = (found) => norm(part.map((x, i) => x - found[i])) / size;
    return error(array) / (1 + error(rough) / reach);
  });
  if (at !== wanted.length) throw new Error(`${at} numbers, not ${wanted.length}`);
  return Math.max(0, ...errors);
}

const tasks = {
  // Nets in training and then not, each beside torch's numbers in a folder.
  async nets({ nets, n }) {
    const settings = { minibatch: n + 1, seed: 0, optimizer: "Adam" };
    const results = [];
    for (const given of nets) {
      const found = {};
      for (const arithmetic of ["double", "plain", "kernel"]) {
        const net = await make(given, settings, arithmetic);
        const read = (name) => doubles(`${given.folder}/${name}`);
        const off = (name, arrays) => worst(arrays, read(`${name}-64`), read(`${name}-32`));
        const X = zeros(784 * (n + 1));
        X.set(read("images"));
        const errors = (found[arithmetic] = {});
        for (const mode of ["training", "testing"]) {
          net.train(mode === "training");
          net.lossAndGradient(X, Array.from(read("labels")), n);
          const logits = net.layers.at(-1).output.subarray(0, 10 * n);
          errors[`${mode}: logits`] = off(`${mode}-logits`, [logits]);
          errors[`${mode}: gradient`] = off(`${mode}-gradient`, gradients(net));
        }
        errors.running = off("running", running(net));
      }
      results.push(found);
    }
    return results;
  },

  // A training from torch's first weights: the places of its images, its losses; what it
  // ends with goes into the folder.
  async training({ text, net: given, settings, arithmetic }) {
    const data = await unpack(text);
    const net = await make(given, settings, arithmetic);
    const optimizer = makeOptimizer(net, settings);
    const rows = [...train(net, optimizer, data, settings)].filter(Boolean);
    const ended = net.parameters.map(({ value }) => Float64Array.from(value));
    writeFileSync(`${given.folder}/ended`, Buffer.concat(ended.map((a) => Buffer.from(a.buffer))));
    const batches = shuffled(data.training, settings.minibatch, settings.seed);
    return { losses: rows.map(({ loss }) => loss), places: rows.map(() => batches.next().value) };
  },

  // A run of the record from its beginning.
  async rerun({ text, net, lr, seed, images }) {
    const { run } = await import("../../../experiments/yournet.mjs");
    const { fingerprint } = await import("../../../experiments/race.mjs");
    const { layers } = planOf(net.text, { minibatch: 32 });
    const { accuracy } = await run(await unpack(text), { ...net, layers }, lr, seed, images);
    return { accuracy, functions: fingerprint() };
  },

  async plans({ texts, minibatch }) {
    return texts.map((text) => planOf(text, { minibatch }));
  },

  async presets() {
    return rungs;
  },

  async rates() {
    return rates;
  },

  async codes({ texts }) {
    return texts.map((text) => netCode(planOf(text, { minibatch: 2 }).layers));
  },

  async cell({ text, settings }) {
    return cellCode(planOf(text, settings).layers, settings);
  },

  async first({ text }) {
    const { layers } = planOf(text, { minibatch: 2 });
    useNumbers(Float64Array);
    return build(layers, { minibatch: 2, seed: 0 }).parameters.map(({ shape, value }) => ({
      shape,
      largest: Math.max(...value.map(Math.abs)),
      smallest: Math.min(...value.map(Math.abs)),
    }));
  },

  // What the worker says after each message, until it is through, or has said so much.
  async worker({ text, net, script }) {
    const data = await unpack(text);
    let heard = [];
    let rests = 0;
    let turn = () => {};
    globalThis.self = globalThis;
    globalThis.postMessage = (message) => turn(heard.push(structuredClone(message)));
    globalThis.setTimeout = (resolve) => turn(rests++) ?? setImmediate(resolve);
    const { listen } = await import("../../../web/play/yournet_worker.js");
    listen();
    const answers = [];
    for (const { type, settings, until } of script) {
      [heard, rests] = [[], 0];
      const enough = new Promise((resolve) => {
        turn = () => {
          const last = heard.at(-1)?.type;
          if (last === until || rests >= until) resolve();
        };
      });
      const { layers } = settings ? planOf(net, settings) : {};
      self.onmessage({ data: { type, data, layers, settings } });
      await enough;
      answers.push(heard.map((message) => ({ ...message, answers: message.answers?.length })));
    }
    globalThis.setTimeout = () => {}; // it rests for ever, and Node can end
    return answers;
  },
};

const { task, ...settings } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(await tasks[task](settings)));
