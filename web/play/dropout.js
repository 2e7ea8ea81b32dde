// Dropout: in training each number, or each map as a whole, is set to 0 with probability p;
// the others grow.
import { Layer, count } from "./layers.js";
import { zeros } from "./product.js";

export class Dropout extends Layer {
  // random: a source of numbers in [0, 1), its own. dropsMaps: nn.Dropout2d.
  constructor(shape, minibatch, p, random, dropsMaps = false) {
    super(dropsMaps ? "Dropout2d" : "Dropout", shape, shape, minibatch);
    const together = dropsMaps ? count(shape.slice(1)) : 1; // numbers with one fate
    Object.assign(this, { p, random, together });
    this.mask = zeros(minibatch * count(shape));
  }

  forward(x, n) {
    const { output, mask, p, random, together } = this;
    if (!this.training) return x;
    const end = n * count(this.inputShape);
    for (let i = 0; i < end; ) {
      const kept = random() < p ? 0 : 1 / (1 - p);
      for (const next = i + together; i < next; i++) {
        mask[i] = kept;
        output[i] = x[i] * kept;
      }
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
