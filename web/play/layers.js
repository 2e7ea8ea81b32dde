// Layers with weights: forward makes the output, backward its gradient at the input.
import { matrix, product, transposed, zeros } from "./product.js";

// How many numbers a shape holds.
export const count = (shape) => shape.reduce((a, b) => a * b, 1);

export class Parameter {
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

// One number for both sides, or one for each.
export const both = (value) => (Array.isArray(value) ? value : [value, value]);

const mostKept = 2 ** 21; // numbers: more patches than that are made twice, not kept

export class Conv2d extends Layer {
  constructor(inputShape, minibatch, channels, kernelSize, padding, stride = 1, more = {}) {
    const { dilation = 1, groups = 1, bias = true } = more;
    const [depth, ...sides] = inputShape;
    const size = both(kernelSize);
    const reach = size.map((n, i) => both(dilation)[i] * (n - 1) + 1);
    const steps = (side, i) =>
      Math.floor((side + 2 * both(padding)[i] - reach[i]) / both(stride)[i]) + 1;
    const outputShape = [channels, ...sides.map(steps)];
    super("Conv2d", inputShape, outputShape, minibatch);
    Object.assign(this, { channels, kernelSize, padding, stride, dilation, groups });
    this.weight = new Parameter(channels, depth / groups, ...size);
    this.bias = bias ? new Parameter(channels) : null;
    this.parameters = bias ? [this.weight, this.bias] : [this.weight];
    this.places = count(outputShape.slice(1)); // where a filter is laid on the image
    this.patch = (depth / groups) * count(size); // numbers that it sees there
    const image = depth * count(size) * this.places;
    this.kept = minibatch * image <= mostKept ? minibatch : 1;
    this.patches = zeros(this.kept * image);
    this.patchGradient = zeros(image);
  }

  // One column for each place; so a convolution is a matrix product.
  patchesOf(i, group, data = this.patches) {
    const { patch, places, groups } = this;
    return matrix(data, (i * groups + group) * patch * places, patch, places);
  }

  mapsOf(data, i, group) {
    const { channels, places, groups } = this;
    const maps = channels / groups;
    return matrix(data, (i * groups + group) * maps * places, maps, places);
  }

  filters(data, group) {
    const { patch, channels, groups } = this;
    const maps = channels / groups;
    return matrix(data, group * maps * patch, maps, patch);
  }

  forward(x, n) {
    const { output, channels, places, groups, kept } = this;
    this.input = x;
    for (let i = 0; i < n; i++) {
      this.unfold(x, i);
      for (let c = 0, at = i * channels * places; c < channels; c++, at += places) {
        output.fill(this.bias ? this.bias.value[c] : 0, at, at + places);
      }
      for (let g = 0; g < groups; g++) {
        const filters = this.filters(this.weight.value, g);
        product(this.mapsOf(output, i, g), filters, this.patchesOf(i % kept, g), true);
      }
    }
    return output;
  }

  backward(gradient, n, wanted) {
    const { weight, bias, channels, places, groups, kept, patchGradient } = this;
    for (let i = 0; i < n; i++) {
      if (kept === 1) this.unfold(this.input, i);
      for (let g = 0; g < groups; g++) {
        const maps = this.mapsOf(gradient, i, g);
        const patches = transposed(this.patchesOf(i % kept, g));
        product(this.filters(weight.gradient, g), maps, patches, true);
        if (!wanted) continue; // nobody asks for the gradient of the pixels
        const filters = transposed(this.filters(weight.value, g));
        product(this.patchesOf(0, g, patchGradient), filters, maps);
      }
      if (bias) {
        addRows(bias.gradient, matrix(gradient, i * channels * places, channels, places));
      }
      if (wanted) this.fold(i);
    }
    return this.inputGradient;
  }

  // Fill in the patches of image i. Padding is never written to, so it stays 0.
  unfold(x, i) {
    const { patches, kept } = this;
    const stretches = (this.stretches ??= findStretches(this));
    const stride = both(this.stride)[1];
    const start = (i % kept) * this.patchGradient.length;
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
    const { inputGradient, patchGradient, stretches } = this;
    const stride = both(this.stride)[1];
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
function findStretches({ inputShape, outputShape, kernelSize, padding, stride, dilation }) {
  const [depth, height, width] = inputShape;
  const [, rows, columns] = outputShape;
  const [tall, wide] = both(kernelSize);
  const [down, across] = both(stride);
  const [farDown, farAcross] = both(dilation);
  // Where both sides cannot have the same, the end has one more, as in torch.
  const [above, before] = both(padding).map(Math.floor);
  const found = [];
  let at = 0;
  for (let c = 0; c < depth; c++) {
    for (let ky = -above; ky < tall * farDown - above; ky += farDown) {
      for (let kx = -before; kx < wide * farAcross - before; kx += farAcross) {
        const left = Math.max(0, Math.ceil(-kx / across));
        const right = Math.min(columns, Math.ceil((width - kx) / across));
        for (let row = 0; row < rows; row++, at += columns) {
          const y = ky + down * row;
          if (y < 0 || y >= height) continue;
          const from = (c * height + y) * width + kx + across * left;
          found.push(at + left, from, right - left);
        }
      }
    }
  }
  return Int32Array.from(found);
}

// A matrix with a row for each image; on images it acts on all their numbers.
export class Linear extends Layer {
  constructor(inputShape, minibatch, features, bias = true) {
    super("Linear", [count(inputShape)], [features], minibatch);
    this.weight = new Parameter(features, count(inputShape));
    this.bias = bias ? new Parameter(features) : null;
    this.parameters = bias ? [this.weight, this.bias] : [this.weight];
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
    for (let i = 0; bias && i < n; i++) output.set(bias.value, i * features);
    product(matrix(output, 0, n, features), input, transposed(weight), Boolean(bias));
    return output;
  }

  backward(gradient, n, wanted) {
    const [features] = this.outputShape;
    const [weight, input] = this.matrices(n);
    const outputs = transposed(matrix(gradient, 0, n, features));
    product({ ...weight, data: this.weight.gradient }, outputs, input, true);
    if (this.bias) addRows(this.bias.gradient, outputs);
    if (wanted) product({ ...input, data: this.inputGradient }, transposed(outputs), weight);
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
