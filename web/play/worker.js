// Trains one LeNet off the page's thread. In: start, pause, resume. Out: step (a test),
// failed. Or it measures this machine.
import { measure } from "./measure.js";
import { useKernel } from "./product.js";
import { kernel } from "./product_wasm.js";
import { train } from "./training.js";

const slice = 60; // ms of work, then it listens
let paused = false;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const receive = {
  start({ data, settings }) {
    run(data, settings).catch(({ message }) => {
      postMessage({ type: "failed", message });
    });
  },
  pause: () => (paused = true),
  resume: () => (paused = false),
  async measure() {
    const simd = await useKernel(kernel);
    postMessage({ simd, ...measure() });
  },
};

export function listen() {
  self.onmessage = ({ data: message }) => receive[message.type](message);
}

async function run(data, settings) {
  await useKernel(kernel);
  const training = train(data, settings);
  while (true) {
    const until = performance.now() + slice;
    while (!paused && performance.now() < until) {
      const { value, done } = training.next();
      if (value) postMessage({ type: "step", ...value });
      if (done) return;
    }
    await wait(paused ? 100 : 0);
  }
}
