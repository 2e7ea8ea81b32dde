// Activations: what they make of a number, and their slope there.
import { Layer, count } from "./layers.js";

const bell = (x) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const steps = 256; // of the table below, for a stretch of 1
const end = 9; // behind it the area is 0 or 1 in 64 bits

// The area under the bell up to -end, -end + 1/steps, ...: by Simpson's rule.
let areas = null;
function makeAreas() {
  areas = new Float64Array(2 * end * steps + 2);
  for (let i = 1; i < areas.length; i++) {
    const x = i / steps - end;
    const middle = bell(x - 0.5 / steps);
    areas[i] = areas[i - 1] + (bell(x - 1 / steps) + 4 * middle + bell(x)) / (6 * steps);
  }
}

// The share of a normal distribution below x, (1 + erf(x / sqrt(2))) / 2, to 12 digits:
// between two places of the table, the cubic with the slopes of both.
function below(x) {
  if (!areas) makeAreas();
  if (!(Math.abs(x) < end)) return x > 0 ? 1 : 0 * x;
  const place = Math.floor((x + end) * steps);
  const t = (x + end) * steps - place;
  const start = place / steps - end;
  const [y0, y1] = [areas[place], areas[place + 1]];
  const [s0, s1] = [bell(start) / steps, bell(start + 1 / steps) / steps];
  const rise = y1 - y0;
  return y0 + t * (s0 + t * (3 * rise - 2 * s0 - s1 + t * (s0 + s1 - 2 * rise)));
}

const logistic = (x) => 1 / (1 + Math.exp(-x));

// Name in torch, value at x, slope at x where the value is y; setting: LeakyReLU's slope
// below 0. At 0 torch's ReLU is flat, too.
export const activations = {
  sigmoid: ["Sigmoid", logistic, (y) => y * (1 - y)],
  tanh: ["Tanh", Math.tanh, (y) => 1 - y * y],
  ReLU: ["ReLU", (x) => (x > 0 ? x : 0), (y) => (y > 0 ? 1 : 0)],
  LeakyReLU: [
    "LeakyReLU",
    (x, setting) => (x > 0 ? x : setting * x),
    (y, x, setting) => (x > 0 ? 1 : setting),
  ],
  GELU: ["GELU", (x) => x * below(x), (y, x) => below(x) + x * bell(x)],
  SiLU: [
    "SiLU",
    (x) => x * logistic(x),
    (y, x) => logistic(x) * (1 + x * (1 - logistic(x))),
  ],
};

export class Activation extends Layer {
  constructor(shape, minibatch, kind, setting = 0) {
    const [name, value, slope] = activations[kind];
    super(name, shape, shape, minibatch);
    Object.assign(this, { value, slope, setting });
  }

  forward(x, n) {
    const { output, value, setting } = this;
    const end = n * count(this.inputShape);
    this.input = x;
    for (let i = 0; i < end; i++) output[i] = value(x[i], setting);
    return output;
  }

  backward(gradient, n) {
    const { output, input, inputGradient, slope, setting } = this;
    const end = n * count(this.inputShape);
    for (let i = 0; i < end; i++) {
      inputGradient[i] = gradient[i] * slope(output[i], input[i], setting);
    }
    return inputGradient;
  }
}
