// What the steps of the window say, in English.

const pixels = (n) => (n === 1 ? "1 pixel" : `${n} pixels`);
const columns = (n) => (n === 1 ? "1 column" : `${n} columns`);
const rows = (n) => (n === 1 ? "1 row" : `${n} rows`);
const places = (n) => (n === 1 ? "1 place" : `${n} places`);
const nth = (n) => `${n}${{ 2: "nd", 3: "rd" }[n] ?? "th"}`;

export const words = {
  corner: "the far corner",
  choose: "Layers to try",
  presets: {
    alexnet: "AlexNet at 224",
    paper: "AlexNet at 227",
    lenet: "LeNet’s first",
    pooling: "pooling",
    holes: "holes",
  },
  formula: "size = floor((side + 2 padding − dilation (kernel_size − 1) − 1) / stride) + 1",
  less: (name) => `less ${name}`,
  more: (name) => `more ${name}`,
  // As PyTorch has them.
  names: {
    side: "side",
    padding: "padding",
    dilation: "dilation",
    kernel: "kernel_size",
    stride: "stride",
    rest: "remainder",
  },
  named: (name, told) => `${name}: ${told}`,
  tell: {
    side: ({ side }) => `${pixels(side)} a side.`,
    padding: ({ padding }) =>
      padding ? `a border of zeros, ${pixels(padding)} wide.` : "no border of zeros.",
    dilation: ({ dilation }) =>
      dilation > 1
        ? `the window looks at every ${nth(dilation)} pixel.`
        : "no holes.",
    kernel: ({ kernel }, { reach }) =>
      reach > kernel
        ? `${pixels(kernel)} a side, reaching over ${reach}.`
        : `${pixels(kernel)} a side.`,
    stride: ({ stride }, { size }) =>
      `${pixels(stride)} from place to place, ${places(size)} in a row.`,
    rest: (_, { rest }) =>
      rest ? `${pixels(rest)}, no full step.` : "nothing is left.",
  },
  // So many columns of the image, and of the padding.
  lost(image, padding) {
    if (!image && !padding) return "Every row and column is looked at.";
    const all = image + padding;
    const of = padding ? ` (${image} of the image, ${padding} of the padding)` : "";
    return `Never looked at: ${columns(all)} and ${rows(all)}${of}.`;
  },
  say: (size, lost) => `${size}. ${lost}`,
  // PyTorch's own words.
  tooLarge: (padded, reach) =>
    `Calculated padded input size per channel: (${padded} x ${padded}). Kernel size: ` +
    `(${reach} x ${reach}). Kernel size can't be greater than actual input size`,
  outside: (name, least, most) => `${name}: a whole number from ${least} to ${most}.`,
};
