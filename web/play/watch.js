// Looks over a training's shoulder: training.js stays as it was recorded, and what the
// page shows beside its rows is read off the net as it works.
import { Net } from "./nets.js";

// net: the one that works; images: those it has learnt from; answers: of its forward
// passes since the last minibatch, so after a test those to the test images.
export function watch() {
  const seen = { net: null, images: 0, answers: [] };
  const { forward, lossAndGradient } = Net.prototype;
  Net.prototype.lossAndGradient = function (x, labels, n) {
    const loss = lossAndGradient.call(this, x, labels, n);
    Object.assign(seen, { net: this, images: seen.images + n, answers: [] });
    return loss;
  };
  Net.prototype.forward = function (x, n) {
    const logits = forward.call(this, x, n);
    for (let i = 0; i < n; i++) {
      const z = logits.subarray(10 * i, 10 * i + 10);
      seen.answers.push(z.indexOf(Math.max(...z)));
    }
    return logits;
  };
  return seen;
}
