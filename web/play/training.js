// A training, minibatch by minibatch, so that it can stop after each.
import { pixels } from "./data.js";
import { randomNumbers } from "./nets.js";
import { zeros } from "./product.js";

// Yields { seen, loss } after a minibatch, and nothing between those of a test; after a
// test there are accuracy, answers (a class for each test image) and meter, too.
// images: how many to train on. look(n) may look at the net in a test, after each n
// images. Where the loss is no number, it ends.
export function* train(net, optimizer, data, settings, look = () => {}) {
  const { images, minibatch, seed, testEvery } = settings;
  const X = zeros(minibatch * pixels);
  const y = new Uint8Array(minibatch);
  const batches = shuffled(data.training, minibatch, seed);
  for (let seen = 0, due = 0; ; seen += minibatch) {
    take(data, batches.next().value, X, y);
    const loss = net.lossAndGradient(X, y, minibatch);
    if (seen >= due || seen >= images) {
      const meter = net.gradientMeter();
      const answers = yield* test(net, data, X, look);
      const right = answers.filter((answer, i) => answer === data.labels[data.training + i]);
      yield { seen, loss, accuracy: right.length / answers.length, answers, meter };
      due += testEvery;
    } else yield { seen, loss };
    if (seen >= images || !Number.isFinite(loss)) return;
    optimizer.step();
  }
}

// Minibatches of places in the training set for ever, in a new order every epoch.
export function* shuffled(training, minibatch, seed) {
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

function* test(net, data, X, look) {
  const end = data.labels.length;
  const answers = new Uint8Array(end - data.training);
  const { minibatch } = net.layers[0];
  const y = new Uint8Array(minibatch);
  net.train(false);
  for (let start = data.training; start < end; start += minibatch) {
    const n = Math.min(minibatch, end - start);
    take(data, Array.from({ length: n }, (_, i) => start + i), X, y);
    const logits = net.forward(X, n);
    look(n);
    for (let i = 0; i < n; i++) {
      const z = logits.subarray(10 * i, 10 * i + 10);
      answers[start - data.training + i] = z.indexOf(Math.max(...z));
    }
    if (start + n < end) yield;
  }
  net.train(true);
  return answers;
}
