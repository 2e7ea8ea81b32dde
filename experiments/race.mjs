// Records short trainings of the race, for its static version and the prose:
//
//     node experiments/race.mjs [SEED ...]
//
// writes results/play/race.json, for seeds 0 to 4 unless told. Nothing in it depends
// on speed: the same Node gives the same numbers. It reads the images as the page gets
// them, from web/pack_data.py (PYTHON may name another Python than python3).
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { unpack } from "../web/play/data.js";
import { useKernel } from "../web/play/product.js";
import { kernel } from "../web/play/product_wasm.js";
import { raceTraining } from "../web/play/race_training.js";
import { reached, recipe } from "../web/play/recipe.js";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const asked = process.argv.slice(2).map(Number);
const seeds = asked.length ? asked : [0, 1, 2, 3, 4];
const images = 12000;
const modules =
  "activations adam data layers nets pools product product_wasm race_training recipe training";

export function packedImages() {
  const python = process.env.PYTHON ?? "python3";
  const options = { encoding: "utf8", maxBuffer: 1e7 };
  return execFileSync(python, [at("../web/pack_data.py")], options).trim();
}

// One training from its first weights, with the kernel: a run of the record.
export async function run(data, settings, images) {
  if (!(await useKernel(kernel))) throw new Error("this Node has no vectors");
  const { training } = raceTraining(data, { ...settings, images });
  const rows = [...training].filter((row) => row?.answers);
  return {
    ...settings,
    accuracy: rows.map((row) => row.accuracy),
    reached: reached(rows) ?? null,
    meter: rows[0].meter.map(({ gradient }) => Number(gradient.toPrecision(6))),
    seen: rows.map((row) => row.seen),
  };
}

// Two machines with the same sum have the same exp, log and tanh, to the last bit.
export function fingerprint() {
  const grid = Float64Array.from({ length: 4000 }, (_, i) => (i - 2000) / 97);
  const hash = createHash("sha256");
  hash.update(grid.map(Math.exp)).update(grid.map(Math.tanh));
  return hash.update(grid.map((x) => Math.log(x * x + 1))).digest("hex").slice(0, 16);
}

function plan() {
  const nets = [];
  for (const activation of ["sigmoid", "tanh", "ReLU"]) {
    for (const pooling of ["average", "max"]) {
      nets.push({ activation, pooling, extra: 0 });
    }
  }
  for (const activation of ["sigmoid", "ReLU"]) {
    for (const extra of [1, 2, 4]) nets.push({ activation, pooling: "max", extra });
  }
  return nets.flatMap((net) => seeds.map((seed) => ({ ...net, seed })));
}

async function main() {
  const sources = modules.split(" ").map((name) => readFileSync(at(`../web/play/${name}.js`)));
  const data = await unpack(packedImages());
  const runs = [];
  for (const settings of plan()) {
    runs.push(await run(data, settings, images));
    const { accuracy, reached } = runs.at(-1);
    const net = Object.values(settings).join(" ");
    console.log(net, "ends at", accuracy.at(-1), reached ?? "never");
  }
  const { seen } = runs[0];
  const hash = (parts) =>
    parts.reduce((sum, part) => sum.update(part), createHash("sha256")).digest("hex");
  const record = {
    recipe: { ...recipe, optimizer: "Adam", firstWeights: "xavier", images },
    data: { training: data.training, testing: data.labels.length - data.training },
    made: {
      node: process.version,
      cpu: `${cpus()[0].model}, 1 thread`,
      arithmetic: "32 bits, products by the SIMD kernel",
      date: new Date().toISOString().slice(0, 10),
      engine: hash(sources),
      images: hash([data.images, data.labels]),
      functions: fingerprint(),
    },
    seen,
    runs: runs.map(({ seen, ...rest }) => rest),
  };
  mkdirSync(at("../results/play"), { recursive: true });
  const lines = Object.entries(record).map(([key, value]) => {
    const text = JSON.stringify(value);
    return ` "${key}": ${key === "runs" ? text.replace(/\{/g, "\n  {") : text}`;
  });
  writeFileSync(at("../results/play/race.json"), `{\n${lines.join(",\n")}\n}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
