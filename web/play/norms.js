// Batch normalisation (Ioffe and Szegedy 2015), as torch's BatchNorm1d and BatchNorm2d.
import { Layer, Parameter, count } from "./layers.js";
import { zeros } from "./product.js";

// The first side of the shape are the channels: maps, or features of a vector.
export class BatchNorm extends Layer {
  constructor(shape, minibatch, settings = {}) {
    super(`BatchNorm${shape.length > 1 ? 2 : 1}d`, shape, shape, minibatch);
    const { eps = 1e-5, momentum = 0.1, affine = true, bias = true, tracks = true } = settings;
    const [channels, ...sides] = shape;
    Object.assign(this, { channels, eps, momentum, tracks, places: count(sides), seen: 0 });
    if (affine) {
      this.scale = new Parameter(channels);
      this.scale.value.fill(1);
      this.parameters.push(this.scale);
      if (bias) this.parameters.push((this.shift = new Parameter(channels)));
    }
    if (tracks) [this.runningMean, this.runningVar] = [zeros(channels), zeros(channels).fill(1)];
    this.means = zeros(channels); // what the last forward took off,
    this.factors = zeros(channels); // and what it multiplied by
  }

  // The part of a channel in one image: from where to where.
  *parts(channel, n) {
    const { channels, places } = this;
    for (let i = 0; i < n; i++) {
      const start = (i * channels + channel) * places;
      yield [start, start + places];
    }
  }

  forward(x, n) {
    const { output, scale, shift, means, factors } = this;
    this.input = x;
    this.ownStatistics = this.training || !this.tracks;
    this.seen += this.training;
    for (let c = 0; c < this.channels; c++) {
      const [mean, variance] = this.ownStatistics
        ? this.measure(x, n, c)
        : [this.runningMean[c], this.runningVar[c]];
      const factor = 1 / Math.sqrt(variance + this.eps);
      const [times, plus] = [scale?.value[c] ?? 1, shift?.value[c] ?? 0];
      [means[c], factors[c]] = [mean, factor];
      for (const [start, end] of this.parts(c, n)) {
        for (let i = start; i < end; i++) output[i] = (x[i] - mean) * factor * times + plus;
      }
    }
    return output;
  }

  // Mean and variance of a channel; the running ones move towards them in training.
  measure(x, n, c) {
    let [sum, squares] = [0, 0];
    for (const [start, end] of this.parts(c, n)) {
      for (let i = start; i < end; i++) sum += x[i];
    }
    const numbers = n * this.places;
    const mean = sum / numbers;
    for (const [start, end] of this.parts(c, n)) {
      for (let i = start; i < end; i++) squares += (x[i] - mean) ** 2;
    }
    if (this.tracks && this.training) {
      const share = this.momentum ?? 1 / this.seen;
      const { runningMean, runningVar } = this;
      runningMean[c] += share * (mean - runningMean[c]);
      runningVar[c] += share * (squares / (numbers - 1) - runningVar[c]);
    }
    return [mean, squares / numbers];
  }

  backward(gradient, n) {
    const { input: x, inputGradient, scale, shift, means, factors } = this;
    const numbers = n * this.places;
    for (let c = 0; c < this.channels; c++) {
      const [mean, factor] = [means[c], factors[c]];
      let [sum, along] = [0, 0];
      for (const [start, end] of this.parts(c, n)) {
        for (let i = start; i < end; i++) {
          sum += gradient[i];
          along += gradient[i] * (x[i] - mean) * factor;
        }
      }
      if (scale) scale.gradient[c] += along;
      if (shift) shift.gradient[c] += sum;
      const times = factor * (scale?.value[c] ?? 1);
      // Mean and variance depend on each number, too, unless they are the running ones.
      const [less, slope] = this.ownStatistics ? [sum / numbers, along / numbers] : [0, 0];
      for (const [start, end] of this.parts(c, n)) {
        for (let i = start; i < end; i++) {
          const normal = (x[i] - mean) * factor;
          inputGradient[i] = times * (gradient[i] - less - slope * normal);
        }
      }
    }
    return inputGradient;
  }
}
