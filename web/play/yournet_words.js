// What "Your net" says, in English: why a net is not trained here.

const trained = (names) => names.filter((name) => /^[A-Z]/.test(name) && !/oftmax/.test(name));
const megabytes = (bytes) => Math.round(bytes / 2 ** 20).toLocaleString("en");

export const words = {
  // Of the whole net
  empty: "There is no layer to train.",
  nothingToLearn: "This net has no weights: there is nothing to learn.",
  end: (classes, gets) =>
    `The net must end in ${classes} numbers, one for each class; this one ends in ${gets}.`,
  minibatch: (most) => `A minibatch is a whole number of images from 1 to ${most}.`,
  memory: (bytes, most) =>
    `This net takes ${megabytes(bytes)} MB to train, and here are at most ` +
    `${megabytes(most)}: make it narrower, or the minibatch smaller.`,
  time: (minutes, most) =>
    `This training takes about ${minutes.toLocaleString("en")} minutes in this browser, ` +
    `and at most ${most} are allowed: make the net smaller.`,

  // Of a layer
  layer: (i, name) => `Layer ${i}, ${name}, cannot be trained here: `,
  kind: (name, kinds) => `these can: ${trained(kinds).join(", ")}.`,
  shape: (shape) =>
    `it gives a tensor of ${shape.join("×")}, the batch first; maps (4 sides) or a row of ` +
    "numbers (2 sides) are wanted.",
  maps: "it takes maps: channels, height, width.",
  lastAxis: "it gets maps, and uses their last side only: is a Flatten missing?",
  not: (what) => `${what} is not computed here.`,
  shared: "its weights are those of an earlier layer.",
  alone: "with a minibatch of one image each channel has a single number, and no variance.",
  softmax: "the loss, cross-entropy, takes the logits as they are: leave it out.",
};
