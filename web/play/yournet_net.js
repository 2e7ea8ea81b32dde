// From a plan (yournet_plan.js) to a net and its optimizer, and how much memory they take.
//
// build(layers, { minibatch, seed }) gives a Net (nets.js) with PyTorch's first weights by
// layer kind; each of its layers has the row of its plan. makeOptimizer(net, { optimizer, lr,
// momentum }) gives Adam or SGD; memoryOf(layers, settings) the bytes of all their numbers.
import { Activation } from "./activations.js";
import { Adam } from "./adam.js";
import { pixels } from "./data.js";
import { Dropout } from "./dropout.js";
import { Conv2d, Linear } from "./layers.js";
import { Net, randomNumbers } from "./nets.js";
import { BatchNorm } from "./norms.js";
import { Pool } from "./pools.js";
import { countBytes, zeros } from "./product.js";
import { SGD } from "./sgd.js";

const makers = {
  Conv2d({ shape, channels, kernelSize, padding, stride, ...more }, minibatch) {
    return new Conv2d(shape, minibatch, channels, kernelSize, padding, stride, more);
  },
  Linear: ({ shape, features, bias }, minibatch) => new Linear(shape, minibatch, features, bias),
  Pool: ({ shape, type, pooling }, minibatch) => new Pool(shape, minibatch, type, pooling),
  BatchNorm: ({ shape, ...settings }, minibatch) => new BatchNorm(shape, minibatch, settings),
  Dropout: ({ shape, p, dropsMaps }, minibatch, random) =>
    new Dropout(shape, minibatch, p, random, dropsMaps),
  Activation: ({ shape, type, setting }, minibatch) =>
    new Activation(shape, minibatch, type, setting),
};

export function build(layers, { minibatch, seed }) {
  const dropped = randomNumbers(seed ^ 0x5bd1e995); // not the numbers of the first weights
  const made = layers.map(({ row, kind, ...plan }) => {
    const layer = makers[kind](plan, minibatch, dropped);
    return Object.assign(layer, { row });
  });
  const net = new Net(made);
  net.drawParameters(randomNumbers(seed), "torch");
  return net;
}

export function makeOptimizer({ parameters }, { optimizer, lr, momentum }) {
  return optimizer === "SGD" ? new SGD(parameters, lr, momentum) : new Adam(parameters, lr);
}

export function memoryOf(layers, settings) {
  return countBytes(() => {
    makeOptimizer(build(layers, settings), settings);
    zeros(settings.minibatch * pixels);
  });
}
