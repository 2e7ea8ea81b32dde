// What the list of claims says, in English.

const kinds = {
  holds: "holds",
  reversed: "reversed",
  small: "no difference worth a point",
  undecided: "undecided",
  unrun: "not run",
};
const minus = (text) => text.replaceAll("-", "−");

export const words = {
  kinds,
  // The verdicts of d2l_lite/lab/trial.py, by how they begin.
  beginnings: {
    holds: ["holds here", "ahead"],
    reversed: ["reversed here"],
    small: ["no difference worth a point"],
    undecided: ["undecided"],
    unrun: ["not run"],
  },
  unknown: (verdict) => `no such verdict: ${verdict}`,
  invite:
    "What do you expect of each sentence? Guess, and see what was measured, in points: " +
    "hundredths of test accuracy, or of what stands beside the number.",
  guess: (sentence) => `Your guess: ${sentence}`,
  just: "just show",
  all: "Show all",
  again: "Cover all again",
  undo: "Undo",
  filter: "Which sentences are listed",
  filters: { every: "all", covered: "covered" },
  against: "← against the sentence",
  for: "for the sentence →",
  unit: "points",
  signed: (n) => minus(n > 0 ? `+${n}` : `${n}`),
  numbers(points, p) {
    const tested = p && ` · p ${p.startsWith("<") ? "" : "= "}${p}`;
    return `${minus(points)}${tested.replaceAll(/([p<=]) /g, "$1\u00a0")}`;
  },
  mine: (guess, kind) =>
    guess === kind ? "✓ as you said" : `✗ you: ${kinds[guess]}`,
  // Guesses, right ones among them, and how often "holds" would have been right.
  score: (guesses, right, holds) =>
    guesses
      ? `You: ${right} of ${guesses} right. Always “${kinds.holds}”: ${holds}.`
      : "No guess yet.",
};
