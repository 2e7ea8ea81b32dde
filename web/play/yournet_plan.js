// From a traced net to a plan that is trained here, or the sentence why not.
//
// plan(traced, { minibatch }) takes what any_net.js's trace(text, [1, 1, 28, 28]) returns,
// and answers
//   { refusal, layer }: a sentence for the reader; layer: its place in traced.layers, or
//     null where it is about the whole net (what the tracer itself finds wrong included);
//   { layers, parameters, macs, refusal: null } otherwise: layers is a list of plain
//     objects, ready to be posted to the worker, each with row, its place in traced.rows;
//     parameters and macs (multiply-adds of one image, forward) are the tracer's.
// It runs on the page, at each change of the text; it builds nothing. What memory and time
// a plan takes the worker says (yournet_worker.js, "estimate").
import { pair, paddingOf } from "./trace.js";
import { truth } from "./truth.js";
import { words } from "./yournet_words.js";

const classes = 10;
export const mostInMinibatch = 500;

class Refusal extends Error {}

function refuse(why) {
  throw new Refusal(why);
}

export function plan(traced, { minibatch }) {
  const { rows, layers, failure, parameters, macs } = traced;
  if (failure) return { refusal: failure.message, layer: failure.layer };
  let layer = null;
  try {
    if (!rows.length) refuse(words.empty);
    if (!(Number.isInteger(minibatch) && minibatch >= 1 && minibatch <= mostInMinibatch)) {
      refuse(words.minibatch(mostInMinibatch));
    }
    let shape = traced.inputShape;
    const planned = layers.map(({ name, values }, row) => {
      layer = row;
      const isLast = row === layers.length - 1;
      const made = planOf(name, values, shape, rows[row], minibatch, isLast);
      shape = rows[row].outputShape;
      return { row, ...made };
    });
    layer = null;
    if (shape.length !== 2 || shape[1] !== classes) {
      refuse(words.end(classes, shape.slice(1).join("×")));
    }
    if (!parameters) refuse(words.nothingToLearn);
    return { layers: planned.filter(({ kind }) => kind), parameters, macs, refusal: null };
  } catch (problem) {
    if (!(problem instanceof Refusal)) throw problem;
    const where = layer === null ? "" : words.layer(layer, layers[layer].name);
    return { refusal: where + problem.message, layer };
  }
}

// What a layer does to numbers: its kind, the shape of one input, and its settings.
// Layers that only reshape are left out: the numbers lie as they lay.
function planOf(name, values, [, ...shape], { outputShape, parameters }, minibatch, isLast) {
  const kind = name.replace(/^Lazy/, "");
  if (!Object.hasOwn(kinds, kind)) refuse(words.kind(name, Object.keys(kinds)));
  const batch = outputShape[0] === 1;
  if (!batch || ![2, 4].includes(outputShape.length)) refuse(words.shape(outputShape));
  const settings = kinds[kind](values, shape, minibatch, isLast);
  // The tracer counts weights that are used again once.
  if (settings.weights && !parameters) refuse(words.shared);
  return settings.kind ? { ...settings, shape } : {};
}

const nothing = () => ({});
const activation = (type) => () => ({ kind: "Activation", type });

function wantMaps(shape) {
  if (shape.length !== 3) refuse(words.maps);
}

function pool(type) {
  return (a, shape) => {
    wantMaps(shape);
    if (a.ceil_mode) refuse(words.not("ceil_mode"));
    if (pair(a.dilation ?? 1, "dilation").some((step) => step > 1)) refuse(words.not("dilation"));
    if (a.divisor_override ?? null) refuse(words.not("divisor_override"));
    const isSet = a.stride !== null && a.stride.length !== 0;
    const kernelSize = pair(a.kernel_size, "kernel_size");
    const stride = isSet ? pair(a.stride, "stride") : kernelSize;
    const padding = pair(a.padding, "padding", 0);
    const countsPadding = a.count_include_pad ?? true;
    return { kind: "Pool", type, pooling: { kernelSize, stride, padding, countsPadding } };
  };
}

function adaptivePool(type) {
  return ({ output_size: wanted }, shape) => {
    wantMaps(shape);
    const [, ...sides] = shape;
    const given = [wanted, wanted].flat().slice(0, 2);
    return { kind: "Pool", type, pooling: { sides: sides.map((n, i) => given[i] ?? n) } };
  };
}

function norm(a, [, ...sides], minibatch) {
  const places = sides.reduce((x, y) => x * y, 1);
  if (minibatch * places === 1) refuse(words.alone);
  return {
    kind: "BatchNorm",
    weights: truth(a.affine),
    eps: Number(a.eps),
    momentum: a.momentum === null ? null : Number(a.momentum),
    affine: truth(a.affine),
    bias: truth(a.bias),
    tracks: truth(a.track_running_stats),
  };
}

const kinds = {
  Conv2d(a, shape) {
    wantMaps(shape);
    if (a.padding_mode !== "zeros") refuse(words.not("padding_mode"));
    const kernelSize = pair(a.kernel_size, "kernel_size");
    const dilation = pair(a.dilation, "dilation");
    return {
      kind: "Conv2d",
      weights: true,
      channels: a.out_channels,
      kernelSize,
      padding: paddingOf(a.padding, kernelSize, dilation),
      stride: pair(a.stride, "stride"),
      dilation,
      groups: a.groups,
      bias: truth(a.bias),
    };
  },
  Linear(a, shape) {
    if (shape.length > 1) refuse(words.lastAxis);
    return { kind: "Linear", weights: true, features: a.out_features, bias: truth(a.bias) };
  },
  MaxPool2d: pool("max"),
  AvgPool2d: pool("average"),
  AdaptiveAvgPool2d: adaptivePool("average"),
  AdaptiveMaxPool2d: adaptivePool("max"),
  BatchNorm1d: norm,
  BatchNorm2d: norm,
  Dropout: ({ p }) => ({ kind: "Dropout", p: Number(p), dropsMaps: false }),
  Dropout2d: ({ p }) => ({ kind: "Dropout", p: Number(p), dropsMaps: true }),
  ReLU: activation("ReLU"),
  LeakyReLU: (a) => ({ kind: "Activation", type: "LeakyReLU", setting: Number(a.negative_slope) }),
  GELU({ approximate }) {
    if (approximate !== "none") refuse(words.not(`approximate="${approximate}"`));
    return { kind: "Activation", type: "GELU" };
  },
  SiLU: activation("SiLU"),
  Sigmoid: activation("sigmoid"),
  Tanh: activation("tanh"),
  Flatten: nothing,
  Identity: nothing,
  Unflatten: nothing,
  view: nothing,
  reshape: nothing,
  squeeze: nothing,
  Softmax: () => refuse(words.softmax),
  // At the end it changes neither the loss nor a gradient: the loss takes it of itself.
  LogSoftmax({ dim }, shape, minibatch, isLast) {
    if (!isLast || shape.length > 1 || ![1, -1, null].includes(dim)) refuse(words.softmax);
    return {};
  },
};
