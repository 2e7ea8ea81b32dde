// A plan (yournet_plan.js) as a cell of PyTorch that trains the same net by the same recipe.

const isPlain = (a) => !Array.isArray(a) || a[0] === a[1];
const tuple = (a) => (isPlain(a) ? String([a].flat()[0]) : `(${a.join(", ")})`);
const python = (value) => {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  // More zeros behind an image than before it: only "same" does so.
  if (Array.isArray(value) && !value.every(Number.isInteger)) return "'same'";
  return tuple(value);
};

// A call, its named arguments only where they are not PyTorch's own.
function call(name, values, named = {}) {
  const more = Object.entries(named)
    .filter(([, [value, standard]]) => python(value) !== python(standard))
    .map(([key, [value]]) => `${key}=${python(value)}`);
  return `nn.${name}(${[...values.map(python), ...more].join(", ")})`;
}

const layer = {
  Conv2d: ({ shape: [depth], channels, kernelSize, padding, stride, dilation, groups, bias }) =>
    call("Conv2d", [depth, channels, kernelSize], {
      stride: [stride, 1], padding: [padding, 0], dilation: [dilation, 1],
      groups: [groups, 1], bias: [bias, true],
    }),
  Linear: ({ shape, features, bias }) =>
    call("Linear", [shape[0], features], { bias: [bias, true] }),
  Pool({ type, pooling: { sides, kernelSize, stride, padding, countsPadding } }) {
    const kind = type === "max" ? "Max" : "Avg";
    if (sides) return call(`Adaptive${kind}Pool2d`, [sides]);
    return call(`${kind}Pool2d`, [kernelSize], {
      stride: [stride, kernelSize],
      padding: [padding, 0],
      ...(kind === "Avg" && { count_include_pad: [countsPadding, true] }),
    });
  },
  BatchNorm: ({ shape, eps, momentum, affine, bias, tracks }) =>
    call(`BatchNorm${shape.length === 3 ? 2 : 1}d`, [shape[0]], {
      eps: [eps, 1e-5], momentum: [momentum, 0.1], affine: [affine, true],
      ...(affine && { bias: [bias, true] }), track_running_stats: [tracks, true],
    }),
  Dropout: ({ p, dropsMaps }) => call(dropsMaps ? "Dropout2d" : "Dropout", [p]),
  Activation: ({ type, setting }) =>
    call(type === "sigmoid" ? "Sigmoid" : type === "tanh" ? "Tanh" : type,
      setting === undefined ? [] : [setting]),
};

// Layers that only reshape are not in a plan: they are put where a shape changes.
export function netCode(layers) {
  const lines = [];
  let flat = false;
  for (const { kind, ...plan } of layers) {
    const isFlat = plan.shape.length === 1;
    if (isFlat && !flat) lines.push("nn.Flatten()");
    if (!isFlat && flat) lines.push(`nn.Unflatten(1, (${plan.shape.join(", ")}))`);
    flat = isFlat;
    lines.push(layer[kind](plan));
  }
  if (!flat) lines.push("nn.Flatten()");
  return ["nn.Sequential(", ...lines.map((line) => `    ${line},`), ")"].join("\n");
}

export function cellCode(layers, { optimizer, lr, momentum, minibatch, seed, images }) {
  const rate = optimizer === "SGD" ? `lr=${lr}, momentum=${momentum}` : `lr=${lr}`;
  return [
    "import torch",
    "from d2l_lite import evaluate",
    "from d2l_lite.data import SAMPLE, Minibatches, read_split",
    "from torch import nn",
    "from torch.nn import functional as F",
    "",
    `torch.manual_seed(${seed})`,
    `net = ${netCode(layers)}`,
    'cpu = torch.device("cpu")',
    `train_iter = Minibatches(*read_split(SAMPLE, "train"), ${minibatch}, shuffle=True, device=cpu)`,
    'test_iter = Minibatches(*read_split(SAMPLE, "t10k"), 500, device=cpu)',
    `optimizer = torch.optim.${optimizer}(net.parameters(), ${rate})`,
    "seen = 0",
    `while seen < ${images}:`,
    "    net.train()",
    "    for X, y in train_iter:",
    "        loss = F.cross_entropy(net(X), y)",
    "        optimizer.zero_grad()",
    "        loss.backward()",
    "        optimizer.step()",
    "        seen += len(y)",
    '    print(f"{seen:,} images: accuracy {evaluate(net, test_iter)[1]:.3f}")',
    "",
  ].join("\n");
}
