// How fast this machine trains LeNet and multiplies matrices as large as AlexNet's.
import { Adam } from "./adam.js";
import { lenet, randomNumbers } from "./nets.js";
import { matrix, product, zeros } from "./product.js";

const minibatch = 32;
const random = randomNumbers(0);
// AlexNet's third convolution as a product: 384 filters of 2304 weights, 144 places.
const [filters, weights, places] = [384, 2304, 144];

// imagesPerSecond: LeNet, forward, backward and Adam. macsPerSecond: a large product.
export function measure(milliseconds = 1000) {
  const imagesPerSecond = trainingRate(milliseconds, ...lenetAndAdam());
  return { imagesPerSecond, macsPerSecond: multiplying(milliseconds) };
}

// settings: of the net, LeNet's own unless told.
export function lenetAndAdam(settings = {}) {
  const net = lenet({ ...settings, minibatch });
  return [net, new Adam(net.parameters, 1e-3)];
}

// Images a second that a net learns from.
export function trainingRate(milliseconds, net, optimizer, images = anyImages(net)) {
  const { X, y, minibatch } = images;
  return minibatch * perSecond(milliseconds, () => {
    net.lossAndGradient(X, y, minibatch);
    optimizer.step();
  });
}

// Random numbers for images, as many as the net takes at once.
export function anyImages({ layers: [{ minibatch }] }) {
  const X = zeros(minibatch * 784);
  X.forEach((_, i) => (X[i] = random()));
  return { X, y: Uint8Array.from({ length: minibatch }, (_, i) => i % 10), minibatch };
}

function multiplying(milliseconds) {
  const filled = (rows, columns) => {
    return matrix(zeros(rows * columns).fill(0.01), 0, rows, columns);
  };
  const [A, B] = [filled(filters, weights), filled(weights, places)];
  const C = filled(filters, places);
  return filters * weights * places * perSecond(milliseconds, () => product(C, A, B));
}

// How often a step can be done in a second; the first, which compiles, is not timed.
export function perSecond(milliseconds, step) {
  step();
  const start = performance.now();
  let steps = 0;
  do {
    step();
    steps++;
  } while (performance.now() - start < milliseconds);
  return (1000 * steps) / (performance.now() - start);
}
