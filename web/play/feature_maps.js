// What a cell of a feature map sees, the sum behind it, and moves of an image.

export const side = 28; // of an image
const brush = 1.5; // pixels, its radius

export const clamp = (n, low, high) => Math.min(high, Math.max(low, n));
export const format = (n) => n.toFixed(2).replace("-", "−");
const range = (length) => [...Array(length).keys()];

// All maps of LeNet. Layer `at` makes the sums; what its activation gives is shown.
export function findMaps({ layers }) {
  const stages = [["conv 1", 0], ["pool 1", 2], ["conv 2", 3], ["pool 2", 5]];
  return stages.flatMap(([name, at]) => {
    const layer = layers[at];
    const shown = layer.weight ? layers[at + 1] : layer;
    const [maps, size] = layer.outputShape;
    return range(maps).map((map) => ({ name, at, layer, shown, map, size }));
  });
}

// Where the window behind a row or column of a layer's output begins, and its size.
function windowOf({ inputShape, outputShape, kernelSize, padding = 0 }, place) {
  const stride = Math.floor(inputShape[1] / outputShape[1]);
  return [place * stride - padding, kernelSize ?? stride];
}

// First and last row, then column, of the image that a cell behind `layers` sees.
export function receptiveField(layers, ...cell) {
  const below = ([first, last], layer) => {
    const [start] = windowOf(layer, first);
    const [end, size] = windowOf(layer, last);
    const edge = layer.inputShape[1] - 1; // padding is no part of the image
    return [Math.max(0, start), Math.min(edge, end + size - 1)];
  };
  return cell.map((place) => layers.reduceRight(below, [place, place]));
}

// The sum behind a cell: its window's rows of [value, weight], channel after channel,
// and the bias. A mean is a sum, too: all its weights are 1 / 4.
export function findSum({ layer, map }, input, row, column) {
  const { weight, inputShape: [depth, length] } = layer;
  const [[top, size], [left]] = [row, column].map((place) => windowOf(layer, place));
  const term = (channel, i, j) => {
    const [y, x] = [top + i, left + j];
    const padding = Math.min(x, y) < 0 || Math.max(x, y) >= length;
    const value = padding ? 0 : input[(channel * length + y) * length + x];
    const at = ((map * depth + channel) * size + i) * size + j;
    return [value, weight ? weight.value[at] : 1 / 4];
  };
  const window = range(size);
  const rows = (weight ? range(depth) : [map]).flatMap((channel) =>
    window.map((i) => ({ channel, pairs: window.map((j) => term(channel, i, j)) })),
  );
  const terms = rows.flatMap(({ pairs }) => pairs);
  const bias = weight ? layer.bias.value[map] : 0;
  const sum = terms.reduce((total, [value, w]) => total + value * w, bias);
  return { rows, terms, bias, sum };
}

// One sentence about a cell.
export function describe({ name, map, layer, shown }, field, total, row, column) {
  const [rows, columns] = field.map((ends) => ends.join("–"));
  const { terms: { length }, bias, sum } = total;
  const made = layer.weight
    ? `${length} products + bias ${format(bias)} = ${format(sum)}; ` +
      `after the sigmoid ${format(shown.value(sum))}`
    : `mean of ${length} values = ${format(sum)}`;
  const place = `${name}, map ${map}, row ${row}, column ${column}`;
  return `${place}: sees rows ${rows}, columns ${columns}; ${made}`;
}

// An image of pixels from places of another; beyond its edges all is black.
const redrawn = (image, source) =>
  image.map((_, i) => {
    const [x, y] = source(i % side, Math.floor(i / side));
    return (x === clamp(x, 0, side - 1) && image[y * side + x]) || 0;
  });

// Moved right by dx and down by dy.
export function shifted(image, dx, dy) {
  return redrawn(image, (x, y) => [x - dx, y - dy]);
}

// With a round spot about (x, y); pixel (0, 0) reaches from 0 to 1.
export function painted(image, x, y, grey) {
  const far = (i) => Math.hypot((i % side) + 0.5 - x, Math.floor(i / side) + 0.5 - y);
  return image.map((old, i) => (far(i) > brush ? old : grey));
}

// In the middle, and as large as the frame allows: so the data were made, too.
export function centred(image) {
  const drawn = range(side ** 2).filter((i) => image[i]);
  const ends = (places) => [Math.min(...places), Math.max(...places) + 1];
  const [left, right] = ends(drawn.map((i) => i % side));
  const [top, bottom] = ends(drawn.map((i) => Math.floor(i / side)));
  const scale = Math.max(right - left, bottom - top) / side;
  const from = (to, middle) => Math.floor(middle + scale * (to + 0.5 - side / 2));
  return redrawn(image, (x, y) => [
    from(x, (left + right) / 2),
    from(y, (top + bottom) / 2),
  ]);
}
