// Adam, with torch.optim.Adam's settings (Kingma and Ba 2015, algorithm 1).
import { count } from "./layers.js";
import { zeros } from "./product.js";

export class Adam {
  constructor(parameters, lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8) {
    Object.assign(this, { parameters, lr, betas, eps, steps: 0 });
    // Running means of each gradient and of its square.
    this.means = parameters.map(({ shape }) => zeros(count(shape)));
    this.squares = parameters.map(({ shape }) => zeros(count(shape)));
  }

  step() {
    this.steps++;
    const { lr, betas: [beta1, beta2], eps, steps } = this;
    // Both means begin at 0; without these corrections they would be too small.
    const size = lr / (1 - beta1 ** steps);
    const correction = Math.sqrt(1 - beta2 ** steps);
    this.parameters.forEach(({ value, gradient }, p) => {
      const mean = this.means[p];
      const square = this.squares[p];
      for (let i = 0; i < value.length; i++) {
        const g = gradient[i];
        mean[i] = beta1 * mean[i] + (1 - beta1) * g;
        square[i] = beta2 * square[i] + (1 - beta2) * g * g;
        value[i] -= (size * mean[i]) / (Math.sqrt(square[i]) / correction + eps);
      }
    });
  }
}
