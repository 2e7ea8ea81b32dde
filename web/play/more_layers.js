// The layers that the book's own nets do not use, and a first look at all arguments.
import { number } from "./dom.js";
import { BATCH, Unknown, complaint } from "./expressions.js";
import { Problem } from "./parse.js";
import { CONV, INDICES, LAYERS, PLACE, axis, conv, fail, layer } from "./trace.js";
import { linear, list, pair, paddingOf, product, same, wantMaps, whole } from "./trace.js";
import { words } from "./python_words.js";
import { words as core } from "./tracer_words.js";

const MODES = ["circular", "reflect", "replicate", "zeros"];

function checkConv(a) {
  whole(a.groups, "groups");
  whole(a.out_channels, "out_channels", 0);
  pair(a.kernel_size, "kernel_size", 0);
  if (!MODES.includes(a.padding_mode)) {
    fail(`padding_mode must be one of {'${MODES.join("', '")}'}, ` +
      `but got padding_mode='${a.padding_mode}'`);
  }
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

// Padding that repeats the map can add only as much as is there.
function wantRoom(mode, sides, shape) {
  const [top, left, bottom = top, right = left] = sides;
  [[left, right], [top, bottom]].forEach(([before, after], i) => {
    const n = shape.at(-1 - i);
    if (mode === "circular" && Math.max(before, after) > n) {
      fail("Padding value causes wrapping around more than once");
    }
    if (mode === "reflect" && Math.max(before, after) >= n) {
      fail(`Argument #${4 + 2 * i}: Padding size should be less than the ` +
        `corresponding input dimension, but got: padding (${before}, ${after}) ` +
        `at dimension ${shape.length - 1 - i} of input ${list(shape)}`);
    }
  });
}

function paddedConv(a, shape) {
  if (a.padding_mode !== "zeros") {
    wantMaps(shape);
    const size = pair(a.kernel_size, "kernel_size");
    wantRoom(a.padding_mode, paddingOf(a.padding, size, pair(a.dilation, "dilation")), shape);
  }
  return conv(a, shape);
}

// The first input tells a lazy layer how many channels there are.
function lazyConv(a, shape) {
  wantMaps(shape);
  const known = { ...a, in_channels: shape.at(-3) };
  checkGroups(known);
  return paddedConv(known, shape);
}

// Windows that together cover the map; where their widths differ, the widest counts.
function adaptivePool(a, shape) {
  const { output_size: wanted } = a;
  const isPair = Array.isArray(wanted);
  if (isPair && wanted.length !== 2) fail(core.oneOrTwo("output_size"));
  const inputs = shape.slice(-2);
  const sides = inputs.map((n, i) => (isPair ? wanted[i] ?? n : wanted));
  sides.forEach((side) => whole(side, "output_size"));
  // For the mean of everything PyTorch also takes a matrix.
  const isMean = wanted === 1 && !("return_indices" in a);
  if (!isMean || shape.length !== 2) wantMaps(shape);
  const stride = inputs.map((n, i) => n / sides[i]);
  const reach = inputs.map((n, i) =>
    Math.ceil(stride[i]) + (sides[i] % (n % sides[i]) ? 1 : 0));
  const formula = words.sideGiven;
  const window = { reach, stride };
  return { shape: [...shape.slice(0, -2), ...sides], formula, window };
}

function checkLinear(a) {
  if ("in_features" in a) whole(a.in_features, "in_features", 0);
  whole(a.out_features, "out_features", 0);
}

function lazyLinear(a, shape) {
  return linear({ ...a, in_features: shape.at(-1) }, shape);
}

function batchNorm(sizes, dimensions) {
  return ({ num_features: n, affine, bias, track_running_stats: tracks }, shape) => {
    if (!dimensions.includes(shape.length)) {
      fail(`expected ${sizes} input (got ${shape.length}D input)`);
    }
    if (!tracks && product(shape) === shape[1]) {
      fail("Expected more than 1 value per channel when training, " +
        `got input size torch.Size(${list(shape)})`);
    }
    if (shape[1] !== n && (affine || tracks)) {
      fail(core.channels(n, shape[1]),
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
  fail(`dropout probability has to be between 0 and 1, but got ${p}`);
}

const checkNorm = (a) => whole(a.num_features, "num_features");

function groupNorm({ num_groups: groups, num_channels: n, affine, bias }, shape) {
  if (shape.length < 2) {
    fail(`Expected at least 2 dimensions for input tensor but received ${shape.length}`);
  }
  const size = [shape[0] * Math.floor(shape[1] / groups), groups, ...shape.slice(2)];
  if (product(size) === groups) {
    fail(`Expected more than 1 value per channel when training, got input size ${list(size)}`);
  }
  if (shape[1] % groups) {
    fail("Expected number of channels in input to be divisible by num_groups, " +
      `but got input of shape ${list(shape)} and num_groups=${groups}`);
  }
  if (affine && shape[1] !== n) {
    fail(core.channels(n, shape[1]), "Expected weight to be a vector of size equal to " +
      `the number of channels in input, but got weight of shape [${n}] and input of ` +
      `shape ${list(shape)}`);
  }
  return { shape, parameters: affine ? n * (bias ? 2 : 1) : 0 };
}

function checkGroupNorm({ num_groups: groups, num_channels: n }) {
  whole(groups, "num_groups");
  whole(n, "num_channels");
  if (n % groups) fail(`num_channels (${n}) must be divisible by num_groups (${groups})`);
}

function instanceNorm({ num_features: n, affine, bias, track_running_stats: tracks }, shape) {
  if (shape.length !== 3 && shape.length !== 4) {
    fail(`expected 3D or 4D input (got ${shape.length}D input)`);
  }
  if (shape.at(-3) !== n && affine) {
    fail(core.channels(n, shape.at(-3)), "expected input's size at dim=" +
      `${shape.length - 3} to match num_features (${n}), but got: ${shape.at(-3)}.`);
  }
  if (shape.at(-3) !== n && tracks) {
    fail(core.channels(n, shape.at(-3)),
      `running_mean should contain ${shape.at(-3)} elements not ${n}`);
  }
  if (!tracks && product(shape.slice(-2)) === 1) {
    const size = shape.length === 3 ? [1, ...shape] : shape;
    fail("Expected more than 1 spatial element when training, " +
      `got input size torch.Size(${list(size)})`);
  }
  return { shape, parameters: affine ? n * (bias ? 2 : 1) : 0 };
}

function layerNorm({ normalized_shape: sides, elementwise_affine: affine, bias }, shape) {
  const last = [sides].flat();
  if (list(shape.slice(-last.length)) !== list(last) || last.length > shape.length) {
    fail(`Given normalized_shape=${list(last)}, expected input with shape ` +
      `[*, ${last.join(", ")}], but got input of size${list(shape)}`);
  }
  return { shape, parameters: affine ? product(last) * (bias ? 2 : 1) : 0 };
}

function checkLayerNorm({ normalized_shape: sides }) {
  const isRight = [sides].flat().every((side) => Number.isSafeInteger(side) && side > 0);
  if (!isRight || sides.length === 0) fail(words.wholeNumbers("normalized_shape"));
}

function prelu({ num_parameters: n }, shape) {
  const channels = shape.length > 1 ? shape[1] : 1;
  if (n !== 1 && n !== channels) {
    fail("Mismatch of parameter numbers and input channel size. Found parameter numbers = " +
      `${n} and channel size = ${channels}`);
  }
  return { shape, parameters: n };
}

// The result of a layer is a map of these sides; from it on "sees" is not told.
function enlarge(shape, sides, formula, more) {
  const output = [...shape.slice(0, -2), ...sides];
  return { shape: output, formula, window: { reach: [NaN, NaN], stride: [1, 1] }, ...more };
}

function convTranspose(a, shape) {
  const { in_channels: channels, out_channels: filters, groups } = a;
  whole(filters, "out_channels");
  const [size, stride, dilation] = [
    pair(a.kernel_size, "kernel_size"), pair(a.stride, "stride"), pair(a.dilation, "dilation"),
  ];
  const [padding, extra] = [pair(a.padding, "padding", 0), pair(a.output_padding, "output_padding", 0)];
  wantMaps(shape, "Expected 3D (unbatched) or 4D (batched) input to conv_transpose2d, " +
    `but got input of size: ${list(shape)}`);
  const got = shape.at(-3);
  const weight = [channels, filters / groups, ...size];
  if (got !== channels) {
    fail(core.channels(channels, got),
      `Given transposed=1, weight of size ${list(weight)}, expected ` +
      `input${list([1, ...shape].slice(-4))} to have ${channels} channels, ` +
      `but got ${got} channels instead`);
  }
  if (extra.some((n, i) => n >= stride[i] && n >= dilation[i])) {
    fail("output padding must be smaller than either stride or dilation, but got " +
      [["output_padding", extra], ["stride", stride], ["dilation", dilation]].map(
        ([name, [height, width]]) => `${name}_height: ${height} ${name}_width: ${width}`).join(" "));
  }
  const inputs = shape.slice(-2);
  const sides = inputs.map((n, i) =>
    (n - 1) * stride[i] - 2 * padding[i] + dilation[i] * (size[i] - 1) + extra[i] + 1);
  if (sides.some((n) => n < 1)) {
    fail(words.empty, `Given input size per channel: (${inputs.join(" x ")}). ` +
      `Calculated output size per channel: (${sides.join(" x ")}). Output size is too small`);
  }
  const formulas = inputs.map((n, i) => {
    const less = padding[i] ? ` − 2·${padding[i]}` : "";
    const more = extra[i] ? ` + ${extra[i]}` : "";
    return `(${n} − 1) · ${stride[i]}${less} + ${dilation[i] * (size[i] - 1) + 1}${more} = ${sides[i]}`;
  });
  return enlarge([...shape.slice(0, -3), filters, ...inputs], sides, [...new Set(formulas)].join("; "), {
    parameters: product(weight) + (a.bias ? filters : 0),
    macs: product(shape) * product(weight.slice(1)),
  });
}

function checkConvTranspose(a) {
  whole(a.groups, "groups");
  pair(a.kernel_size, "kernel_size", 0);
  if (a.padding_mode !== "zeros") {
    fail('Only "zeros" padding mode is supported for ConvTranspose2d');
  }
  checkGroups(a);
}

const isNumber = (value) => typeof value === "number" || value instanceof Number;

function upsample({ size, scale_factor: scale, mode, align_corners: align }, shape) {
  if (size !== null && scale !== null) fail("only one of size or scale_factor should be defined");
  if (size === null && scale === null) fail("either size or scale_factor should be defined");
  if (align !== null && mode.startsWith("nearest")) {
    fail("align_corners option can only be set with the interpolating modes: " +
      "linear | bilinear | bicubic | trilinear");
  }
  const axes = shape.slice(2);
  const isPlain = mode.startsWith("nearest");
  if (axes.length < 1 || axes.length > 3) {
    fail("Input Error: Only 3D, 4D and 5D input Tensors supported (got " +
      `${shape.length}D) for the modes: nearest | linear | bilinear | bicubic | ` +
      `trilinear | lanczos | area | nearest-exact (got ${mode})`);
  }
  if (!isPlain && axes.length !== 2) {
    fail(`Got ${shape.length}D input, but ${mode} mode needs 4D input`);
  }
  const wanted = size ?? scale;
  const each = isNumber(wanted) ? axes.map(() => wanted) : wanted;
  if (!Array.isArray(each) || each.length !== axes.length) fail(core.oneOrTwo("size"));
  if (size !== null) each.forEach((side) => whole(side, "size"));
  const sides = size === null ? axes.map((n, i) => Math.floor(n * each[i])) : each;
  if (!sides.every((side) => side >= 1)) fail(words.empty);
  const formulas = axes.map((n, i) => `⌊${n} · ${each[i]}⌋ = ${sides[i]}`);
  const formula = size === null ? [...new Set(formulas)].join("; ") : words.sideGiven;
  return { ...enlarge(shape, [], formula), shape: [...shape.slice(0, 2), ...sides] };
}

function checkUpsample({ mode }) {
  const known = ["nearest", "nearest-exact", "bilinear", "bicubic"];
  if (!known.includes(mode)) fail(words.notHereAlone(`mode='${mode}'`));
}

function pad(mode) {
  return ({ padding }, shape) => {
    const sides = isNumber(padding) ? [padding, padding, padding, padding] : padding;
    if (sides.length !== 4) fail(words.fourSides);
    sides.forEach((side) => whole(side, "padding", -Infinity));
    if (mode ? shape.length !== 3 && shape.length !== 4 : shape.length < 2) wantMaps(shape.slice(0, 2));
    const [left, right, top, bottom] = sides;
    if (mode) wantRoom(mode, [top, left, bottom, right], shape);
    const before = shape.slice(-2);
    const around = [[top, bottom], [left, right]];
    const output = before.map((n, i) => n + around[i][0] + around[i][1]);
    if (output.some((n) => n < 1)) fail(words.empty);
    const formulas = before.map((n, i) => `${n} + ${around[i].join(" + ")} = ${output[i]}`);
    const formula = [...new Set(formulas)].join("; ").replaceAll("+ -", "− ");
    return { shape: [...shape.slice(0, -2), ...output], formula };
  };
}

function unflatten({ dim, unflattened_size: sizes }, shape) {
  const place = axis(dim, shape);
  const n = shape[place];
  if (!sizes.length) fail("unflatten: sizes must be non-empty");
  const known = product(sizes.filter((size) => size !== -1));
  const isOpen = sizes.includes(-1);
  if (isOpen ? n % known : known !== n) {
    fail(`unflatten: Provided sizes ${list(sizes)} don't multiply up to the size of ` +
      `dim ${place} (${n}) in the input tensor`);
  }
  const output = sizes.map((size) => (size === -1 ? n / known : size));
  const formula = `${number(n)} = ${output.join(" · ")}`;
  const mixesAll = place >= shape.length - 2; // no longer height and width
  return { shape: shape.toSpliced(place, 1, ...output), formula, mixesAll };
}

function checkUnflatten({ unflattened_size: sizes }) {
  const isRight = Array.isArray(sizes) && sizes.every((size) => size === -1 || Number.isSafeInteger(size) && size > 0);
  if (!isRight || sizes.filter((size) => size === -1).length > 1) fail(words.wholeNumbers("unflattened_size"));
}

// Only what is known has a shape.
export function wantKnown(value) {
  if (value instanceof Unknown) throw new Problem(complaint(value), value.position);
  if (typeof value === "object" && value && !(value instanceof Number)) {
    fail(words.noLayerInside);
  }
}

// x.view(x.size(0), -1)
function view({ sizes }, shape) {
  const wanted = sizes.flat().map((size) => (size === BATCH ? shape[0] : size));
  wanted.forEach(wantKnown);
  const n = product(shape);
  const known = product(wanted.filter((size) => size !== -1));
  const isOpen = wanted.includes(-1);
  if (isOpen ? n % known : known !== n) {
    fail(core.features(number(known), number(n)),
      `shape '${list(wanted)}' is invalid for input of size ${n}`);
  }
  const output = wanted.map((size) => (size === -1 ? n / known : size));
  return { shape: output, formula: `${shape.slice(1).join(" · ")} = ${number(n / shape[0])}`, mixesAll: true };
}

function squeeze({ dim }, shape) {
  const place = dim === null ? null : axis(dim, shape);
  const output = shape.filter((n, i) => n !== 1 || (place !== null && i !== place));
  return { shape: output, mixesAll: output.length < 3 };
}

function gelu({ approximate }, shape) {
  if (!["none", "tanh"].includes(approximate)) {
    fail("approximate argument must be either none or tanh");
  }
  return { shape };
}

function lazyNorm(sizes, dimensions) {
  const norm = batchNorm(sizes, dimensions);
  return (a, shape) => norm({ ...a, num_features: shape[1] }, shape);
}

const NORM = "num_features, eps=1e-05, momentum=0.1, affine=True, " +
  `track_running_stats=True, ${PLACE}, bias=True`;
const LAZY_NORM = NORM.replace("num_features, ", "");
const LINEAR = `out_features, bias=True, ${PLACE}`;
const GROUPS = `eps=1e-05, affine=True, ${PLACE}, bias=True`;
const DROPOUT = layer("p=0.5, inplace=False", same, checkDropout);
const SOFTMAX = layer("dim=None", softmax);
const IN_PLACE = layer("inplace=False");
const VIEW = layer("sizes, ...", (a, shape) => view({ sizes: a.all }, shape));
export const ALL = {
  ...LAYERS,
  Conv2d: { ...LAYERS.Conv2d, forward: paddedConv, check: checkConv },
  ConvTranspose2d: layer(
    "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, " +
    `groups=1, bias=True, dilation=1, padding_mode='zeros', ${PLACE}`,
    convTranspose, checkConvTranspose,
  ),
  AdaptiveAvgPool2d: layer("output_size", adaptivePool),
  AdaptiveMaxPool2d: layer(`output_size, ${INDICES}`, adaptivePool),
  Linear: { ...LAYERS.Linear, check: checkLinear },
  Unflatten: layer("dim, unflattened_size", unflatten, checkUnflatten),
  LazyConv2d: layer(CONV, lazyConv, checkConv),
  LazyLinear: layer(LINEAR, lazyLinear, checkLinear),
  LazyBatchNorm1d: layer(LAZY_NORM, lazyNorm("2D or 3D", [2, 3])),
  LazyBatchNorm2d: layer(LAZY_NORM, lazyNorm("4D", [4])),
  BatchNorm1d: layer(NORM, batchNorm("2D or 3D", [2, 3]), checkNorm),
  BatchNorm2d: layer(NORM, batchNorm("4D", [4]), checkNorm),
  LayerNorm: layer(
    `normalized_shape, eps=1e-05, elementwise_affine=True, bias=True, ${PLACE}`,
    layerNorm, checkLayerNorm,
  ),
  GroupNorm: layer(`num_groups, num_channels, ${GROUPS}`, groupNorm, checkGroupNorm),
  InstanceNorm2d: layer(
    "num_features, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False, " +
    `${PLACE}, bias=True`, instanceNorm, checkNorm,
  ),
  LocalResponseNorm: layer("size, alpha=0.0001, beta=0.75, k=1.0"),
  Upsample: layer(
    "size=None, scale_factor=None, mode='nearest', align_corners=None, " +
    "recompute_scale_factor=None", upsample, checkUpsample,
  ),
  ZeroPad2d: layer("padding", pad("")),
  ConstantPad2d: layer("padding, value", pad("")),
  ReflectionPad2d: layer("padding", pad("reflect")),
  ReplicationPad2d: layer("padding", pad("replicate")),
  Dropout: DROPOUT,
  Dropout2d: DROPOUT,
  AlphaDropout: DROPOUT,
  Softmax: SOFTMAX,
  LogSoftmax: SOFTMAX,
  ReLU6: IN_PLACE,
  LeakyReLU: layer("negative_slope=0.01, inplace=False"),
  PReLU: layer(`num_parameters=1, init=0.25, ${PLACE}`, prelu, (a) =>
    whole(a.num_parameters, "num_parameters")),
  ELU: layer("alpha=1.0, inplace=False"),
  SELU: IN_PLACE,
  SiLU: IN_PLACE,
  Mish: IN_PLACE,
  Hardswish: IN_PLACE,
  Hardsigmoid: IN_PLACE,
  Hardtanh: layer("min_val=-1.0, max_val=1.0, inplace=False"),
  Softplus: layer("beta=1.0, threshold=20.0"),
  GELU: layer("approximate='none'", gelu),
  Identity: { forward: same }, // it takes any arguments
  squeeze: layer("dim=None", squeeze),
  view: VIEW,
  reshape: VIEW,
};
