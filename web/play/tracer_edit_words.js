// What the tracer says of the reader's own net, in English; of code: python_words.js.
import { number } from "./dom.js";
import { words as figure } from "./tracer_words.js";

export const words = {
  ...figure,
  most: (name, n) => `${name} must be a whole number from 1 to ${number(n)}.`,
  undo: "Undo",
  stops: (why) => `✗ ${why.replace(/^Layer \d+, (\w+), (.*?):/, "$1 $2:").split(";")[0]}`,
  torch: (text) => ` PyTorch says: ${text.replace(/\.$/, "")}.`,
  sizeNow: (size) => `The image is ${size} now, as this net wants it.`,
  noLink: "This net is too long for a link.",
};
