// What a cell of a feature map, or a unit, sees of the image, and the sum behind it.

const range = (length) => [...Array(length).keys()];

// The stages of a net that are shown: layer `at` makes the sums; what layer `shown`
// gives is drawn, as maps of size x size or, behind linear layers, as a row of units.
export function findStages({ layers }) {
  const counts = {};
  return layers.flatMap((layer, at) => {
    const kind = { Conv2d: "conv", Linear: "linear" }[layer.name] ?? "pool";
    if (!layer.weight && !layer.stride) return []; // an activation, or the enlarging
    const number = (counts[kind] = (counts[kind] ?? 0) + 1);
    const next = layers[at + 1];
    const shown = layer.weight && next && !next.stride && !next.weight ? at + 1 : at;
    const [maps, size = 1] = layer.outputShape;
    return {
      kind,
      number,
      at,
      shown,
      maps,
      size,
      rectified: layers[shown].name === "ReLU",
    };
  });
}

// How the units of a linear layer lie behind it: 3-D for maps laid end to end.
function shapeOfInput(layers, at) {
  const [length, height] = layers[at].inputShape;
  if (height) return layers[at].inputShape;
  const before = layers[at - 1].outputShape;
  return before.length > 1 ? before : [1, ...gridOf(length)];
}

// Rows and columns of a grid of `length` cells, at least `flat` times as wide as high.
export function gridOf(length, flat = 1) {
  const most = length > 10 ? Math.floor(Math.sqrt(length / flat)) : 1;
  const rows = range(most + 1).findLast((n) => length % n === 0);
  return [rows, length / rows];
}

// First and last row, then column, of the image that a cell behind `layers` sees.
export function receptiveField(layers, ...cell) {
  const below = ([first, last], layer) => {
    if (layer.name === "Linear") return [0, Infinity];
    if (layer.factor) {
      const size = layer.inputShape[1];
      const [start] = layer.between(first, size);
      const [from, to, far] = layer.between(
        Math.min(last, layer.outputShape[1] - 1),
        size,
      );
      return [start, far ? to : from];
    }
    const { inputShape, kernelSize, padding, stride } = layer;
    if (!stride) return [first, last];
    const end = inputShape[1] - 1; // padding is no part of the image
    const highest = last * stride - padding + kernelSize - 1;
    return [Math.max(0, first * stride - padding), Math.min(end, highest)];
  };
  const edge = layers[0].inputShape[1] - 1;
  return cell.map((place) => {
    const [first, last] = layers.reduceRight(below, [place, place]);
    return [first, Math.min(last, edge)];
  });
}

// The sum behind a cell, as three images of `shape`, [channels, rows, columns]: the
// patch, the weights and their products. For a maximum all weights but one are 0.
export function findSum({ layers }, { at, maps }, image, map, row, column) {
  const layer = layers[at];
  const input = at ? layers[at - 1].output : image;
  const [depth, height, width] = shapeOfInput(layers, at);
  const { weight, bias, kernelSize, padding = 0, stride = 1 } = layer;
  const [rows, columns] = kernelSize ? [kernelSize, kernelSize] : [height, width];
  const channels = weight ? range(depth) : [map];
  const [top, left] = [row, column].map((place) => place * stride - padding);
  const patch = [];
  for (const channel of channels) {
    for (let y = top; y < top + rows; y++) {
      for (let x = left; x < left + columns; x++) {
        const inside = y >= 0 && y < height && x >= 0 && x < width;
        patch.push(inside ? input[(channel * height + y) * width + x] : 0);
      }
    }
  }
  const largest = patch.indexOf(Math.max(...patch));
  const share = (_, i) => (layer.max ? +(i === largest) : 1 / patch.length);
  const weights = weight
    ? Array.from(weight.value.subarray(map * patch.length, (map + 1) * patch.length))
    : patch.map(share);
  const products = patch.map((value, i) => value * weights[i]);
  const start = weight ? bias.value[map] : 0;
  const sum = products.reduce((a, b) => a + b, start);
  const shape = [channels.length, rows, columns];
  return { patch, weights, products, bias: start, sum, shape };
}
