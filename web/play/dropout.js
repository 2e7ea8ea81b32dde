// Dropout: in training each number is set to 0 with probability p, the others grow.
import { Layer, count } from "./layers.js";
import { zeros } from "./product.js";

export class Dropout extends Layer {
  // random: a source of numbers in [0, 1), its own.
  constructor(shape, minibatch, p, random) {
    super("Dropout", shape, shape, minibatch);
    Object.assign(this, { p, random });
    this.mask = zeros(minibatch * count(shape));
  }

  forward(x, n) {
    const { output, mask, p, random } = this;
    if (!this.training) return x;
    const end = n * count(this.inputShape);
    for (let i = 0; i < end; i++) {
      mask[i] = random() < p ? 0 : 1 / (1 - p);
      output[i] = x[i] * mask[i];
    }
    return output;
  }

  backward(gradient, n) {
    const { inputGradient, mask } = this;
    if (!this.training) return gradient;
    const end = n * count(this.inputShape);
    for (let i = 0; i < end; i++) inputGradient[i] = gradient[i] * mask[i];
    return inputGradient;
  }
}
