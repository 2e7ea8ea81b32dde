// How fast "Your net" trains LeNet beside two libraries, and what its estimate is worth:
//
//     npm install --prefix FOLDER --ignore-scripts @tensorflow/tfjs \
//       @tensorflow/tfjs-backend-wasm convnetjs
//     node web/bench_yournet.mjs FOLDER [RECORD]
//
// prints two tables, and writes them into the file RECORD. All train the same net (ReLU,
// maximum pooling) by SGD with momentum on one minibatch, in one process and one thread.
// All seconds are the processor's, which other programs disturb least; a quiet machine is
// better all the same. PYTHON as for race.mjs.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, loadavg } from "node:os";
import { resolve } from "node:path";
import { packedImages } from "../experiments/race.mjs";
import { trace } from "./play/any_net.js";
import { pixels, unpack } from "./play/data.js";
import { useKernel, zeros } from "./play/product.js";
import { kernel } from "./play/product_wasm.js";
import { build, makeOptimizer, memoryOf } from "./play/yournet_net.js";
import { plan } from "./play/yournet_plan.js";

const [folder, target] = process.argv.slice(2);
const load = createRequire(`${resolve(folder ?? ".")}/`);
const data = await unpack(packedImages());
const [minibatch, lr, momentum, rounds] = [32, 0.01, 0.9, 5];
const images = Float32Array.from(data.images.subarray(0, minibatch * pixels), (x) => x / 15);
const labels = data.labels.slice(0, minibatch);
const lenet =
  "nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), " +
  "nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), " +
  "nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))";

const settings = { optimizer: "SGD", lr, momentum, minibatch, seed: 0 };
const clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const planOf = (text) => plan(trace(text, [1, 1, 28, 28]), settings);

async function ours(code) {
  const { layers, parameters } = planOf(lenet);
  await useKernel(code, memoryOf(layers, settings));
  const net = build(layers, settings);
  const optimizer = makeOptimizer(net, settings);
  const X = zeros(images.length);
  X.set(images);
  return {
    parameters,
    train() {
      const loss = net.lossAndGradient(X, labels, minibatch);
      optimizer.step();
      return loss;
    },
    answer: () => net.forward(X, minibatch),
  };
}

function convnet() {
  const { Net, Trainer, Vol } = load("convnetjs");
  const net = new Net();
  const activation = "relu";
  net.makeLayers([
    { type: "input", out_sx: 28, out_sy: 28, out_depth: 1 },
    { type: "conv", sx: 5, filters: 6, stride: 1, pad: 2, activation },
    { type: "pool", sx: 2, stride: 2 },
    { type: "conv", sx: 5, filters: 16, stride: 1, pad: 0, activation },
    { type: "pool", sx: 2, stride: 2 },
    { type: "fc", num_neurons: 120, activation },
    { type: "fc", num_neurons: 84, activation },
    { type: "softmax", num_classes: 10 },
  ]);
  const trainer = new Trainer(net, {
    method: "sgd", learning_rate: lr, momentum, batch_size: minibatch, l2_decay: 0,
  });
  const each = Array.from(labels, (_, i) => {
    const image = new Vol(28, 28, 1, 0);
    image.w.set(images.subarray(i * pixels, (i + 1) * pixels));
    return image;
  });
  return {
    parameters: net.getParamsAndGrads().reduce((sum, { params }) => sum + params.length, 0),
    train: () =>
      each.reduce((sum, image, i) => sum + trainer.train(image, labels[i]).loss, 0) / minibatch,
    answer: () => each.map((image) => net.forward(image)),
  };
}

async function tensorflow(backend) {
  const tf = load("@tensorflow/tfjs");
  if (backend === "wasm") {
    load("@tensorflow/tfjs-backend-wasm");
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  }
  await tf.setBackend(backend);
  await tf.ready();
  const { conv2d, dense, flatten, maxPooling2d } = tf.layers;
  const activation = "relu";
  const net = tf.sequential({
    layers: [
      conv2d({ inputShape: [28, 28, 1], filters: 6, kernelSize: 5, padding: "same", activation }),
      maxPooling2d({ poolSize: 2 }),
      conv2d({ filters: 16, kernelSize: 5, activation }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 120, activation }),
      dense({ units: 84, activation }),
      dense({ units: 10 }),
    ],
  });
  const X = tf.tensor(images, [minibatch, 28, 28, 1]);
  const y = tf.oneHot(tf.tensor1d(labels, "int32"), 10);
  const optimizer = tf.train.momentum(lr, momentum);
  const loss = () => tf.losses.softmaxCrossEntropy(y, net.apply(X, { training: true }));
  return {
    parameters: net.countParams(),
    train: () => tf.tidy(() => optimizer.minimize(loss, true).dataSync()[0]),
    answer: () => tf.tidy(() => net.apply(X).dataSync()),
  };
}

