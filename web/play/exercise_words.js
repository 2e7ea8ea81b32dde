// What is said of answers to exercises, in English; as d2l_lite/lab/exercises.py says it.

export const words = {
  open: "not answered yet",
  right: (why) => `right: ${why}`,
  wrong: (fault) => `not right: ${fault}`,
  at: (input, text, right, fault) =>
    `${input} is ${text}, torch says ${right}: ${fault}`,
  number: (text) =>
    `one number is expected, not '${text}'${text.includes(",") ? "; without commas" : ""}`,
  whole: (text) => `a whole number is expected, not ${text}`,
  small: "it is too small",
  large: "it is too large",
};
