// Runs the engine of the live parts for test_play_nets.py: a task as JSON on stdin,
// its result as JSON on stdout.
import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { Activation } from "../../../web/play/activations.js";
import { Adam } from "../../../web/play/adam.js";
import { unpack } from "../../../web/play/data.js";
import { lenet } from "../../../web/play/nets.js";
import { Pool } from "../../../web/play/pools.js";
import { matrix, product, transposed } from "../../../web/play/product.js";
import { useKernel, useNumbers, zeros } from "../../../web/play/product.js";
import { kernel } from "../../../web/play/product_wasm.js";
import { reached } from "../../../web/play/recipe.js";

const doubles = (path) => new Float64Array(new Uint8Array(readFileSync(path)).buffer);
const norm = (numbers) => Math.hypot(...numbers);
const difference = (a, b) => Array.from(a, (x, i) => x - b[i]);
const relative = (found, wanted) => norm(difference(found, wanted)) / norm(wanted);
const largest = (a, b) => Math.max(...difference(a, b).map(Math.abs));

// The largest relative difference of any tensor; `wanted` holds them one after another.
function worst(tensors, wanted) {
  let at = 0;
  const found = tensors.map((tensor) =>
    relative(tensor, wanted.subarray(at, (at += tensor.length))),
  );
  if (at !== wanted.length) throw new Error(`${at} numbers, not ${wanted.length}`);
  return Math.max(...found);
}

async function arithmetic(name) {
  useNumbers(name === "double" ? Float64Array : Float32Array);
  if (name === "kernel" && !(await useKernel(kernel))) throw new Error("no kernel");
}

const all = (net, name) => net.parameters.map((parameter) => parameter[name]);

// How far a net is from torch's, whose numbers lie in a folder.
function compare({ folder, settings, n, lr, steps }) {
  const read = (name) => doubles(`${folder}/${name}`);
  const labels = Array.from(read("labels"));
  const net = lenet({ ...settings, minibatch: n + 1 });
  net.setParameters(read("parameters"));
  const logits = net.forward(read("images"), n).slice(0, 10 * n);
  const loss = net.lossAndGradient(read("images"), labels, n);
  const found = {
    layers: net.layers.map(({ name, outputShape }) => [name, ...outputShape]),
    logits: largest(logits, read("logits")),
    loss: Math.abs(loss - read("loss")[0]),
    gradient: worst(all(net, "gradient"), read("gradients")),
    meter: net.gradientMeter(),
  };
  const adam = new Adam(net.parameters, lr);
  for (let step = 0; step < steps; step++) {
    if (step) net.lossAndGradient(read("images"), labels, n);
    adam.step();
  }
  found.adam = worst(all(net, "value"), read("trained"));
  return found;
}

