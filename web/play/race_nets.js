// What may be chosen for the two nets of the race, and how a link writes it.

export const choices = {
  activation: ["sigmoid", "tanh", "ReLU"],
  pooling: ["average", "max"],
  extra: ["0", "1", "2", "4"],
};
export const first = { A: "ReLU max 0", B: "sigmoid max 0", seed: 0 };
// Pairs that differ in one thing.
export const pairs = {
  activation: [first.A, first.B],
  pooling: ["sigmoid average 0", "sigmoid max 0"],
  extra: ["sigmoid max 0", "sigmoid max 4"],
};

// The three choices in a text; where it asks for what there is not, the first net's stand.
export function netOf(text, letter) {
  const given = text.split(" ");
  const standard = first[letter].split(" ");
  return Object.values(choices).map((options, i) =>
    options.includes(given[i]) ? given[i] : standard[i],
  );
}

export function seedOf(given) {
  return Number.isInteger(given) && given >= 0 ? given : first.seed;
}
