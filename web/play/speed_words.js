// What "how long on your machine" says, in English.

const units = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

// Seconds in the unit that a person would use: "1 minute", "2.7 seconds".
function time(seconds) {
  const [unit, length] = units.find(([, size]) => seconds >= 2 * size) ?? units.at(-1);
  const count = seconds / length;
  const text = count.toFixed(count < 9.95 ? 1 : 0).replace(/\.0$/, "");
  return `${text} ${unit}${text === "1" ? "" : "s"}`;
}

export const words = {
  time,
  // "16 minutes" as seconds; NaN where it is no time.
  seconds(text) {
    const [, length] = units.find(([unit]) => text.includes(unit)) ?? [];
    return Number(text.match(/[\d.,]+/)?.[0].replaceAll(",", "")) * length;
  },
  measure: "Measure this browser",
  again: "Measure again",
  measuring: "Measuring for two seconds …",
  failed: (reason) => `It could not be measured: ${reason}.`,
  own: (simd) => `this browser, one core${simd ? "" : ", without vectors"}`,
  unknown: "not measured yet",
  recorded: (name) => `${name}, PyTorch, recorded`,
  of2012: "two GTX 580 cards, 2012",
  between: (from, to) => `the paper’s own AlexNet ${time(from)} to ${time(to)}`,
  source: "Krizhevsky et al. 2012",
  sourceSays: ({ days: [from, to], passes, photographs }, images) =>
    `${from} to ${to} days for ${passes} passes over ${(photographs / 1e6).toFixed(1)} million ` +
    `photographs of three colours; here scaled to ${images.toLocaleString("en")}`,
  list: "How long an epoch takes, on a logarithmic scale",
  nets: { lenet: "LeNet", alexnet: "AlexNet" },
  row: (lenet, alexnet) => `LeNet ${lenet} · AlexNet ${alexnet}`,
  ticks: { 1: "1 second", 60: "1 minute", 3600: "1 hour", 86400: "1 day" },
  scale: "Lengths are on a logarithmic scale: from one line to the next, 60, 60 and 24 times.",
  pytorch:
    "A page computes on one core; PyTorch on the same machine is many times as fast.",
  told({ lenet, alexnet, imagesPerSecond, macsPerSecond, ratio, name }) {
    const rate = Math.round(imagesPerSecond).toLocaleString("en");
    const much = ratio >= 10 ? Math.round(ratio).toLocaleString("en") : ratio.toFixed(1);
    return (
      `In this browser an epoch of LeNet would take about ${time(lenet)}, one of ` +
      `AlexNet ${time(alexnet)}: ${rate} images a second through LeNet, and ` +
      `${(macsPerSecond / 1e9).toFixed(1)} billion multiply-adds a second in a large ` +
      `product. PyTorch on the recorded ${name} is ${much} times as fast.`
    );
  },
};
