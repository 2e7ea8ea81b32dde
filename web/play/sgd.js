// SGD with momentum, with torch.optim.SGD's settings.
import { count } from "./layers.js";
import { zeros } from "./product.js";

export class SGD {
  constructor(parameters, lr, momentum = 0) {
    Object.assign(this, { parameters, lr, momentum });
    this.speeds = parameters.map(({ shape }) => zeros(count(shape)));
  }

  step() {
    const { lr, momentum } = this;
    this.parameters.forEach(({ value, gradient }, p) => {
      const speed = this.speeds[p];
      for (let i = 0; i < value.length; i++) {
        speed[i] = momentum * speed[i] + gradient[i];
        value[i] -= lr * speed[i];
      }
    });
  }
}
