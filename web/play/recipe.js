// How the race trains, and when a net has reached its target.

// testEvery counts images; target is the accuracy that a net is timed for.
export const recipe = { minibatch: 32, lr: 4e-3, testEvery: 400, target: 0.75 };

// Images seen at the second test in a row at the target: one alone may be luck.
export function reached(rows) {
  const good = ({ accuracy }) => accuracy >= recipe.target;
  return rows.find((row, i) => i > 0 && good(row) && good(rows[i - 1]))?.seen;
}
