// What "Your net" says while it trains and after it, in English.

const many = (n, one, more = `${one}s`) =>
  `${n.toLocaleString("en")} ${n === 1 ? one : more}`;
const images = (n) => many(n, "image");
const short = (n) => Number(n.toPrecision(2)).toLocaleString("en");
const points = (x) => (100 * x).toFixed(1);
const percent = (x) => `${points(x)} %`;

// Seconds, as roughly as they are known.
function roughly(seconds) {
  if (seconds >= 120) return many(Math.round(seconds / 60), "minute");
  const step = seconds > 20 ? 5 : 1;
  return many(Math.max(step * Math.round(seconds / step), 1), "second");
}

export const words = {
  // To do
  start: "Start",
  again: (seed) => `Once more, seed ${seed}`,
  pause: "Pause",
  goOn: "Go on",
  timing: "Timing your net in this browser …",
  ready: (bytes, seconds, n) =>
    `Ready. In this browser it takes about ${roughly(seconds)} for ${images(n)}, and ` +
    `${Math.max(1, Math.round(bytes / 2 ** 20))} MB of memory.`,
  loading: "Loading the images …",
  failed: (reason) => `That did not work: ${reason}.`,
  paused: "Paused.",
  stopped: "Stopped.",
  started: "It trains.",
  progress({ seen, loss, accuracy, imagesPerSecond, secondsLeft }) {
    const now = `${images(seen)}, loss ${short(loss)}, accuracy ${percent(accuracy)}`;
    if (!secondsLeft) return `${now}.`;
    return `${now}; ${short(imagesPerSecond)} images a second, about ${roughly(secondsLeft)} left.`;
  },
  done: (accuracy, margin, seen) =>
    `Done: ${percent(accuracy)} of the 500 held-out images right, ± ${points(margin)} points, ` +
    `after ${images(seen)}.`,
  lost: (seen) =>
    `After ${images(seen)} the loss is no number any more, and the weights are spoilt. ` +
    "Take a smaller learning rate and start afresh. ",
  why: "The loss is nan, in chapter 9",

  // While it runs
  accuracyChart: "Accuracy on the held-out images; shaded: what 500 images leave open",
  lossChart: "Loss of each minibatch; what is above 3 is drawn at 3",
  images,
  percent: (x) => `${Math.round(100 * x)} %`,
  loss: (x) => x.toFixed(1),
  right: (n, of) => `${n} of these ${of} held-out images right`,
  layers: "Layer by layer: how large the gradient is, on a scale in powers of ten",
  layerColumns: ["layer", "gradient", "silent behind it"],
  layer: (row, name) => `${row} ${name}`,
  gradient: (x) => String(Number(x.toPrecision(1))),
  silent: (n, of) => `${n} of ${of}`,
  silentIs: "Silent: maps, or units, of the ReLU behind it that no held-out image wakes.",

  // After it
  lands: "Where it lands",
  byParameters: "Accuracy against parameters",
  byMacs: "Accuracy against multiply-adds of an image",
  below: (x) => `≤ ${Math.round(100 * x)} %`,
  key: "Rings: the ladder’s nets, a ring a seed. Squares: your runs.",
  keyWithout: "Squares: your runs. The ladder’s nets are not recorded yet.",
  dot: (name, accuracy) => `${name}: ${percent(accuracy)}`,
  compare: "Compare with",
  mean: (name, n) => `${name}, mean of ${many(n, "seed")}`,
  // k more seeds of a recorded net would have their mean between low and high.
  judged({ accuracy, k, accuracies, mean, low, high, name, n, lr }) {
    const stuck = accuracies.filter((one) => one < 0.2).length;
    const difference = 100 * (accuracy - mean);
    const size = Math.abs(difference).toFixed(1);
    const where = difference < 0 ? "below" : "above";
    const isWithin = accuracy >= low && accuracy <= high;
    const [down, up] = [low, high].map((x) => percent(Math.min(Math.max(x, 0), 1)));
    return (
      (k === 1
        ? `Your last run is ${size} points ${where} the mean of ${name}. In 95 of 100 cases one ` +
          `more seed of that very net would fall between ${down} and ${up}, so with one seed `
        : `The mean of your ${k} seeds of this net is ${size} points ${where} the mean of ${name}. ` +
          `In 95 of 100 cases ${k} more seeds of that very net would have a mean between ${down} ` +
          `and ${up}, so `) +
      (isWithin ? "this difference may be chance." : "this difference is more than seeds alone make.") +
      ` (From ${many(n, "recorded seed")}, Adam ${lr}.)` +
      (stuck ? ` Of these seeds ${stuck} never learned.` : "")
    );
  },
  once: "One run. The same net with another seed would end elsewhere: try three.",
  runs: "Your runs, until you leave this page",
  recorded: "The ladder’s nets, by this page’s code",
  columns: ["net", "parameters", "multiply-adds", "accuracy"],
  run: (i, name, { optimizer, lr, minibatch, momentum, seed }) =>
    `${i}: ${name}; ${optimizer} ${lr}` +
    (optimizer === "SGD" ? `, momentum ${momentum}` : "") +
    `, minibatch ${minibatch}, seed ${seed}`,
  own: "your net",
  accuracy: percent,
  range: (mean, low, high) => `${percent(mean)}, ${points(low)} to ${points(high)}`,

  // To take along
  take: "Take it with you",
  cell:
    "In PyTorch, on the same images. It draws other random numbers than this page, and " +
    "its pixels have 256 levels of grey, not 16; no digit need agree. It needs the book’s " +
    "helper, d2l_lite: “Run this chapter”, under a chapter’s title, says how it is installed.",
  copy: "Copy the cell",
  copyLink: "Copy the link",
  copied: "Copied.",
  notCopied: "Not copied: select it, and copy it by hand.",
  link: "The address of this page holds net, recipe and seed.",
};
