// What the tracer says of the reader's own net, in English; of code: python_words.js.
import { number } from "./dom.js";
import { words as figure } from "./tracer_words.js";

const first = (why) => why.split(/[;；]/)[0];

export const words = {
  ...figure,
  most: (name, n) => `${name} must be a whole number from 1 to ${number(n)}.`,
  undo: "Undo",
  // In brief
  stops: {
    cannotBuild: (why, name) => `✗ ${name} cannot be built: ${first(why)}.`,
    doesNotFit: (why, name) => `✗ ${name} does not fit: ${first(why)}.`,
  },
  torch: (text) => ` PyTorch says: ${text.replace(/\.$/, "")}.`,
  sizeNow: (size) => `The image is ${size} now, as this net wants it.`,
  flatten: "Is a Flatten missing before it?",
  rows: (n) =>
    `One image has become ${n} rows, one under another: a view(-1, …) cut it. This net is made ` +
    "for images of another size.",
  noLink: "This net is too long for a link.",
};
