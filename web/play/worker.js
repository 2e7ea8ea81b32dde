// Trains one LeNet off the page's thread. In: data, start, pause, resume, stop.
// Out: ready, step (a test), done, failed. Or it measures this machine.
import { measure } from "./measure.js";
import { useKernel } from "./product.js";
import { kernel } from "./product_wasm.js";
import { train } from "./training.js";

const slice = 60; // ms of work, then it listens
let data = null;
let current = 0; // the number of the training that may go on
let paused = false;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const receive = {
  data(message) {
    data = message;
    postMessage({ type: "ready" });
  },
  start({ settings }) {
    paused = false;
    run(++current, settings).catch(({ message }) => {
      postMessage({ type: "failed", message });
    });
  },
  pause: () => (paused = true),
  resume: () => (paused = false),
  stop: () => current++,
  async measure() {
    const simd = await useKernel(kernel);
    postMessage({ simd, ...measure() });
  },
};

export function listen() {
  self.onmessage = ({ data: message }) => receive[message.type](message);
}

async function run(me, settings) {
  const simd = await useKernel(kernel);
  const training = train(data, settings);
  while (me === current) {
    const until = performance.now() + slice;
    while (!paused && performance.now() < until) {
      const { value, done } = training.next();
      if (value) postMessage({ type: "step", ...value });
      if (done) return postMessage({ type: "done", simd });
    }
    await wait(paused ? 100 : 0);
  }
}
