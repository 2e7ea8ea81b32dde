// What each layer does to a shape, and what it costs; as the book's d2l_lite.shapes.
// It keeps to PyTorch in evaluation mode, the order of its complaints included.
import { number } from "./dom.js";
import { Call, Problem, parse } from "./parse.js";

const BYTES_PER_NUMBER = 4; // float32

// Follow a shape such as [1, 1, 224, 224] through the net in `text`. The rows end at
// the first layer that does not fit, and `failure` says why. Nothing is thrown.
export function trace(text, inputShape) {
  const totals = { parameters: 0, macs: 0, activationBytes: 0 };
  const result = { inputShape, layers: [], rows: [], failure: null, ...totals };
  let calls = [];
  attempt(result, () => (calls = leaves(parse(text))));
  // The arguments of all layers are looked at before the first layer runs.
  calls.every((call, i) =>
    attempt(result, () => result.layers.push(build(call)), call, i, "cannot be built"));
  let shape = inputShape;
  let field = { seen: [1, 1], step: [1, 1] };
  const run = (layer) => {
    const output = layer.forward(layer.values, shape);
    shape = output.shape;
    field = grow(field, output);
    addRow(result, layer.name, output, field);
  };
  result.layers.every((layer, i) =>
    attempt(result, () => run(layer), layer, i, "does not fit"));
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
function attempt(result, work, layer, index = null, what) {
  try {
    work();
    return true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    const where = layer ? `Layer ${index}, ${layer.name}, ${what}: ` : "";
    const message = `${where}${problem.message}.`;
    const { position } = layer ?? problem;
    result.failure ??= { layer: index, message, position, torch: problem.torch };
    return false;
  }
}

function addRow(result, layer, output, field) {
  const { shape, formula = "", note = "", parameters = 0, macs = 0 } = output;
  const activationBytes = product(shape) * BYTES_PER_NUMBER;
  const receptiveField = field?.seen.map(Math.ceil) ?? null; // null: the whole input
  const costs = { parameters, macs, activationBytes };
  const row = { layer, outputShape: shape, formula, note, receptiveField, ...costs };
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

// The calls in order, nested nn.Sequential unpacked.
function leaves(value, position = 0) {
  if (!(value instanceof Call)) {
    throw new Problem("here a layer is wanted, such as nn.ReLU()", position);
  }
  if (value.name !== "Sequential") return [value];
  return [...value.values, ...value.named.keys()].flatMap((child) =>
    leaves(child, value.position));
}

function build({ name, position, values, named }) {
  if (!Object.hasOwn(LAYERS, name)) {
    const isNear = (known) => known.toLowerCase() === name.toLowerCase();
    const near = Object.keys(LAYERS).find(isNear);
    const hint = near ? `; nn.${near} is` : "";
    fail(`it is not known here${hint}`);
  }
  const { slots, forward, check } = LAYERS[name];
  const bound = slots ? bind(slots, values, named) : {};
  if (bound.return_indices) fail("return_indices is not known here");
  check?.(bound);
  return { name, position, values: bound, forward };
}

// Give each argument its name, and what is left out what PyTorch takes for it.
function bind(slots, values, named) {
  if (values.length > slots.length) fail(`it takes ${slots.length} arguments at most`);
  const names = slots.map(([name]) => name);
  for (const name of named.keys()) {
    const place = names.indexOf(name);
    if (place < 0) fail(`it has no argument ${name}`);
    if (place < values.length) fail(`its argument ${name} is given twice`);
  }
  if ([...values, ...named.values()].some((value) => value instanceof Call)) {
    fail("its arguments must be numbers");
  }
  return Object.fromEntries(slots.map(([name, standard], place) => {
    if (place < values.length) return [name, values[place]];
    if (named.has(name)) return [name, named.get(name)];
    if (standard === undefined) fail(`its argument ${name} is missing`);
    return [name, standard];
  }));
}

function fail(why, torch = "") {
  throw new Problem(why, 0, torch);
}

const product = (numbers) => numbers.reduce((a, b) => a * b, 1);
const list = (shape) => `[${shape.join(", ")}]`;

function whole(value, name, least = 1) {
  if (Number.isSafeInteger(value) && value >= least) return value;
  return fail(`${name} must be a whole number and at least ${least}`);
}

// Height and width: 3 is (3, 3).
function pair(value, name, least = 1) {
  const [height, width = height, ...more] = [value].flat();
  if (more.length) fail(`${name} must be one number or two`);
  return [height, width].map((side) => whole(side, name, least));
}

function wantMaps(shape, torch) {
  if (shape.length === 3 || shape.length === 4) return;
  fail(`it takes maps (channels, height, width) and gets ${list(shape)}`, torch);
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
    const end = rest ? `, remainder ${rest}` : "";
    formulas.add(`${quotient} + 1 = ${side}${end}`);
    return side;
  });
  const formula = [...formulas].join("; ");
  return { inputs, sides, formula, window: { reach, stride } };
}

