// What the tracer says, in English; what it says of code is in python_words.js.
import { number } from "./dom.js";

const layersOf = (n) => (n === 1 ? "1 layer" : `${number(n)} layers`);
const parametersOf = (n) => (n === 1 ? "1 parameter" : `${number(n)} parameters`);
const macsOf = (n) => (n === 1 ? "1 multiply-add" : `${number(n)} multiply-adds`);

export const words = {
  // Layers
  fault: (why) => `${why}.`,
  cannotBuild: (why, name, i) => `Layer ${i}, ${name}, cannot be built: ${why}.`,
  doesNotFit: (why, name, i) => `Layer ${i}, ${name}, does not fit: ${why}.`,
  remainder: (formula, rest) => `${formula}, remainder ${rest}`,
  axis: "an axis",
  notHere: "it is not known here",
  wholeNumber: (name, least) =>
    `${name} must be a whole number and at least ${least}`,
  oneOrTwo: (name) => `${name} must be one number or two`,
  maps: (shape) => `it takes maps (channels, height, width) and gets ${shape}`,
  wide: (window, input) =>
    `its window of ${window} is wider than its input of ${input}`,
  channels: (takes, gets) => `it takes ${takes} channels and gets ${gets}`,
  features: (takes, gets) => `it takes ${takes} numbers and gets ${gets}`,
  padding: "its padding is too wide",
  trueOrFalse: (name) => `${name} must be True or False`,
  lastAxis: "only the last axis is used: is a Flatten missing?",

  // The figure
  columns: ["layer", "output", "parameters", "multiply-adds", "sees"],
  caption:
    "A box is higher for larger feature maps, wider for more of them. Its side: " +
    "⌊(side + 2·padding − kernel_size) / stride⌋ + 1. Sees: pixels in a row.",
  scroll: "Layer by layer",
  box: "The net, to be changed",
  image: "The image",
  sides: ["Channels", "Height", "Width"],
  presets: "Sizes",
  own: "other sizes",
  sizes: {
    "1×28×28": "Fashion-MNIST",
    "1×224×224": "Fashion-MNIST, enlarged",
    "3×32×32": "CIFAR-10",
    "3×224×224": "ImageNet",
    "3×227×227": "ImageNet, 227",
  },
  reset: "Start again",
  train: "Train it here",
  input: "input",
  total: "total",
  soFar: "so far",
  all: "all",
  unsure: "?",
  line: (n) => `Line ${n}: `,
  summary: ({ layers, parameters, macs }) =>
    `${layersOf(layers.length)}, ${parametersOf(parameters)}, ${macsOf(macs)} for one image.`,
  noReader: "What reads code did not load.",
};
