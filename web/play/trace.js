// What each layer does to a shape, and what it costs; as the book's d2l_lite.shapes.
// It keeps to PyTorch in evaluation mode, the order of its complaints included.
import { number } from "./dom.js";
import { Problem, parse, valueOf } from "./parse.js";
import { words } from "./tracer_words.js";

const BYTES_PER_NUMBER = 4; // float32

// Follow a shape such as [1, 1, 224, 224] through the net in `text`. The rows end at
// the first layer that does not fit, and `failure` says why. Nothing is thrown.
// This module knows the book's layers; any_net.js brings the others and real Python.
export function trace(text, inputShape, read = parse, build = buildPlain) {
  const totals = { parameters: 0, macs: 0, activationBytes: 0 };
  const result = { inputShape, layers: [], rows: [], notes: [], failure: null, ...totals };
  let calls = [];
  attempt(result, () => ({ layers: calls, notes: result.notes } = read(text)));
  // The arguments of all layers are looked at before the first layer runs.
  calls.every((call, i) =>
    attempt(result, () => result.layers.push(build(call)), call, i, "cannotBuild"));
  let shape = inputShape;
  let field = { seen: [1, 1], step: [1, 1] };
  const counted = new Set(); // weights that are used again count once
  const run = (layer, call) => {
    const output = layer.forward(layer.values, shape);
    if (counted.has(call)) output.parameters = 0;
    counted.add(call);
    shape = output.shape;
    field = grow(field, output);
    addRow(result, layer, output, field);
  };
  result.layers.every((layer, i) =>
    attempt(result, () => run(layer, calls[i]), layer, i, "doesNotFit"));
  return result;
}

// A shape without its batch: [1, 96, 54, 54] is 96×54×54.
export function by(shape) {
  return shape.slice(1).map(number).join("×");
}

// Layers of a kind have one colour everywhere.
export function kindOf(name) {
  const kinds = ["conv", "pool", "linear"];
  return kinds.find((kind) => name.toLowerCase().includes(kind)) ?? "";
}

// Do `work`, unless there is a problem; the first one stays.
function attempt(result, work, layer, index = null, fault = "fault") {
  try {
    work();
    return true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    const { position } = layer && !problem.position ? layer : problem;
    const { message: why, torch, isOpen = false } = problem;
    const message = words[fault](why, layer?.name, index);
    const told = { fault, why, name: layer?.name, message };
    result.failure ??= { layer: index, ...told, position, torch, isOpen };
    return false;
  }
}

function addRow(result, { name: layer, position }, output, field) {
  const { shape, formula = "", note = "", parameters = 0, macs = 0 } = output;
  const activationBytes = product(shape) * BYTES_PER_NUMBER;
  const receptiveField = field?.seen.map(Math.ceil) ?? null; // null: the whole input
  const costs = { parameters, macs, activationBytes };
  const row = { layer, position, outputShape: shape, formula, note, receptiveField, ...costs };
  result.rows.push(row);
  for (const [name, cost] of Object.entries(costs)) result[name] += cost;
}

// A window of k pixels adds k - 1 steps; its stride makes all later steps longer.
function grow(field, { window, mixesAll }) {
  if (mixesAll || !field) return null;
  if (!window) return field;
  const seen = field.seen.map((n, i) => n + (window.reach[i] - 1) * field.step[i]);
  return { seen, step: field.step.map((n, i) => n * window.stride[i]) };
}

function buildPlain({ name, position, values, named }) {
  const { slots, forward } = LAYERS[name] ?? fail(words.notHere);
  // What is left out is what PyTorch takes for it.
  const bound = slots && Object.fromEntries(slots.map(([key, standard], place) =>
    [key, place < values.length ? values[place] : named.get(key) ?? standard]));
  return { name, position, values: bound, forward };
}

export function fail(why, torch = "") {
  throw new Problem(why, 0, torch);
}

export const product = (numbers) => numbers.reduce((a, b) => a * b, 1);
export const list = (shape) => `[${shape.join(", ")}]`;

export function whole(value, name, least = 1) {
  if (Number.isSafeInteger(value) && value >= least) return value;
  return fail(words.wholeNumber(name, least));
}

// Height and width: 3 is (3, 3).
export function pair(value, name, least = 1) {
  const [height, width = height, ...more] = [value].flat();
  if (more.length) fail(words.oneOrTwo(name));
  return [height, width].map((side) => whole(side, name, least));
}

export function wantMaps(shape, torch) {
  if (shape.length === 3 || shape.length === 4) return;
  fail(words.maps(list(shape)), torch);
}

// The chapter's formula, for height and width.
function slide(shape, size, stride, padding, dilation, ceil = false) {
  const inputs = shape.slice(-2);
  const reach = size.map((k, i) => dilation[i] * (k - 1) + 1);
  const formulas = new Set();
  const sides = inputs.map((n, i) => {
    const span = n + 2 * padding[i] - reach[i];
    let side = (ceil ? Math.ceil : Math.floor)(span / stride[i]) + 1;
    // With ceil_mode the last window must still begin on the image.
    if (ceil && (side - 1) * stride[i] >= n + padding[i]) side--;
    const padded = padding[i] ? `${n} + 2·${padding[i]}` : n;
    const [left, right] = ceil ? "⌈⌉" : "⌊⌋";
    const rest = !ceil && span % stride[i];
    const quotient = `${left}(${padded} − ${reach[i]}) / ${stride[i]}${right}`;
    const found = `${quotient} + 1 = ${side}`;
    formulas.add(rest ? words.remainder(found, rest) : found);
    return side;
  });
  const formula = [...formulas].join("; ");
  return { inputs, sides, formula, window: { reach, stride } };
}

