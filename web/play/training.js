// One training of the race, minibatch by minibatch, so that it can stop after each.
import { Adam } from "./adam.js";
import { pixels } from "./data.js";
import { lenet, randomNumbers } from "./nets.js";
import { zeros } from "./product.js";
import { recipe } from "./recipe.js";

const { minibatch } = recipe;

// Yields nothing after a minibatch, and a row after a test. settings: activation,
// pooling, extra, seed. images: how many to train on.
export function* train(data, { images, ...settings }) {
  const net = lenet({ ...settings, minibatch, firstWeights: "xavier" });
  const optimizer = new Adam(net.parameters, recipe.lr);
  const X = zeros(minibatch * pixels);
  const y = new Uint8Array(minibatch);
  const batches = shuffled(data.training, settings.seed);
  for (let seen = 0, due = 0; ; seen += minibatch) {
    take(data, batches.next().value, X, y);
    const loss = net.lossAndGradient(X, y, minibatch);
    if (seen >= due || seen >= images) {
      const meter = net.gradientMeter();
      const accuracy = yield* test(net, data, X, y);
      yield { seen, loss, accuracy, meter };
      due += recipe.testEvery;
    } else yield;
    if (seen >= images) return;
    optimizer.step();
  }
}

// Minibatches of places in the training set for ever, in a new order every epoch.
function* shuffled(training, seed) {
  const random = randomNumbers(~seed); // not the numbers of the first weights
  const order = Array.from({ length: training }, (_, i) => i);
  while (true) {
    for (let i = training - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    for (let i = 0; i + minibatch <= training; i += minibatch) {
      yield order.slice(i, i + minibatch);
    }
  }
}

// Copy images and labels into a minibatch, pixels as numbers from 0 to 1.
function take({ images, labels }, places, X, y) {
  places.forEach((place, i) => {
    for (let p = 0; p < pixels; p++) {
      X[i * pixels + p] = images[place * pixels + p] / 15;
    }
    y[i] = labels[place];
  });
}

function* test(net, data, X, y) {
  const end = data.labels.length;
  let right = 0;
  for (let start = data.training; start < end; start += minibatch) {
    const n = Math.min(minibatch, end - start);
    take(data, Array.from({ length: n }, (_, i) => start + i), X, y);
    const logits = net.forward(X, n);
    for (let i = 0; i < n; i++) {
      const z = logits.subarray(10 * i, 10 * i + 10);
      if (z.indexOf(Math.max(...z)) === y[i]) right++;
    }
    if (start + n < end) yield;
  }
  return right / (end - data.training);
}
