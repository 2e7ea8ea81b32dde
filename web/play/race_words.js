// What the race says, in English.

const images = (n) => (n === 1 ? "1 image" : `${n.toLocaleString("en")} images`);
const minutes = (n) => (n === 1 ? "1 minute" : `${n} minutes`);
const seconds = (n) => (n === 1 ? "1 second" : `${n} seconds`);
const layers = (n) => (n === 1 ? "1 more layer" : `${n} more layers`);
const runs = (n) => (n === 1 ? "1 run" : `${n} runs`);
const poolings = { average: "average", max: "max" };
const two = (n) => n.toFixed(2);
const short = (n) => Number(n.toPrecision(2)).toLocaleString("en");

// Seconds, as roughly as they are known.
function roughly(time) {
  if (time >= 120) return minutes(Math.round(time / 60));
  const step = time > 20 ? 5 : 1;
  return seconds(Math.max(step * Math.round(time / step), 1));
}

export const words = {
  images,

  // Before the click.
  invite: (nets) => `Two nets start side by side. ${nets}`,
  ask: (target) =>
    `Your guess: which first gets ${two(target)} of the test images right, twice running?`,
  askAgain: (target) => `Guess: which is first at ${two(target)}?`,
  guesses: { A: "A", B: "B", neither: "neither will" },
  other: "Choose other nets",
  loading: "Loading the images …",
  failed: (reason) => `That did not work: ${reason}.`,

  // The nets.
  nets: (a, b) => `A: ${a}. B: ${b}.`,
  net([activation, pooling, extra]) {
    const net = `${activation}, ${poolings[pooling]} pooling`;
    return extra > 0 ? `${net}, ${layers(Number(extra))}` : net;
  },
  lane: (letter) => `Net ${letter}`,
  choices: { activation: "activation", pooling: "pooling", extra: "more layers" },
  option: (choice) => poolings[choice] ?? choice,
  presets: "Change one thing:",
  preset: { activation: "the activation", pooling: "the pooling", extra: "the depth" },

  // While it runs.
  start: (seed) => (seed ? `Start the race, seed ${seed}` : "Start the race"),
  again: (seed) => `Race again, seed ${seed}`,
  pause: "Pause",
  goOn: "Go on",
  stop: "Stop",
  timing: "Timing your browser …",
  takes: (least, most) =>
    `Ready: from ${roughly(least)} to ${roughly(most)} in this browser, corrected as it runs.`,
  keeps: (stays, trains) => `${stays} has run; only ${trains} trains.`,
  begun: "It runs; the first test comes soon.",
  open: (guess) => (guess ? "You may change it until the start." : "Not guessed yet."),
  fixed: (guess) =>
    guess ? "Your guess is fixed until the race ends." : "This race runs without a guess.",
  left: (seconds) => `about ${roughly(seconds)} left`,
  paused: "Paused.",
  stopped: "Stopped.",
  changed: "Stopped: a net was changed.",
  result: ({ letter, accuracy, seen }) => `${letter} ${two(accuracy)} after ${images(seen)}`,
  results: (parts) => `${parts.join("; ")}.`,
  done: (text) => `Done: ${text}`,
  notYet: "Not trained yet",
  laneSays: (accuracy, seen) => `Accuracy ${two(accuracy)} after ${images(seen)}`,
  before: (said) => `${said}, as the net was before`,
  right: (n, of) => `${n} of these ${of} test images right`,
  bars: "Gradient of each layer (c: convolution, l: linear); a line is ten times the one below",
  layer: { Conv2d: (n) => `c${n}`, Linear: (n) => `l${n}` },
  barsAre: (title, said) => `${title}: ${said}`,
  barsSay: (share) => `First layer ÷ last: ${share}`,
  share: (ratio) => (ratio < 1 ? `1/${short(1 / ratio)}` : short(ratio)),
  silent: "0",

  // After it.
  verdict: {
    A: (seen) => `A was first, after ${images(seen)}.`,
    B: (seen) => `B was first, after ${images(seen)}.`,
    both: (seen) => `A and B were there together, after ${images(seen)}.`,
    neither: (limit) => `Neither got there within ${images(limit)}.`,
  },
  judged: (isRight) => (isRight ? "✓ As you said." : "✗ You said otherwise."),
  // found: of each net its letter, how many runs got there, and how many there are.
  recorded(found, limit) {
    const parts = found.map(({ letter, there, all }) =>
      all ? `${letter} in ${there} of ${runs(all)}` : `${letter} not run`,
    );
    return (
      `Recorded, within ${images(limit)}: ${parts.join(", ")}. ` +
      "Thin lines: those runs, each with another seed."
    );
  },

  chart: "Accuracy against images seen; the table below has the numbers",
  table: (target) => `The runs. “There” is ${two(target)} in two tests running.`,
  columns: ["net", "accuracy", "there after", "gradient, first layer ÷ last: at the start", "now"],
  run: (letter, net, seed) => `${letter}: ${net}, seed ${seed}`,
  earlier: (name) => `before, ${name}`,
  none: "–",
  accuracy: two,
};