function wantPlaces({ inputs, sides, window }, torch) {
  const i = sides.findIndex((side) => side < 1);
  if (i < 0) return;
  const windowSide = window.reach[i];
  fail(words.wide(windowSide, inputs[i]), torch);
}

export function conv(a, shape) {
  const { in_channels: channels, out_channels: filters, groups } = a;
  whole(filters, "out_channels");
  if (a.kernel_size.length === 1) fail(words.oneOrTwo("kernel_size"));
  const size = pair(a.kernel_size, "kernel_size");
  const stride = pair(a.stride, "stride");
  const dilation = pair(a.dilation, "dilation");
  const padding = paddingOf(a.padding, size, dilation);
  wantMaps(shape, "Expected 3D (unbatched) or 4D (batched) input to conv2d, " +
    `but got input of size: ${list(shape)}`);
  const weight = [filters, channels / groups, ...size];
  const got = shape.at(-3);
  if (got !== channels) {
    fail(words.channels(channels, got),
      `Given groups=${groups}, weight of size ${list(weight)}, expected ` +
      `input${list([1, ...shape].slice(-4))} to have ${channels} channels, ` +
      `but got ${got} channels instead`);
  }
  const places = slide(shape, size, stride, padding, dilation);
  const padded = places.inputs.map((n, i) => n + 2 * padding[i]);
  wantPlaces(places, "Calculated padded input size per channel: " +
    `(${padded.join(" x ")}). Kernel size: (${places.window.reach.join(" x ")}). ` +
    "Kernel size can't be greater than actual input size");
  const output = [...shape.slice(0, -3), filters, ...places.sides];
  return {
    ...places,
    shape: output,
    parameters: product(weight) + (a.bias ? filters : 0),
    macs: product(output) * product(weight.slice(1)),
  };
}

export function paddingOf(padding, size, dilation) {
  if (padding === "valid") return [0, 0];
  if (padding === "same") return size.map((k, i) => (dilation[i] * (k - 1)) / 2);
  return pair(padding, "padding", 0);
}

function pool(a, shape) {
  wantMaps(shape);
  const size = pair(a.kernel_size, "kernel_size");
  const isSet = a.stride !== null && a.stride.length !== 0;
  const stride = isSet ? pair(a.stride, "stride") : size;
  const padding = pair(a.padding, "padding", 0);
  if (padding.some((p, i) => 2 * p > size[i])) fail(words.padding);
  if (typeof a.ceil_mode !== "boolean") fail(words.trueOrFalse("ceil_mode"));
  const dilation = pair(a.dilation ?? 1, "dilation");
  const places = slide(shape, size, stride, padding, dilation, a.ceil_mode);
  const output = [shape.at(-3), ...places.sides];
  wantPlaces(places, `Given input size: (${shape.slice(-3).join("x")}). ` +
    `Calculated output size: (${output.join("x")}). Output size is too small`);
  return { ...places, shape: [...shape.slice(0, -2), ...places.sides] };
}

export function linear({ in_features: takes, out_features: gives, bias }, shape) {
  const [n, ...batch] = [...shape].reverse();
  if (n !== takes) {
    fail(words.features(number(takes), number(n)),
      "mat1 and mat2 shapes cannot be multiplied " +
      `(${product(batch)}x${n} and ${takes}x${gives})`);
  }
  const output = [...shape.slice(0, -1), gives];
  return {
    shape: output,
    formula: `${number(n)} → ${number(gives)}`,
    note: batch.length > 1 ? words.lastAxis : "",
    parameters: gives * (n + (bias ? 1 : 0)),
    macs: product(output) * n,
    mixesAll: true,
  };
}

export function axis(value, shape) {
  const n = shape.length;
  whole(value, words.axis, -Infinity);
  if (value >= -n && value < n) return (value + n) % n;
  const range = `expected to be in range of [${-n}, ${n - 1}], but got ${value}`;
  return fail(`Dimension out of range (${range})`);
}

function flatten({ start_dim: first, end_dim: last }, shape) {
  const [start, stop] = [axis(first, shape), axis(last, shape) + 1];
  if (start >= stop) {
    fail("flatten() has invalid args: start_dim cannot come after end_dim");
  }
  const sides = shape.slice(start, stop);
  const formula = `${sides.join(" · ")} = ${number(product(sides))}`;
  const output = [...shape.slice(0, start), product(sides), ...shape.slice(stop)];
  return { shape: output, formula, mixesAll: true };
}

export function same(a, shape) {
  return { shape };
}

// A layer's arguments as in PyTorch, what it does to a shape, and a first look at them.
export function layer(signature, forward = same, check = () => {}) {
  const slots = signature.split(", ").filter(Boolean).map((slot) => {
    const [name, standard] = slot.split("=");
    return [name, standard && valueOf(standard)];
  });
  return { slots, forward, check };
}

export const PLACE = "device=None, dtype=None";
export const CONV = "out_channels, kernel_size, stride=1, padding=0, dilation=1, " +
  `groups=1, bias=True, padding_mode='zeros', ${PLACE}`;
export const INDICES = "return_indices=False";
const POOL = "kernel_size, stride=None, padding=0";
const PLAIN = layer("");
export const LAYERS = {
  Conv2d: layer(`in_channels, ${CONV}`, conv),
  MaxPool2d: layer(`${POOL}, dilation=1, ${INDICES}, ceil_mode=False`, pool),
  AvgPool2d: layer(
    `${POOL}, ceil_mode=False, count_include_pad=True, divisor_override=None`, pool,
  ),
  Linear: layer(`in_features, out_features, bias=True, ${PLACE}`, linear),
  Flatten: layer("start_dim=1, end_dim=-1", flatten),
  Dropout: layer("p=0.5, inplace=False"),
  ReLU: layer("inplace=False"),
  Sigmoid: PLAIN,
  Tanh: PLAIN,
};
