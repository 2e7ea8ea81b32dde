// Trains one LeNet off the page's thread. In: start, pause, resume. Out: step (a test),
// pulse (between tests), failed. Or it measures this machine.
import { lenetAndAdam, measure, trainingRate } from "./measure.js";
import { useKernel } from "./product.js";
import { kernel } from "./product_wasm.js";
import { raceTraining } from "./race_training.js";
import { Slices } from "./slices.js";

const slices = new Slices();

const receive = {
  start: ({ data, settings }) => run(data, settings).catch(fail),
  pause: () => (slices.paused = true),
  resume: () => (slices.paused = false),
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
  await useKernel(kernel);
  const [net, optimizer] = lenetAndAdam(settings);
  trainingRate(100, net, optimizer);
  postMessage({ rate: trainingRate(250, net, optimizer) });
}

async function run(data, settings) {
  await useKernel(kernel);
  const { net, training } = raceTraining(data, settings);
  await slices.work(training, {
    tested: (row) => postMessage({ type: "step", ...row }),
    pulsed: ({ seen }, spent) =>
      postMessage({ type: "pulse", meter: net.gradientMeter(), images: seen, spent }),
  });
}
