// AlexNet's layers at an eighth of their width, and what only they need: forward only.
import { Activation } from "./activations.js";
import { Conv2d, Layer, Linear } from "./layers.js";
import { Net } from "./nets.js";
import { Pool } from "./pools.js";

// Enlarge images by bilinear interpolation, as torch does it (align_corners=False).
export class Enlarge extends Layer {
  constructor([channels, height, width], minibatch, factor) {
    const outputShape = [channels, factor * height, factor * width];
    super("Upsample", [channels, height, width], outputShape, minibatch);
    this.factor = factor;
  }

  // The two places of `size` that a place of the output lies between, and how far.
  between(place, size) {
    const source = Math.max(0, (place + 0.5) / this.factor - 0.5);
    const first = Math.floor(source);
    return [first, Math.min(first + 1, size - 1), source - first];
  }

  forward(x, n) {
    const [channels, height, width] = this.inputShape;
    const [, rows, columns] = this.outputShape;
    const across = Array.from({ length: columns }, (_, i) => this.between(i, width));
    let at = 0;
    for (let map = 0; map < n * channels; map++) {
      for (let row = 0; row < rows; row++) {
        const [above, below, down] = this.between(row, height);
        const upper = (map * height + above) * width;
        const lower = (map * height + below) * width;
        for (const [left, right, far] of across) {
          const top = x[upper + left] * (1 - far) + x[upper + right] * far;
          const bottom = x[lower + left] * (1 - far) + x[lower + right] * far;
          this.output[at++] = top * (1 - down) + bottom * down;
        }
      }
    }
    return this.output;
  }
}

const overlapping = { kernelSize: 3, stride: 2 };

// For images of 28 x 28. Dropout does nothing after training, so it is left out.
export function narrowAlexnet() {
  const layers = [];
  const add = (Kind, ...settings) => {
    layers.push(new Kind(layers.at(-1)?.outputShape ?? [1, 28, 28], 1, ...settings));
    if (Kind === Conv2d) add(Activation, "ReLU");
  };
  add(Enlarge, 8);
  add(Conv2d, 12, 11, 1, 4);
  add(Pool, "max", overlapping);
  add(Conv2d, 32, 5, 2);
  add(Pool, "max", overlapping);
  add(Conv2d, 48, 3, 1);
  add(Conv2d, 48, 3, 1);
  add(Conv2d, 32, 3, 1);
  add(Pool, "max", overlapping);
  add(Linear, 512);
  add(Activation, "ReLU");
  add(Linear, 512);
  add(Activation, "ReLU");
  add(Linear, 10);
  return new Net(layers);
}

// Weights as web/pack_nets.py packs them: 8 bits each, a scale for each output.
export function setEightBits(net, bytes) {
  const layers = net.weighted();
  const outputs = layers.reduce((sum, { bias }) => sum + bias.value.length, 0);
  const floats = new Float32Array(bytes.buffer, bytes.byteOffset, 2 * outputs);
  const whole = new Int8Array(bytes.buffer, bytes.byteOffset + floats.byteLength);
  let [at, from] = [0, 0];
  for (const { weight, bias } of layers) {
    const n = bias.value.length;
    const inputs = weight.value.length / n;
    const scales = floats.subarray(at, at + n);
    for (let i = 0; i < weight.value.length; i++) {
      weight.value[i] = whole[from++] * scales[Math.floor(i / inputs)];
    }
    bias.value.set(floats.subarray(at + n, (at += 2 * n)));
  }
  if (from === whole.length) return;
  throw new Error(`${from} weights, not ${whole.length}`);
}
