// Trains one LeNet off the page's thread. In: start, pause, resume. Out: step (a test),
// pulse (between tests), failed. Or it measures this machine.
import { measure, trainingRate } from "./measure.js";
import { useKernel } from "./product.js";
import { kernel } from "./product_wasm.js";
import { train } from "./training.js";
import { watch } from "./watch.js";

const slice = 60; // ms of work, then it listens
const pulse = 150; // ms of work from one pulse to the next
let paused = false;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const receive = {
  start: ({ data, settings }) => run(data, settings).catch(fail),
  pause: () => (paused = true),
  resume: () => (paused = false),
  async measure() {
    const simd = await useKernel(kernel);
    postMessage({ simd, ...measure() });
  },
  estimate: ({ settings }) => estimate(settings).catch(fail),
};

function fail({ message }) {
  postMessage({ type: "failed", message });
}

export function listen() {
  self.onmessage = ({ data: message }) => receive[message.type](message);
}

// How many images a second a net of the race learns from; all is slow at first.
async function estimate(settings) {
  let rate;
  for (const milliseconds of [100, 250]) {
    await useKernel(kernel); // with memory for one net
    rate = trainingRate(milliseconds, settings);
  }
  postMessage({ rate });
}

async function run(data, settings) {
  await useKernel(kernel);
  const seen = watch();
  const training = train(data, settings);
  let [spent, told] = [0, 0]; // ms of work
  while (true) {
    const start = performance.now();
    while (!paused && performance.now() < start + slice) {
      const { value, done } = training.next();
      if (value) postMessage({ type: "step", ...value, answers: seen.answers });
      if (done) return;
    }
    if (!paused) spent += performance.now() - start;
    if (spent >= told + pulse) {
      told = spent;
      const { images } = seen;
      postMessage({ type: "pulse", meter: seen.net.gradientMeter(), images, spent });
    }
    await wait(paused ? 100 : 0);
  }
}
