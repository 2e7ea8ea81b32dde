// LeNet with the book's switches, and what a training asks of a net.
import { Activation } from "./activations.js";
import { Conv2d, Linear, count } from "./layers.js";
import { Pool } from "./pools.js";
import { zeros } from "./product.js";

// activation: "sigmoid", "tanh" or "ReLU". pooling: "average" or "max".
// extra: more 3 x 3 convolutions before the second pooling. minibatch: the largest.
// firstWeights: "torch", as PyTorch draws them, or "xavier".
export function lenet({
  activation = "sigmoid",
  pooling = "average",
  extra = 0,
  minibatch = 32,
  seed = 0,
  firstWeights = "torch",
} = {}) {
  const layers = [];
  const add = (Kind, ...settings) => {
    const shape = layers.at(-1)?.outputShape ?? [1, 28, 28];
    layers.push(new Kind(shape, minibatch, ...settings));
    if (Kind === Conv2d) add(Activation, activation);
  };
  add(Conv2d, 6, 5, 2);
  add(Pool, pooling);
  add(Conv2d, 16, 5, 0);
  for (let i = 0; i < extra; i++) add(Conv2d, 16, 3, 1);
  add(Pool, pooling);
  add(Linear, 120);
  add(Activation, activation);
  add(Linear, 84);
  add(Activation, activation);
  add(Linear, 10);
  const net = new Net(layers);
  net.drawParameters(randomNumbers(seed), firstWeights);
  return net;
}

export class Net {
  constructor(layers) {
    this.layers = layers;
    this.parameters = layers.flatMap((layer) => layer.parameters);
    const { minibatch, outputShape } = layers.at(-1);
    this.gradient = zeros(minibatch * count(outputShape)); // of the loss, at the logits
    this.train(true);
  }

  // In training, or not: dropout and batch normalisation ask.
  train(training) {
    for (const layer of this.layers) layer.training = training;
  }

  drawParameters(random, firstWeights) {
    for (const { weight, bias } of this.weighted()) {
      const [outputs, inputs, ...kernel] = weight.shape;
      const xavier = firstWeights === "xavier";
      const connections = (xavier ? inputs + outputs : 6 * inputs) * count(kernel);
      const bound = Math.sqrt(6 / connections);
      const draw = () => (2 * random() - 1) * bound;
      weight.value.forEach((_, i, value) => (value[i] = draw()));
      if (!xavier) bias?.value.forEach((_, i, value) => (value[i] = draw()));
    }
  }

  // All parameters in PyTorch's order: weight and bias, layer by layer.
  setParameters(numbers) {
    let at = 0;
    for (const { value } of this.parameters) {
      value.set(numbers.subarray(at, at + value.length));
      at += value.length;
    }
    if (at === numbers.length) return;
    throw new Error(`${at} parameters, not ${numbers.length}`);
  }

  weighted() {
    return this.layers.filter((layer) => layer.weight);
  }

  // Logits of n images, ten after ten.
  forward(x, n = 1) {
    return this.layers.reduce((input, layer) => layer.forward(input, n), x);
  }

  // The mean cross-entropy of a minibatch; its gradients are left in the parameters.
  lossAndGradient(x, labels, n) {
    const logits = this.forward(x, n);
    const classes = logits.length / this.layers.at(-1).minibatch;
    let loss = 0;
    for (let i = 0; i < n; i++) {
      const z = logits.subarray(i * classes, (i + 1) * classes);
      const largest = Math.max(...z); // taken off, so that exp stays finite
      const powers = Array.from(z, (logit) => Math.exp(logit - largest));
      const sum = powers.reduce((a, b) => a + b);
      loss += (Math.log(sum) + largest - z[labels[i]]) / n;
      powers.forEach((power, c) => {
        this.gradient[i * classes + c] = (power / sum - (c === labels[i])) / n;
      });
    }
    for (const { gradient } of this.parameters) gradient.fill(0);
    this.layers.reduceRight(
      (gradient, layer, i) => layer.backward(gradient, n, i > 0),
      this.gradient,
    );
    return loss;
  }

  // The mean size of the gradient in each layer's weights, from the first layer on.
  gradientMeter() {
    return this.weighted().map(({ name, row, weight: { gradient } }) => {
      const sum = gradient.reduce((a, b) => a + Math.abs(b), 0);
      return { name, row, gradient: sum / gradient.length };
    });
  }
}

// A seeded source of numbers in [0, 1), the same in every browser (mulberry32).
export function randomNumbers(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
