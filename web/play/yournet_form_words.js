// What "Your net" says before it trains, in English.

const many = (n, one) => `${n.toLocaleString("en")} ${one}${n === 1 ? "" : "s"}`;

export const words = {
  box: "Your net",
  presets: "Start from a rung",
  own: "choose …",
  trained: "How it is trained",
  optimizer: "optimizer",
  recipe: { lr: "learning rate", momentum: "momentum", minibatch: "minibatch", seed: "seed" },
  wrongRate: "The learning rate is a number above 0.",
  wrongMomentum: "The momentum is a number from 0 to less than 1.",
  wrongSeed: "The seed is a whole number from 0 on.",

  // Of the net
  fits: (layers, parameters, macs) =>
    `${many(layers, "layer")}, ${many(parameters, "parameter")}, ` +
    `${many(macs, "multiply-add")} for an image of 28 × 28 pixels.`,
  line: (n) => `Line ${n}. `,
  torch: (text) => ` PyTorch says: ${text.replace(/\.$/, "")}.`,
  small: "Here an image is 1×28×28.",
  reading: "Reading your net …",
  noLink: "This net is too long for a link.",

  // To do
  start: "Start",
  step: "Step",
  stop: "Stop",
  loading: "Loading …",
  failed: (reason) => `That did not work: ${reason}.`,
};
