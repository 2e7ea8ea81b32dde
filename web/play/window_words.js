// What the window says weight by weight, in English.

const signed = (n, places = 2) => n.toFixed(places).replace("-", "−");

export const words = {
  number: signed,
  // Where there is little room.
  short: (n) => signed(n, Math.abs(n) < 1 ? 2 : 1).replace("0.", "."),
  patch: "patch",
  weights: "weights",
  products: "products",
  sum: "sum",
  bias: (bias) => (bias ? `with bias ${signed(bias)}` : ""),
  noTerm: "Choose a weight to read its product.",
  term: (pixel, weight, product) =>
    `pixel ${signed(pixel)} × weight ${signed(weight)} = ${signed(product)}`,
  weightAt: (row, column) => `weight in row ${row}, column ${column}`,
  at: (row, column) => `row ${row}, column ${column}`,
  said: (row, column, sum) =>
    `Row ${row}, column ${column}: the sum is ${signed(sum)}.`,
  choose: "Filters",
  filters: {
    vertical: "vertical edge",
    horizontal: "horizontal edge",
    laplacian: "Laplacian",
    sharpen: "sharpen",
    blur: "blur",
    identity: "identity",
  },
  lenet: "LeNet’s six, trained",
  lenetFilter: (i) => `LeNet’s filter ${i}`,
  loading: "Loading LeNet …",
  failed: (message) => `That did not work: ${message}`,
};
