// The layers of LeNet: forward makes the output, backward its gradient at the input.
import { matrix, product, transposed, zeros } from "./product.js";

// How many numbers a shape holds.
export const count = (shape) => shape.reduce((a, b) => a * b, 1);

class Parameter {
  constructor(...shape) {
    this.shape = shape;
    this.value = zeros(count(shape));
    this.gradient = zeros(count(shape));
  }
}

// Images lie one after another: x[image][channel][row][column] in one flat array.
export class Layer {
  constructor(name, inputShape, outputShape, minibatch) {
    Object.assign(this, { name, inputShape, outputShape, minibatch });
    this.parameters = [];
    this.output = zeros(minibatch * count(outputShape));
    this.inputGradient = zeros(minibatch * count(inputShape));
  }
}

export class Conv2d extends Layer {
  constructor(inputShape, minibatch, channels, kernelSize, padding, stride = 1) {
    const [depth, height, width] = inputShape;
    const steps = (side) => Math.floor((side + 2 * padding - kernelSize) / stride) + 1;
    const outputShape = [channels, steps(height), steps(width)];
    super("Conv2d", inputShape, outputShape, minibatch);
    Object.assign(this, { channels, kernelSize, padding, stride });
    this.weight = new Parameter(channels, depth, kernelSize, kernelSize);
    this.bias = new Parameter(channels);
    this.parameters = [this.weight, this.bias];
    this.places = count(outputShape.slice(1)); // where a filter is laid on the image
    this.patch = depth * kernelSize ** 2; // numbers that it sees there
    this.stretches = findStretches(this);
    this.patches = zeros(minibatch * this.patch * this.places);
    this.patchGradient = zeros(this.patch * this.places);
  }

  // One column for each place; so a convolution is a matrix product.
  patchesOf(i) {
    const { patches, patch, places } = this;
    return matrix(patches, i * patch * places, patch, places);
  }

  mapsOf(data, i) {
    return matrix(data, i * this.channels * this.places, this.channels, this.places);
  }

  filters(data) {
    return matrix(data, 0, this.channels, this.patch);
  }

  forward(x, n) {
    const { output, channels, places } = this;
    for (let i = 0; i < n; i++) {
      this.unfold(x, i);
      for (let c = 0, at = i * channels * places; c < channels; c++, at += places) {
        output.fill(this.bias.value[c], at, at + places);
      }
      const filters = this.filters(this.weight.value);
      product(this.mapsOf(output, i), filters, this.patchesOf(i), true);
    }
    return output;
  }

  backward(gradient, n, wanted) {
    const { weight, bias, places, patch, patchGradient } = this;
    for (let i = 0; i < n; i++) {
      const maps = this.mapsOf(gradient, i);
      product(this.filters(weight.gradient), maps, transposed(this.patchesOf(i)), true);
      addRows(bias.gradient, maps);
      if (!wanted) continue; // nobody asks for the gradient of the pixels
      const filters = transposed(this.filters(weight.value));
      product(matrix(patchGradient, 0, patch, places), filters, maps);
      this.fold(i);
    }
    return this.inputGradient;
  }

  // Fill in the patches of image i. Padding is never written to, so it stays 0.
  unfold(x, i) {
    const { patches, stretches, stride } = this;
    const start = i * this.patch * this.places;
    const image = i * count(this.inputShape);
    for (let s = 0; s < stretches.length; s += 3) {
      let to = start + stretches[s];
      let from = image + stretches[s + 1];
      for (const end = to + stretches[s + 2]; to < end; to++, from += stride) {
        patches[to] = x[from];
      }
    }
  }

  // The way back: a pixel collects the gradient from every patch that it is in.
  fold(i) {
    const { inputGradient, patchGradient, stretches, stride } = this;
    const size = count(this.inputShape);
    inputGradient.fill(0, i * size, (i + 1) * size);
    for (let s = 0; s < stretches.length; s += 3) {
      let from = stretches[s];
      let to = i * size + stretches[s + 1];
      const end = from + stretches[s + 2];
      for (; from < end; from++, to += stride) inputGradient[to] += patchGradient[from];
    }
  }
}

// Rows of pixels, `stride` apart, that lie in one stretch in the patches: their
// beginning in the patches, their beginning in the image, how many they are.
function findStretches({ inputShape, outputShape, kernelSize, padding, stride }) {
  const [depth, height, width] = inputShape;
  const [, rows, columns] = outputShape;
  const found = [];
  let at = 0;
  for (let c = 0; c < depth; c++) {
    for (let ky = -padding; ky < kernelSize - padding; ky++) {
      for (let kx = -padding; kx < kernelSize - padding; kx++) {
        const left = Math.max(0, Math.ceil(-kx / stride));
        const right = Math.min(columns, Math.ceil((width - kx) / stride));
        for (let row = 0; row < rows; row++, at += columns) {
          const y = ky + stride * row;
          if (y < 0 || y >= height) continue;
          const from = (c * height + y) * width + kx + stride * left;
          found.push(at + left, from, right - left);
        }
      }
    }
  }
  return Int32Array.from(found);
}

