// Trains a reader's net off the page's thread.
//
// layers: of a plan (yournet_plan.js). settings: { optimizer: "Adam" or "SGD", lr,
// momentum (of SGD), minibatch, seed, images (how many to train on), testEvery (images) }.
// data: as data.js unpacks it.
//
// In:
//   estimate { layers, settings }     build, try a few minibatches, and forget it
//   start { data, layers, settings }  train; one training a worker
//   pause, resume
//   step                              one minibatch more, while it is paused
// There is no "stop": the page terminates the worker, which frees its memory.
//
// Out:
//   estimate { bytes, imagesPerSecond, seconds, simd, refusal }  seconds: of the whole
//            training, tests included, at this machine's pace; refusal: a sentence where it
//            takes too much memory or time, else null (start then answers it as failed)
//   pulse    { seen, loss, meter, spent, imagesPerSecond, secondsLeft }  some seven times a
//            second, and after a step. loss: of the last minibatch; meter: [{ row, name,
//            gradient }], the mean size of the gradient in each layer's weights; spent: ms
//            of work, pauses left out
//   test     as pulse, and { accuracy, answers, silent }  accuracy: on the held-out images;
//            answers: the class said for each of them; silent: [{ row, name, silent, of }]
//            for each ReLU: how many of its maps (or units) no held-out image wakes. The
//            first comes before the first step, the last after the last
//   done     { seen, accuracy, spent }
//   lost     { seen, loss }           the loss is no number: it has stopped
//   failed   { message }
import { anyImages, perSecond, trainingRate } from "./measure.js";
import { useKernel } from "./product.js";
import { kernel } from "./product_wasm.js";
import { watchSilence } from "./silence.js";
import { Slices } from "./slices.js";
import { train } from "./training.js";
import { build, makeOptimizer, memoryOf } from "./yournet_net.js";
import { words } from "./yournet_words.js";

const mostBytes = 512 * 2 ** 20;
const mostMinutes = 60;
const heldOut = 500; // images
const slices = new Slices();

const receive = {
  estimate: ({ layers, settings }) => estimate(layers, settings),
  start: ({ data, layers, settings }) => run(data, layers, settings),
  pause: () => (slices.paused = true),
  resume: () => (slices.paused = false),
  step: () => slices.steps++,
};

export function listen() {
  self.onmessage = async ({ data: message }) => {
    try {
      await receive[message.type](message);
    } catch ({ message }) {
      postMessage({ type: "failed", message });
    }
  };
}

// Memory for a net, and the net in it.
async function make(layers, settings) {
  const bytes = memoryOf(layers, settings);
  if (bytes > mostBytes) return { bytes, refusal: words.memory(bytes, mostBytes) };
  const simd = await useKernel(kernel, bytes);
  const net = build(layers, settings);
  return { bytes, simd, net, optimizer: makeOptimizer(net, settings), refusal: null };
}

async function estimate(layers, settings) {
  const { net, optimizer, ...found } = await make(layers, settings);
  if (net) {
    const { images, testEvery, minibatch } = settings;
    const any = anyImages(net);
    trainingRate(100, net, optimizer, any); // at first all is slow
    const imagesPerSecond = trainingRate(300, net, optimizer, any);
    net.train(false);
    const answersPerSecond = minibatch * perSecond(100, () => net.forward(any.X, minibatch));
    const answers = heldOut * (Math.ceil(images / testEvery) + 1);
    const seconds = images / imagesPerSecond + answers / answersPerSecond;
    const minutes = Math.round(seconds / 60);
    const refusal = minutes > mostMinutes ? words.time(minutes, mostMinutes) : null;
    Object.assign(found, { imagesPerSecond, seconds, refusal });
  }
  postMessage({ type: "estimate", ...found });
}

async function run(data, layers, settings) {
  const { net, optimizer, refusal } = await make(layers, settings);
  if (refusal) throw new Error(refusal);
  const { images } = settings;
  const told = ({ seen, loss }, spent) => ({
    seen,
    loss,
    meter: net.gradientMeter(),
    spent,
    imagesPerSecond: (1000 * seen) / spent,
    secondsLeft: seen ? ((images - seen) * spent) / seen / 1000 : null,
  });
  const watch = watchSilence(net);
  const { row, spent } = await slices.work(train(net, optimizer, data, settings, watch.look), {
    tested({ accuracy, answers, ...row }, spent) {
      const silent = watch.silent();
      postMessage({ type: "test", ...told(row, spent), accuracy, answers, silent });
    },
    pulsed: (row, spent) => postMessage({ type: "pulse", ...told(row, spent) }),
  });
  const { seen, loss, accuracy } = row;
  if (Number.isFinite(loss)) postMessage({ type: "done", seen, accuracy, spent });
  else postMessage({ type: "lost", seen, loss });
}
