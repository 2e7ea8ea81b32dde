// What the tracer says of code and layers, in English. PyTorch's own words stay.
const argumentsOf = (n) => (n === 1 ? "1 argument" : `${n} arguments`);
const tokens = { name: "name" };

export const words = {
  // Reading
  tooLong: (n, most) =>
    `the text has ${n.toLocaleString("en")} characters, and at most ` +
    `${most.toLocaleString("en")} are read: paste only the net`,
  tooDeep: "this is nested too deeply",
  tooMuch: "this takes too many steps: paste only the net",
  tooMany: (most) => `it has more than ${most} layers: paste a part of it`,
  sign: (sign) => `“${sign}” is not read here`,
  halfWidth: ": type it half-width",
  bracket: "this bracket is never closed",
  notOpened: "this bracket was never opened",
  end: "the end",
  lineEnd: "the end of the line",
  comma: (close, before) => `a comma or ${tokens[close] ?? close} is missing before ${before}`,
  value: (found) => `a value is wanted, not ${found}`,
  what: (text) => `${text} is no number`,
  numbers: (sign) => `“${sign}” wants numbers`,
  statement: (word) => `“${word}” is not read here: paste only the net`,
  twice: (name) => `${name} is given twice`,
  unnamed: "a value without a name follows a named one",
  unpack: "these are not as many values as names",
  unknown: (name, cure = `write ${name} = … above the net`) =>
    `${name} is not known here: ${cure}`,
  wants: (callee, names) => `write ${callee}(${names.join(" = …, ")} = …) below`,
  unknownPart: (path) => `${path} is not known here: write its value in its place`,
  unknownCall: (name) =>
    `${name}(…) is not known here: write what it gives, or paste its def or class, too`,
  unknownSelf: (name) => `${name} is not known here: paste where it is set, too`,
  batch: "the batch",
  result: "this",
  brackets: (name) => `${name} needs its brackets: ${name}()`,
  noNet: "there is no net here: write nn.Sequential(…) with layers in it",
  more: (text) => `this line should end before ${text}`,
  nothingLayer: "here a layer is wanted, such as nn.ReLU()",
  list: "a list is no layer: write * before it, as in nn.Sequential(*layers)",
  notImage: "here something else than the image goes into a layer",
  wrongKind: "this cannot be done to a value of this kind",
  star: "* wants a list here",
  fork: "here two paths meet, and only one layer after another is followed: " +
    "paste one path, or a block without its shortcut",
  results: "forward must end in return x, the image's one result: add that line, or change it",
  init: (name) => `${name} is called by nobody: Python calls __init__, so write that`,
  noForward: (name) =>
    `${name} has no forward: paste it, too, or only its nn.Sequential(…)`,
  noArgument: (name, key) => `${name}() has no argument ${key}`,
  method: (name) => `.${name} is not read here: write the layers as they are then`,
  notes: {
    quotes: "Curly quotes are read as straight ones; Python refuses them.",
    spaces: "No-break spaces are read as spaces; Python refuses them.",
    unused: (names) => `Set, but no image passes ${names.length > 1 ? "them" : "it"}, so not counted: ` +
      `${names.join(", ")}.`,
    printed: "print(net) does not tell what forward does between the layers.",
    noForward: (name) => `${name} has no forward: its nn.Sequential(…) is shown.`,
    several: (n, name) => `${n} nets in this text: the last one, ${name}, is shown.`,
    left: (lines) => `Left out, as no layer is in ${lines.length > 1 ? "them" : "it"}: ` +
      `${lines.length > 1 ? "lines" : "line"} ${lines.join(", ")}.`,
  },

  // Layers
  near: (name) => `; nn.${name} is`,
  these: (names) =>
    `; if it is yours, paste its class, too. Known are: ${names.join(", ")}`,
  notHereAlone: (what) => `${what} is not known here`,
  tooManyArguments: (n) => `it takes ${argumentsOf(n)} at most`,
  hasNoArgument: (name, names) => names.length
    ? `it has no argument ${name}, only ${names.join(", ")}`
    : `it has no argument ${name}`,
  argumentTwice: (name) => `its argument ${name} is given twice`,
  noLayerInside: "its arguments must be numbers",
  missing: (name) => `its argument ${name} is missing`,
  wholeNumbers: (name) => `${name} must be whole numbers in brackets`,
  fourSides: "padding must be one number or four",
  empty: "nothing is left of the map",
  sideGiven: "the side is given",
};