// A matrix with a row for each image; on images it acts on all their numbers.
export class Linear extends Layer {
  constructor(inputShape, minibatch, features) {
    super("Linear", [count(inputShape)], [features], minibatch);
    this.weight = new Parameter(features, count(inputShape));
    this.bias = new Parameter(features);
    this.parameters = [this.weight, this.bias];
  }

  matrices(n) {
    const [[inputs], [outputs]] = [this.inputShape, this.outputShape];
    const weight = matrix(this.weight.value, 0, outputs, inputs);
    return [weight, matrix(this.input, 0, n, inputs)];
  }

  forward(x, n) {
    const { output, bias } = this;
    const [features] = this.outputShape;
    this.input = x;
    const [weight, input] = this.matrices(n);
    for (let i = 0; i < n; i++) output.set(bias.value, i * features);
    product(matrix(output, 0, n, features), input, transposed(weight), true);
    return output;
  }

  backward(gradient, n) {
    const [features] = this.outputShape;
    const [weight, input] = this.matrices(n);
    const outputs = transposed(matrix(gradient, 0, n, features));
    product({ ...weight, data: this.weight.gradient }, outputs, input, true);
    addRows(this.bias.gradient, outputs);
    product({ ...input, data: this.inputGradient }, transposed(outputs), weight);
    return this.inputGradient;
  }
}

// Add the sum of each row to a vector.
function addRows(vector, { data, at, rows, columns, down, across }) {
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += data[at + i * down + j * across];
    vector[i] += sum;
  }
}

// Each activation, and its slope from its output; at 0 torch's ReLU is flat too.
export const activations = {
  sigmoid: ["Sigmoid", (x) => 1 / (1 + Math.exp(-x)), (y) => y * (1 - y)],
  tanh: ["Tanh", Math.tanh, (y) => 1 - y * y],
  ReLU: ["ReLU", (x) => (x > 0 ? x : 0), (y) => (y > 0 ? 1 : 0)],
};

export class Activation extends Layer {
  constructor(shape, minibatch, kind) {
    const [name, value, slope] = activations[kind];
    super(name, shape, shape, minibatch);
    Object.assign(this, { value, slope });
  }

  forward(x, n) {
    const { output, value } = this;
    const end = n * count(this.inputShape);
    for (let i = 0; i < end; i++) output[i] = value(x[i]);
    return output;
  }

  backward(gradient, n) {
    const { output, inputGradient, slope } = this;
    const end = n * count(this.inputShape);
    for (let i = 0; i < end; i++) inputGradient[i] = gradient[i] * slope(output[i]);
    return inputGradient;
  }
}

// Windows of 2 x 2, stride 2: their average or their maximum.
export class Pool extends Layer {
  constructor(inputShape, minibatch, kind) {
    const [channels, height, width] = inputShape;
    const outputShape = [channels, height >> 1, width >> 1];
    const max = kind === "max";
    super(max ? "MaxPool2d" : "AvgPool2d", inputShape, outputShape, minibatch);
    Object.assign(this, { max, kernelSize: 2, padding: 0, stride: 2 });
    this.winners = new Int32Array(minibatch * count(outputShape));
  }

  // Calls visit(at, window) for each output and the places of the pixels below it.
  windows(n, visit) {
    const [channels, height, width] = this.inputShape;
    const [, rows, columns] = this.outputShape;
    const window = [0, 0, 0, 0];
    let at = 0;
    for (let map = 0; map < n * channels; map++) {
      for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++) {
          window[0] = (map * height + 2 * y) * width + 2 * x;
          window[1] = window[0] + 1;
          window[2] = window[0] + width;
          window[3] = window[2] + 1;
          visit(at++, window);
        }
      }
    }
  }

  forward(x, n) {
    const { output, winners, max } = this;
    this.windows(n, (at, [a, b, c, d]) => {
      if (!max) output[at] = (x[a] + x[b] + x[c] + x[d]) / 4;
      else {
        let best = a; // the first of equals, as in torch
        if (x[b] > x[best]) best = b;
        if (x[c] > x[best]) best = c;
        if (x[d] > x[best]) best = d;
        winners[at] = best;
        output[at] = x[best];
      }
    });
    return output;
  }

  backward(gradient, n) {
    const { inputGradient, winners, max } = this;
    inputGradient.fill(0, 0, n * count(this.inputShape));
    this.windows(n, (at, window) => {
      if (max) inputGradient[winners[at]] = gradient[at];
      else for (const pixel of window) inputGradient[pixel] = gradient[at] / 4;
    });
    return inputGradient;
  }
}