// Images a second of the processor's time, the middle of some rounds.
function speed(work) {
  const timed = (least) => {
    const start = clock();
    for (let steps = 1; ; steps++) {
      work();
      const seconds = (clock() - start) / 1000;
      if (seconds >= least) return (steps * minibatch) / seconds;
    }
  };
  timed(1); // at first all is slow
  const all = Array.from({ length: rounds }, () => timed(0.5));
  return all.sort((a, b) => a - b)[(rounds - 1) / 2];
}

const contenders = {
  "Your net": () => ours(kernel),
  "Your net, plain JavaScript": () => ours(""),
  "ConvNetJS": convnet,
  "TensorFlow.js, CPU": () => tensorflow("cpu"),
  "TensorFlow.js, WASM": () => tensorflow("wasm"),
};

async function race() {
  const rows = [];
  for (const [name, make] of Object.entries(contenders)) {
    const { parameters, train, answer } = await make();
    const answers = speed(answer);
    const row = { name, parameters, trained: null, answered: Math.round(answers) };
    // Its WASM backend lacks what a convolution's gradient needs.
    if (!name.endsWith("WASM")) {
      const losses = Array.from({ length: 5 }, train);
      if (!(losses.at(-1) < losses[0])) throw new Error(`${name} does not learn`);
      row.trained = Math.round(speed(train));
    }
    rows.push(row);
    console.log(JSON.stringify(row));
  }
  return rows;
}

// ----------------------------------------------------------------- the estimate

const nets = {
  "LeNet": lenet,
  "LeNet, sigmoid": lenet.replaceAll("ReLU", "Sigmoid").replaceAll("Max", "Avg"),
  "a million weights":
    "nn.Sequential(nn.Flatten(), nn.Linear(784, 1000), nn.GELU(), nn.Dropout(), " +
    "nn.Linear(1000, 250), nn.ReLU(), nn.Linear(250, 10))",
  "batch normalisation":
    "nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.SiLU(), " +
    "nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.SiLU(), " +
    "nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))",
  "deep and wide":
    "nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3), " +
    "nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), " +
    "nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, 10))",
};

// In this process, as if it were the worker.
async function estimates() {
  performance.now = clock;
  let hear = () => {};
  globalThis.self = globalThis;
  globalThis.postMessage = (message) => hear(message);
  const { listen } = await import("./play/yournet_worker.js");
  listen();
  const until = (type, message) =>
    new Promise((found) => {
      hear = (said) => said.type === type && found(said);
      self.onmessage({ data: message });
    });
  const rows = [];
  for (const [name, text] of Object.entries(nets)) {
    const { layers, parameters, macs } = planOf(text);
    const all = { layers, settings: { ...settings, images: 4000, testEvery: 1000 } };
    const { bytes, seconds } = await until("estimate", { type: "estimate", ...all });
    const { spent } = await until("done", { type: "start", data, ...all });
    const took = spent / 1000;
    const row = { name, parameters, macs, megabytes: bytes / 2 ** 20, estimated: seconds, took };
    rows.push({ ...row, ratio: seconds / took });
  }
  return rows;
}

// -------------------------------------------------------------------- the tables

function line(cells) {
  console.log(cells.map((cell, i) => (i ? String(cell).padStart(11) : cell.padEnd(28))).join(" "));
}

const before = loadavg()[0];
const speeds = await race();
const [first] = speeds;
line(["LeNet, images a second", "trained", "we: times", "answered", "we: times"]);
for (const { name, trained, answered } of speeds) {
  const times = (theirs, own) => (theirs ? (own / theirs).toFixed(1) : "–");
  line([name, trained ?? "–", times(trained, first.trained), answered, times(answered, first.answered)]);
}
const tried = await estimates();
line(["4,000 images, seconds", "weights", "MB", "estimated", "took", "ratio"]);
for (const { name, parameters, megabytes, estimated, took, ratio } of tried) {
  line([name, parameters, megabytes.toFixed(1), estimated.toFixed(1), took.toFixed(1), ratio.toFixed(2)]);
}
if (target) {
  const version = (name) => JSON.parse(readFileSync(load.resolve(`${name}/package.json`))).version;
  const libraries = ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm", "convnetjs"];
  const made = {
    cpu: `${cpus()[0].model}, 1 thread`,
    node: process.version,
    libraries: Object.fromEntries(libraries.map((name) => [name, version(name)])),
    time: new Date().toISOString().replace(/\.\d+Z/, "+00:00"),
    commit: execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim(),
    "load before": before,
  };
  writeFileSync(target, `${JSON.stringify({ made, minibatch, speeds, estimates: tried }, null, 1)}\n`);
}
