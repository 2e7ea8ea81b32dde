// One training of the race.
import { Adam } from "./adam.js";
import { lenet } from "./nets.js";
import { recipe } from "./recipe.js";
import { train } from "./training.js";

// The net, and what train() yields. settings: activation, pooling, extra, seed; images:
// how many to train on.
export function raceTraining(data, { images, ...settings }) {
  const net = lenet({ ...settings, minibatch: recipe.minibatch, firstWeights: "xavier" });
  const optimizer = new Adam(net.parameters, recipe.lr);
  const training = train(net, optimizer, data, { ...recipe, ...settings, images });
  return { net, training };
}
