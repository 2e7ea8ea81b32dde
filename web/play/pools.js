// Poolings: the average or the maximum of each window.
import { Layer, both, count } from "./layers.js";

// Where windows begin and end along a side, padding left out: begin, end, begin, ...
function sliding(side, size, stride, padding) {
  const windows = Math.floor((side + 2 * padding - size) / stride) + 1;
  return Array.from({ length: windows }, (_, i) => i * stride - padding).flatMap((start) => [
    Math.max(start, 0),
    Math.min(start + size, side),
  ]);
}

// As many windows as there shall be; together they cover the side.
function adaptive(side, windows) {
  return Array.from({ length: windows }, (_, i) => i).flatMap((i) => [
    Math.floor((i * side) / windows),
    Math.ceil(((i + 1) * side) / windows),
  ]);
}

export class Pool extends Layer {
  // kind: "average" or "max". sides: of the output, for an adaptive one. countsPadding:
  // an average counts the zeros around the map, too.
  constructor(inputShape, minibatch, kind, settings = {}) {
    const { kernelSize = 2, stride = kernelSize, padding = 0 } = settings;
    const { sides = null, countsPadding = true } = settings;
    const [channels, ...sizes] = inputShape;
    const windows = sizes.map((size, i) =>
      sides
        ? adaptive(size, sides[i])
        : sliding(size, both(kernelSize)[i], both(stride)[i], both(padding)[i]),
    );
    const max = kind === "max";
    const outputShape = [channels, ...windows.map(({ length }) => length / 2)];
    const name = `${sides ? "Adaptive" : ""}${max ? "Max" : "Avg"}Pool2d`;
    super(name, inputShape, outputShape, minibatch);
    Object.assign(this, { max, kernelSize, padding, stride });
    [this.rows, this.columns] = windows.map((ends) => Int32Array.from(ends));
    // Of all windows; 0: each its own.
    this.area = sides || !countsPadding ? 0 : count(both(kernelSize));
  }

  forward(x, n) {
    const { max, output } = this;
    const [channels, , width] = this.inputShape;
    const { rows, columns, area } = this;
    const size = count(this.inputShape.slice(1));
    if (max) this.winners ??= new Int32Array(output.length);
    const { winners } = this;
    for (let map = 0, at = 0, start = 0; map < n * channels; map++, start += size) {
      for (let r = 0; r < rows.length; r += 2) {
        const [top, bottom] = [start + rows[r] * width, start + rows[r + 1] * width];
        for (let c = 0; c < columns.length; c += 2, at++) {
          const [left, right] = [columns[c], columns[c + 1]];
          if (max) {
            let best = top + left; // the first of equals, as in torch
            for (let row = top; row < bottom; row += width) {
              for (let i = row + left; i < row + right; i++) if (x[i] > x[best]) best = i;
            }
            winners[at] = best;
            output[at] = x[best];
          } else {
            let sum = 0;
            for (let row = top; row < bottom; row += width) {
              for (let i = row + left; i < row + right; i++) sum += x[i];
            }
            output[at] = sum / (area || ((bottom - top) / width) * (right - left));
          }
        }
      }
    }
    return output;
  }

  backward(gradient, n) {
    const { max, inputGradient, winners } = this;
    const [channels, , width] = this.inputShape;
    const { rows, columns, area } = this;
    const size = count(this.inputShape.slice(1));
    inputGradient.fill(0, 0, n * channels * size);
    if (max) {
      const end = n * count(this.outputShape);
      for (let at = 0; at < end; at++) inputGradient[winners[at]] += gradient[at];
      return inputGradient;
    }
    for (let map = 0, at = 0, start = 0; map < n * channels; map++, start += size) {
      for (let r = 0; r < rows.length; r += 2) {
        const [top, bottom] = [start + rows[r] * width, start + rows[r + 1] * width];
        for (let c = 0; c < columns.length; c += 2, at++) {
          const [left, right] = [columns[c], columns[c + 1]];
          const share = gradient[at] / (area || ((bottom - top) / width) * (right - left));
          for (let row = top; row < bottom; row += width) {
            for (let i = row + left; i < row + right; i++) inputGradient[i] += share;
          }
        }
      }
    }
    return inputGradient;
  }
}
