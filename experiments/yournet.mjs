// Records where the ladder's nets land under the budget of "Your net":
//
//     node experiments/yournet.mjs [RUNG ...]
//
// trains every rung that takes 28 pixels, or those named, with the page's own code, and
// writes results/play/yournet.json after each; a rung that is there, made by the same
// code, is not trained again. Seed 0 tries all rates; the other seeds take the one that
// did best on it. PYTHON may name another Python than python3.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { trace } from "../web/play/any_net.js";
import { unpack } from "../web/play/data.js";
import { randomNumbers } from "../web/play/nets.js";
import { useKernel } from "../web/play/product.js";
import { kernel } from "../web/play/product_wasm.js";
import { train } from "../web/play/training.js";
import { build, makeOptimizer, memoryOf } from "../web/play/yournet_net.js";
import { plan } from "../web/play/yournet_plan.js";
import { fingerprint, packedImages } from "./race.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const target = at("../results/play/yournet.json");
const rates = [0.001, 0.003, 0.01];
const seeds = [0, 1, 2, 3, 4];
// As many images as the race: six epochs of the 2,000.
export const budget = { optimizer: "Adam", minibatch: 32, images: 12000, testEvery: 2000 };
const modules = (
  "activations adam data dropout layers nets norms pools product product_wasm sgd " +
  "training yournet_net yournet_plan"
).split(" ");

// The rungs at 28 pixels, each as a reader would paste it, the smallest first.
const RUNGS = `
import json
from d2l_lite.lab.ladder import RUNGS

def text(net):
    return "nn.Sequential(" + ", ".join(f"nn.{layer!r}" for layer in net) + ")"

print(json.dumps({
    name: {"text": text(rung.build()), "firstWeights": rung.first_weights}
    for name, rung in RUNGS.items() if rung.side == 28
}))
`;

export function rungs() {
  const python = process.env.PYTHON ?? "python3";
  const options = { encoding: "utf8", cwd: at("..") };
  const found = JSON.parse(execFileSync(python, ["-c", RUNGS], options));
  for (const net of Object.values(found)) {
    const { layers, parameters, macs, refusal } = plan(trace(net.text, [1, 1, 28, 28]), budget);
    if (refusal) throw new Error(refusal);
    Object.assign(net, { layers, parameters, macs });
  }
  const sorted = Object.entries(found).sort(([, a], [, b]) => a.macs - b.macs);
  return Object.fromEntries(sorted);
}

// Xavier's or He's first weights, as the ladder draws them; biases stay PyTorch's.
const draws = {
  Xavier({ shape: [outputs, inputs, ...size] }, random) {
    const area = size.reduce((a, b) => a * b, 1);
    const bound = Math.sqrt(6 / ((inputs + outputs) * area));
    return () => (2 * random() - 1) * bound;
  },
  Kaiming({ shape: [, ...connections] }, random) {
    const deviation = Math.sqrt(2 / connections.reduce((a, b) => a * b, 1));
    // Box and Muller's normal numbers
    const radius = () => Math.sqrt(-2 * Math.log(1 - random()));
    return () => deviation * radius() * Math.cos(2 * Math.PI * random());
  },
};

// One training from its first weights.
export async function run(data, { layers, firstWeights }, lr, seed, images = budget.images) {
  const settings = { ...budget, lr, seed, images };
  if (!(await useKernel(kernel, memoryOf(layers, settings)))) {
    throw new Error("this Node has no vectors");
  }
  const net = build(layers, settings);
  const random = randomNumbers(seed ^ 0x2545f491); // of these weights alone
  for (const { weight } of draws[firstWeights] ? net.weighted() : []) {
    const draw = draws[firstWeights](weight, random);
    weight.value.forEach((_, i, value) => (value[i] = draw()));
  }
  const rows = [...train(net, makeOptimizer(net, settings), data, settings)].filter(Boolean);
  const tests = rows.filter(({ answers }) => answers);
  const loss = rows.at(-1).loss;
  return {
    lr,
    seed,
    accuracy: tests.map(({ accuracy }) => accuracy),
    loss: Number.isFinite(loss) ? Number(loss.toPrecision(6)) : null, // null: it was lost
  };
}

const best = (runs) => {
  const end = ({ accuracy, loss }) => (loss === null ? 0 : accuracy.at(-1));
  return runs.reduce((a, b) => (end(b) > end(a) ? b : a)).lr;
};

function write(record) {
  const lines = Object.entries(record).map(([key, value]) => {
    const text = JSON.stringify(value);
    const isLong = key === "nets" || key === "runs";
    return ` "${key}": ${isLong ? text.replace(/("[\w-]+":)?\{/g, "\n  $&").trim() : text}`;
  });
  writeFileSync(target, `{\n${lines.join(",\n")}\n}\n`);
}

async function main() {
  const git = (...words) => execFileSync("git", words, { encoding: "utf8", cwd: at("..") }).trim();
  const changed = git("status", "--porcelain", "web/play", "experiments", "d2l_lite");
  if (changed) throw new Error(`commit first:\n${changed}`);
  const hash = (parts) =>
    parts.reduce((sum, part) => sum.update(part), createHash("sha256")).digest("hex");
  const sources = modules.map((name) => readFileSync(at(`../web/play/${name}.js`)));
  const data = await unpack(packedImages());
  const nets = rungs();
  const shown = Object.entries(nets).map(([name, { layers, ...net }]) => [name, net]);
  const record = {
    recipe: { ...budget, rates },
    data: { training: data.training, testing: data.labels.length - data.training },
    made: {
      node: process.version,
      cpu: `${cpus()[0].model}, 1 thread`,
      arithmetic: "32 bits, products by the SIMD kernel",
      time: new Date().toISOString().replace(/\.\d+Z/, "+00:00"),
      commit: git("rev-parse", "HEAD"),
      engine: hash(sources),
      images: hash([data.images, data.labels]),
      functions: fingerprint(),
    },
    nets: Object.fromEntries(shown),
    runs: [],
  };
  const before = existsSync(target) ? JSON.parse(readFileSync(target, "utf8")) : null;
  if (before?.made.engine === record.made.engine) {
    // Other machines give the same numbers; each is named.
    const machines = new Set([...before.made.cpu.split("; "), record.made.cpu]);
    const made = { ...before.made, cpu: [...machines].join("; ") };
    Object.assign(record, { made, runs: before.runs });
  }
  const asked = process.argv.slice(2);
  for (const [name, net] of Object.entries(nets)) {
    if (record.runs.some((run) => run.net === name)) continue;
    if (asked.length && !asked.includes(name)) continue;
    const runs = [];
    const again = async (lr, seed) => {
      runs.push(await run(data, net, lr, seed));
      console.log(new Date().toISOString(), name, lr, seed, runs.at(-1).accuracy.at(-1));
    };
    for (const lr of rates) await again(lr, seeds[0]);
    const lr = best(runs);
    for (const seed of seeds.slice(1)) await again(lr, seed);
    record.runs.push(...runs.map((run) => ({ net: name, chosen: run.lr === lr, ...run })));
    write(record);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
