// Reads a net in the plain form in which this book writes it: one layer after another,
// with numbers and tuples. All other forms are read by python.js, after a click.
const CALL = /(\w+)\(((?:[^()]|\([^()]*\))*)\)/g;
const COMMA = /,\s*(?![^(]*\))/;
const CONSTANTS = { True: true, False: false, None: null };

// What is wrong, where (in characters from the start), and PyTorch's words for it.
export class Problem extends Error {
  constructor(message, position, torch = "") {
    super(message);
    Object.assign(this, { position, torch });
  }
}

// nn.Conv2d(1, 6, kernel_size=5) has two values and a named one.
export class Call {
  constructor(name, position, values = [], named = new Map()) {
    Object.assign(this, { name, position, values, named });
  }
}

// The layers in order, each a Call.
export function parse(text) {
  const inside = text.replace(/^[^(]*Sequential\(/, (start) => " ".repeat(start.length));
  const layers = [...inside.matchAll(CALL)].map(({ 1: name, 2: given, index }) => {
    const call = new Call(name, index, []);
    for (const argument of given.split(COMMA).filter((part) => part.trim())) {
      const [value, key] = argument.split("=").reverse();
      if (key) call.named.set(key.trim(), valueOf(value));
      else call.values.push(valueOf(value));
    }
    return call;
  });
  return { layers, notes: [] };
}

// "3", "(3, 3)", "0.5", "True", "'same'"
export function valueOf(text) {
  const word = text.trim();
  if (word in CONSTANTS) return CONSTANTS[word];
  if (word[0] === "(") return word.slice(1, -1).split(COMMA).filter(Boolean).map(valueOf);
  if (word[0] === "'") return word.slice(1, -1);
  // To PyTorch 2.0 is not 2; a Number object is neither to typeof nor to ===.
  return /^-?\d+$/.test(word) ? Number(word) : Object(Number(word));
}