const tasks = {
  // Nets of torch's, in 64 bits, in 32 bits, and with the kernel.
  async nets({ nets, ...rest }) {
    const results = nets.map(() => ({}));
    for (const name of ["double", "plain", "kernel"]) {
      for (const [i, net] of nets.entries()) {
        await arithmetic(name); // and a new memory for the kernel
        results[i][name] = compare({ ...net, ...rest });
      }
    }
    return results;
  },

  // One layer without parameters, on numbers with zeros and ties.
  async layer({ kind, setting, shape, n, x, gradient }) {
    await arithmetic("double");
    const layer = new { Activation, Pool }[kind](shape, n, setting);
    const output = layer.forward(Float64Array.from(x), n);
    const input = layer.backward(Float64Array.from(gradient), n);
    return { output: Array.from(output), input: Array.from(input) };
  },

  // Products of whole numbers, where no sum is rounded: kernel and JavaScript agree.
  async products() {
    await arithmetic("kernel");
    const wrong = [];
    let calls = 0;
    const fill = (data) => data.set(data.map((_, i) => ((i * 7919 + 13) % 11) - 5));
    for (let rows = 1; rows <= 9; rows++) {
      for (const columns of [1, 2, 3, 4, 7, 8, 12, 20]) {
        for (const inner of [1, 2, 4, 5, 8, 16]) {
          const A = matrix(zeros(rows * inner), 0, rows, inner);
          const B = matrix(zeros(inner * columns), 0, inner, columns);
          const turnedA = transposed(matrix(zeros(rows * inner), 0, inner, rows));
          const across = matrix(zeros(inner * columns), 0, columns, inner);
          const turnedB = transposed(across);
          for (const { data } of [A, B, turnedA, turnedB]) fill(data);
          for (const [left, right] of [[A, B], [A, turnedB], [turnedA, B]]) {
            for (const add of [false, true]) {
              // Frames around C show what is written where nothing belongs.
              const frame = zeros(rows * columns + 8).fill(3);
              const C = matrix(frame, 4, rows, columns);
              product(C, left, right, add);
              calls++;
              const fine = equal(C, left, right, add ? 3 : 0);
              if (!fine) wrong.push([rows, columns, inner]);
            }
          }
        }
      }
      await arithmetic("kernel"); // a new memory, before this one is full
    }
    return { calls, wrong };
  },

  // The bounds between which the first weights lie.
  async first({ settings, seed }) {
    await arithmetic("double");
    const net = lenet({ ...settings, minibatch: 1, seed });
    return net.parameters.map(({ shape, value }) => ({
      shape,
      largest: Math.max(...value.map(Math.abs)),
      mean: value.reduce((a, b) => a + b) / value.length,
      sum: value.reduce((a, b) => a + Math.abs(b)),
    }));
  },

  async refusal({ count }) {
    try {
      lenet({ minibatch: 1 }).setParameters(new Float32Array(count));
    } catch ({ message }) {
      return message;
    }
    return null;
  },

  async data({ text }) {
    const { images, labels, training } = await unpack(text);
    const hash = createHash("sha256").update(images).digest("hex");
    return { hash, labels: Array.from(labels), training };
  },

  async reached({ accuracies }) {
    return accuracies.map(
      (row) => reached(row.map((accuracy, i) => ({ accuracy, seen: 400 * i }))) ?? null,
    );
  },

  async rerun({ text, runs, images }) {
    const { fingerprint, run } = await import("../../../experiments/race.mjs");
    const data = await unpack(text);
    const found = [];
    for (const settings of runs) found.push(await run(data, settings, images));
    return { functions: fingerprint(), runs: found };
  },

  // The worker's messages, each list of them after a message to it, until so many are
  // heard, or after `rests` of the waits between its slices of work. A pulse comes when
  // the clock says so, and does not count.
  async worker({ text, script, settings }) {
    const data = await unpack(text);
    let heard = [];
    let rests = 0;
    let turn = () => {};
    globalThis.self = globalThis;
    globalThis.postMessage = (message) => {
      if (message.type !== "pulse") turn(heard.push(structuredClone(message)));
    };
    globalThis.setTimeout = (resolve) => turn(rests++) ?? setImmediate(resolve);
    const { listen } = await import("../../../web/play/worker.js");
    listen();
    const answers = [];
    for (const { type, until } of script) {
      [heard, rests] = [[], 0];
      const enough = new Promise((resolve) => {
        turn = () => {
          if (heard.length >= until.messages || rests >= until.rests) resolve();
        };
      });
      self.onmessage({ data: { type, data, settings } });
      await enough;
      answers.push(heard);
    }
    globalThis.setTimeout = () => {}; // the training rests for ever, and Node can end
    return answers;
  },
};

function equal(C, A, B, before) {
  const value = (M, i, j) => M.data[M.at + i * M.down + j * M.across];
  for (let i = 0; i < C.rows; i++) {
    for (let j = 0; j < C.columns; j++) {
      let sum = before;
      for (let k = 0; k < A.columns; k++) sum += value(A, i, k) * value(B, k, j);
      if (value(C, i, j) !== sum) return false;
    }
  }
  const end = C.at + C.rows * C.columns;
  return C.data.every((x, i) => (i >= C.at && i < end) || x === 3);
}

const { task, ...settings } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(await tasks[task](settings)));
