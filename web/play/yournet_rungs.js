// The ladder's nets for images of 28 pixels, as PyTorch writes them; those of
// d2l_lite/lab/ladder.py.
const channels = [6, 16, 24, 24, 16];
const hidden = [120, 84];

// activation, pooling, convolutions, width and dropout: as the rung has them.
const rung = (activation, pooling = "Avg", convolutions = 2, width = 1, dropout = 0) => {
  const filters = channels.slice(0, convolutions).map((n) => n * width);
  const act = `nn.${activation}()`;
  const lines = [];
  filters.forEach((n, i) => {
    const how = i === 0 ? "5, padding=2" : i === 1 ? "5" : "3, padding=1";
    const pooled = i < 2 ? [`nn.${pooling}Pool2d(2)`] : [];
    lines.push([`nn.Conv2d(${filters[i - 1] ?? 1}, ${n}, ${how})`], [act, ...pooled]);
  });
  lines.push(["nn.Flatten()"]);
  const sizes = [25 * filters.at(-1), ...hidden.map((n) => n * width)];
  for (const i of [0, 1]) {
    lines.push([`nn.Linear(${sizes[i]}, ${sizes[i + 1]})`, act]);
    if (dropout) lines.push([`nn.Dropout(${dropout})`]);
  }
  lines.push([`nn.Linear(${sizes[2]}, 10)`]);
  const text = lines.map((line) => `  ${line.join(", ")},\n`);
  return `nn.Sequential(\n${text.join("")})`;
};

// Adam's learning rate that did best on seed 0, as recorded in results/play/yournet.json.
export const rates = {
  lenet: 0.01, tanh: 0.003, relu: 0.01, maximum: 0.01, width: 0.003, depth: 0.001,
  dropout: 0.001, "narrow-depth": 0.003, "depth-sigmoid": 0.001, "depth-tanh": 0.003,
  "depth-average": 0.003,
};

export const rungs = {
  lenet: rung("Sigmoid"),
  tanh: rung("Tanh"),
  relu: rung("ReLU"),
  maximum: rung("ReLU", "Max"),
  width: rung("ReLU", "Max", 2, 2),
  depth: rung("ReLU", "Max", 5, 2),
  dropout: rung("ReLU", "Max", 5, 2, 0.5),
  "narrow-depth": rung("ReLU", "Max", 5, 1),
  "depth-sigmoid": rung("Sigmoid", "Max", 5, 2),
  "depth-tanh": rung("Tanh", "Max", 5, 2),
  "depth-average": rung("ReLU", "Avg", 5, 2),
};