function wantPlaces({ inputs, sides, window }, torch) {
  const i = sides.findIndex((side) => side < 1);
  if (i < 0) return;
  const windowSide = window.reach[i];
  fail(`its window of ${windowSide} is wider than its input of ${inputs[i]}`, torch);
}

function checkConv(a) {
  whole(a.groups, "groups");
  whole(a.out_channels, "out_channels", 0);
  pair(a.kernel_size, "kernel_size", 0);
  if (a.padding_mode !== "zeros") fail("only padding_mode='zeros' is known here");
  if (typeof a.padding === "string" && !/^(same|valid)$/.test(a.padding)) {
    fail(`Invalid padding string '${a.padding}', should be one of {'valid', 'same'}`);
  }
  if (a.padding === "same" && [a.stride].flat().some((stride) => stride !== 1)) {
    fail("padding='same' is not supported for strided convolutions");
  }
  if ("in_channels" in a) checkGroups(a);
}

function checkGroups(a) {
  for (const name of ["in_channels", "out_channels"]) {
    if (whole(a[name], name, 0) % a.groups) fail(`${name} must be divisible by groups`);
  }
}

function conv(a, shape) {
  const { in_channels: channels, out_channels: filters, groups } = a;
  whole(filters, "out_channels");
  if (a.kernel_size.length === 1) fail("kernel_size must be one number or two");
  const size = pair(a.kernel_size, "kernel_size");
  const stride = pair(a.stride, "stride");
  const dilation = pair(a.dilation, "dilation");
  const padding = paddingOf(a.padding, size, dilation);
  wantMaps(shape, "Expected 3D (unbatched) or 4D (batched) input to conv2d, " +
    `but got input of size: ${list(shape)}`);
  const weight = [filters, channels / groups, ...size];
  const got = shape.at(-3);
  if (got !== channels) {
    fail(`it takes ${channels} channels and gets ${got}`,
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

// The first input tells a lazy layer how many channels there are.
function lazyConv(a, shape) {
  wantMaps(shape);
  const known = { ...a, in_channels: shape.at(-3) };
  checkGroups(known);
  return conv(known, shape);
}

function paddingOf(padding, size, dilation) {
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
  if (padding.some((p, i) => 2 * p > size[i])) fail("its padding is too wide");
  if (typeof a.ceil_mode !== "boolean") fail("ceil_mode must be True or False");
  const dilation = pair(a.dilation ?? 1, "dilation");
  const places = slide(shape, size, stride, padding, dilation, a.ceil_mode);
  const output = [shape.at(-3), ...places.sides];
  wantPlaces(places, `Given input size: (${shape.slice(-3).join("x")}). ` +
    `Calculated output size: (${output.join("x")}). Output size is too small`);
  return { ...places, shape: [...shape.slice(0, -2), ...places.sides] };
}

// Windows that together cover the map; where their widths differ, the widest counts.
function adaptivePool(a, shape) {
  const { output_size: wanted } = a;
  const isPair = Array.isArray(wanted);
  if (isPair && wanted.length !== 2) fail("output_size must be one number or two");
  const inputs = shape.slice(-2);
  const sides = inputs.map((n, i) => (isPair ? wanted[i] ?? n : wanted));
  sides.forEach((side) => whole(side, "output_size"));
  // For the mean of everything PyTorch also takes a matrix.
  const isMean = wanted === 1 && !("return_indices" in a);
  if (!isMean || shape.length !== 2) wantMaps(shape);
  const stride = inputs.map((n, i) => n / sides[i]);
  const reach = inputs.map((n, i) =>
    Math.ceil(stride[i]) + (sides[i] % (n % sides[i]) ? 1 : 0));
  const formula = "the side is given";
  const window = { reach, stride };
  return { shape: [...shape.slice(0, -2), ...sides], formula, window };
}

function checkLinear(a) {
  if ("in_features" in a) whole(a.in_features, "in_features", 0);
  whole(a.out_features, "out_features", 0);
}

function linear({ in_features: takes, out_features: gives, bias }, shape) {
  const [n, ...batch] = [...shape].reverse();
  if (n !== takes) {
    fail(`it takes ${number(takes)} numbers and gets ${number(n)}`,
      "mat1 and mat2 shapes cannot be multiplied " +
      `(${product(batch)}x${n} and ${takes}x${gives})`);
  }
  const output = [...shape.slice(0, -1), gives];
  return {
    shape: output,
    formula: `${number(n)} → ${number(gives)}`,
    note: batch.length > 1 ? "only the last axis is used: is a Flatten missing?" : "",
    parameters: gives * (n + (bias ? 1 : 0)),
    macs: product(output) * n,
    mixesAll: true,
  };
}

function lazyLinear(a, shape) {
  return linear({ ...a, in_features: shape.at(-1) }, shape);
}

function axis(value, shape) {
  const n = shape.length;
  whole(value, "an axis", -Infinity);
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

function batchNorm(words, dimensions) {
  return ({ num_features: n, affine, bias, track_running_stats: tracks }, shape) => {
    if (!dimensions.includes(shape.length)) {
      fail(`expected ${words} input (got ${shape.length}D input)`);
    }
    if (!tracks && product(shape) === shape[1]) {
      fail("Expected more than 1 value per channel when training, " +
        `got input size torch.Size(${list(shape)})`);
    }
    if (shape[1] !== n && (affine || tracks)) {
      fail(`it takes ${n} channels and gets ${shape[1]}`,
        `${tracks ? "running_mean" : "weight"} should contain ` +
        `${shape[1]} elements not ${n}`);
    }
    return { shape, parameters: affine ? n * (bias ? 2 : 1) : 0 };
  };
}

function softmax({ dim }, shape) {
  if (dim !== null) axis(dim, shape);
  return { shape };
}

function checkDropout({ p }) {
  if (typeof p !== "string" && p !== null && p >= 0 && p <= 1) return;
  fail("dropout probability has to be between 0 and 1");
}

function same(a, shape) {
  return { shape };
}

const checkNorm = (a) => whole(a.num_features, "num_features");

// A layer's arguments as in PyTorch, what it does to a shape, and a first look at them.
function layer(signature, forward = same, check) {
  const slots = signature.split(", ").filter(Boolean).map((slot) => {
    const [name, standard] = slot.split("=");
    return [name, standard && parse(standard)];
  });
  return { slots, forward, check };
}

const PLACE = "device=None, dtype=None";
const CONV = "out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, " +
  `bias=True, padding_mode='zeros', ${PLACE}`;
const NORM = "num_features, eps=1e-05, momentum=0.1, affine=True, " +
  `track_running_stats=True, ${PLACE}, bias=True`;
const LINEAR = `out_features, bias=True, ${PLACE}`;
const POOL = "kernel_size, stride=None, padding=0";
const INDICES = "return_indices=False";
const DROPOUT = layer("p=0.5, inplace=False", same, checkDropout);
const SOFTMAX = layer("dim=None", softmax);
const IN_PLACE = layer("inplace=False");
const PLAIN = layer("");
const LAYERS = {
  Conv2d: layer(`in_channels, ${CONV}`, conv, checkConv),
  LazyConv2d: layer(CONV, lazyConv, checkConv),
  MaxPool2d: layer(`${POOL}, dilation=1, ${INDICES}, ceil_mode=False`, pool),
  AvgPool2d: layer(
    `${POOL}, ceil_mode=False, count_include_pad=True, divisor_override=None`, pool,
  ),
  AdaptiveAvgPool2d: layer("output_size", adaptivePool),
  AdaptiveMaxPool2d: layer(`output_size, ${INDICES}`, adaptivePool),
  BatchNorm1d: layer(NORM, batchNorm("2D or 3D", [2, 3]), checkNorm),
  BatchNorm2d: layer(NORM, batchNorm("4D", [4]), checkNorm),
  Linear: layer(`in_features, ${LINEAR}`, linear, checkLinear),
  LazyLinear: layer(LINEAR, lazyLinear, checkLinear),
  Flatten: layer("start_dim=1, end_dim=-1", flatten),
  Dropout: DROPOUT,
  Dropout2d: DROPOUT,
  Softmax: SOFTMAX,
  LogSoftmax: SOFTMAX,
  ReLU: IN_PLACE,
  LeakyReLU: layer("negative_slope=0.01, inplace=False"),
  SiLU: IN_PLACE,
  GELU: layer("approximate='none'"),
  Sigmoid: PLAIN,
  Tanh: PLAIN,
  Identity: { forward: same }, // it takes any arguments
};
