// The words of the live figures, in English.
import { number } from "./dom.js";

const pixels = (n) => (n === 1 ? "1 pixel" : `${n} pixels`);
const steps = (n) => (n === 1 ? "1 step" : `${n} steps`);
const units = (n) => (n === 1 ? "1 unit" : `${number(n)} units`);
const values = (n) => (n === 1 ? "1 value" : `${number(n)} values`);
const products = (n) => (n === 1 ? "1 product" : `${number(n)} products`);
const maps = (n) => (n === 1 ? "1 map" : `${number(n)} maps`);
const decimals = (n) => n.toFixed(2).replace("-", "−");
const percent = (share) => `${Math.round(100 * share)} %`;
const classes = [
  "t-shirt",
  "trouser",
  "pullover",
  "dress",
  "coat",
  "sandal",
  "shirt",
  "sneaker",
  "bag",
  "ankle boot",
];
const kinds = { conv: "conv", pool: "pool", linear: "linear" };
const title = { lenet: "LeNet, 1998", alexnet: "AlexNet, 2012" };
const short = { lenet: "LeNet", alexnet: "AlexNet" };

// Draw a garment: both nets answer.
export const garment = {
  classes,
  title,
  short,
  percent,
  open: { both: "Wake both nets", lenet: "Wake LeNet" },
  size: { both: "0.9 MB, once", lenet: "0.2 MB, once" },
  loading: "Loading LeNet …",
  failed: (reason) => `That did not work: ${reason}`,

  chooseImage: "Test images",
  before: "Previous test image",
  after: "Next test image",
  imageIs: (number, label) => `Test image ${number}, label: ${classes[label]}`,
  drawing: "Your drawing",
  emptyPad: "An empty pad",
  moves({ dx, dy, turn, thick }) {
    const [x, y, by] = [pixels(Math.abs(dx)), pixels(Math.abs(dy)), steps(Math.abs(thick))];
    const angle = `${turn}°`.replace("-", "−");
    const across = dx > 0 ? `${x} right` : `${x} left`;
    const along = dy > 0 ? `${y} down` : `${y} up`;
    const turned = `turned by ${angle}`;
    const width = thick > 0 ? `${by} thicker` : `${by} thinner`;
    const found = [dx && across, dy && along, turn && turned, thick && width].filter(Boolean);
    return found.length ? ` · ${found.join(", ")}` : "";
  },

  tools: "What the pointer and the arrow keys do on the pad",
  tool: { move: "Move", turn: "Turn", thick: "Thick", draw: "Draw", erase: "Erase" },
  undo: "Undo",
  centre: "Centre",
  clear: "Clear",
  padIs: {
    move: "Image. Arrow keys move the garment.",
    turn: "Image. Left and right arrow keys turn the garment.",
    thick: "Image. Up and down arrow keys make the garment thicker and thinner.",
    draw: "Image. Arrow keys move the brush, space paints; Enter lets the brush down or up.",
    erase: "Image. Arrow keys move the eraser, space erases; Enter lets it down or up.",
  },
  padMore: " Shift with arrow keys always moves the garment.",

  note: {
    lenet: (accuracy) =>
      `61,706 weights; names ${(100 * accuracy).toFixed(1)} % of the test images`,
    alexnet: (accuracy) =>
      `an eighth of its width: 737,506 weights; names ${(100 * accuracy).toFixed(1)} %`,
  },
  coming: "on its way …",
  right: "right",
  wrong: "wrong",
  class: "class",
  table: "How sure the nets are of each class",
  said: (name, best, share) => `${short[name]}: ${classes[best]}, ${percent(share)}.`,
  took: (ms) =>
    `This answer took ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms in your browser.`,

  cell: "One cell, opened",
  layer: "Layer",
  option: (name, stage) => `${short[name]}, ${kinds[stage.kind]} ${stage.number}`,
  previousMap: "Previous map",
  nextMap: "Next map",
  mapOf: (map, maps) => `map ${map + 1} of ${maps}`,
  unitOf: units,
  mapIs: "Feature map. Arrow keys move the cell; Page Up and Page Down change the map.",
  unitsAre: "Units. Arrow keys choose one.",
  patch: "patch",
  weights: "weights",
  products: "products",
  sum: "sum",
  formula({ weights, bias, sum, shape }, { kind, rectified }, shown, max) {
    const n = shape[0] * shape[1] * shape[2];
    if (kind === "pool") {
      const of = max ? `largest of ${values(n)}` : `mean of ${values(n)}`;
      return `${of} = ${decimals(sum)}`;
    }
    const plain = `${products(n)} + bias ${decimals(bias)} = ${decimals(sum)}`;
    if (shown === sum) return plain;
    return `${plain}; the ${rectified ? "ReLU" : "sigmoid"} makes it ${decimals(shown)}`;
  },
  sees: ([[top, bottom], [left, right]]) =>
    top === 0 && left === 0 && bottom === 27 && right === 27
      ? "It sees the whole image."
      : `It sees rows ${top}–${bottom}, columns ${left}–${right} of the image: the frame.`,
  formulaAnd: (formula, sees) => `${formula}. ${sees}`,
  number: decimals,
  signs:
    "In patch, weights and products blue is above zero, orange below, black is zero; each has its own scale. The map keeps its net's colour.",

  layers: "Layer by layer",
  scale: "One scale of brightness in each row.",
  crossed: " A crossed map is silent: zero everywhere on this image.",
  stage({ kind, number, maps, size }, silent) {
    const what = kind === "linear" ? units(maps) : `${maps} × ${size}²`;
    const dark = silent ? ` · ${silent} silent` : "";
    return `${kinds[kind]} ${number} · ${what}${dark}`;
  },
  stageIs(name, stage, silent) {
    const { size } = stage;
    const of = `${maps(stage.maps)} of ${size} by ${size}`;
    const what = stage.kind === "linear" ? units(stage.maps) : of;
    const dark = silent ? `, ${silent} of them silent` : "";
    return `${short[name]}, ${kinds[stage.kind]} ${stage.number}: ${what}${dark}`;
  },

  dares: "Dares:",
  dare: {
    empty: {
      ask: "an empty pad",
      tell: (said) =>
        `${said} A net has ten words and none for “nothing”: it must choose. How sure it is, is no measure of how right it is.`,
    },
    boot: {
      ask: "the boot, 4 pixels right",
      tell: (said) =>
        `${said} Nobody would mistake it. A convolution answers to a shape wherever it is; the linear layers behind it have learnt places.`,
    },
    own: {
      ask: "your own drawing",
      tell: (said, flat) =>
        `${said} A drawing has no folds and no greys. Of 100 test images cut out in one grey, ${flat.join(", ")}.`,
      flat: (name, share) => `${short[name]} still names ${Math.round(100 * share)}`,
    },
  },
};
