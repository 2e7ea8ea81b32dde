// How fast this machine trains LeNet and multiplies matrices as large as AlexNet's.
import { Adam } from "./adam.js";
import { lenet, randomNumbers } from "./nets.js";
import { matrix, product, zeros } from "./product.js";

const minibatch = 32;
// AlexNet's third convolution as a product: 384 filters of 2304 weights, 144 places.
const [filters, weights, places] = [384, 2304, 144];

// imagesPerSecond: LeNet, forward, backward and Adam. macsPerSecond: a large product.
export function measure(milliseconds = 1000) {
  const imagesPerSecond = trainingRate(milliseconds);
  return { imagesPerSecond, macsPerSecond: multiplying(milliseconds) };
}

// Images a second; settings: of the net, LeNet's own unless told.
export function trainingRate(milliseconds, settings = {}) {
  const net = lenet({ ...settings, minibatch });
  const optimizer = new Adam(net.parameters, 1e-3);
  const random = randomNumbers(0);
  const X = zeros(minibatch * 784).map(random);
  const y = Uint8Array.from({ length: minibatch }, (_, i) => i % 10);
  return minibatch * perSecond(milliseconds, () => {
    net.lossAndGradient(X, y, minibatch);
    optimizer.step();
  });
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
function perSecond(milliseconds, step) {
  step();
  const start = performance.now();
  let steps = 0;
  do {
    step();
    steps++;
  } while (performance.now() - start < milliseconds);
  return (1000 * steps) / (performance.now() - start);
}
