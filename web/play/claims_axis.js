// Intervals on the axis that all claims share, and the marks of their verdicts.
import { svg } from "./dom.js";

const most = 5; // points either way; what lies beyond is an arrow
const axisHeight = 28; // pixels
const edge = 5.5; // where the arrow stands
const half = 5.8; // of the axis
const ticks = [-5, -1, 0, 1, 5];
const shapes = {
  // As in d2l_lite/lab/figures/results.py.
  holds: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
  reversed: "M-5-3-3-5 0-2 3-5 5-3 2 0 5 3 3 5 0 2-3 5-5 3-2 0z",
  small: "M0-6 6 0 0 6-6 0z",
  undecided: "M-4.5-4.5h9v9h-9z",
  unrun: "M-5-1.2h10v2.4h-10z",
};

// The verdict's shape, alone: for a button or a word.
export function makeMark(kind) {
  const shape = svg("path", { d: shapes[kind] });
  const looks = { class: `claims-mark claims-${kind}`, viewBox: "-7 -7 14 14" };
  return svg("svg", { ...looks, "aria-hidden": true }, shape);
}

// "+2.3 (+1.6 to +3.1); +1.1": each difference with the ends of its interval, if any.
export function readPoints(text) {
  return text.replaceAll("−", "-").split(/[;；]/).map((part) => {
    const numbers = part.match(/[-+]\d+\.\d+/g).map(Number);
    const [middle, low = middle, high = middle] = numbers;
    return { middle, low, high };
  });
}

const clip = (value) => Math.max(-most, Math.min(most, value));
const percent = (value) => `${50 + (50 * value) / half}%`;
const at = (value, y, d, kind) =>
  svg(
    "svg",
    { x: percent(value), y, overflow: "visible" },
    svg("path", { d, class: kind }),
  );
const line = (from, to, y, y2, kind) =>
  svg("line", { x1: percent(from), x2: percent(to), y1: y, y2, class: kind });

function makeAxis(kind, height) {
  const axis = svg("svg", { class: `claims-axis ${kind}`, "aria-hidden": true });
  const width = `${100 / half}%`; // two points
  axis.append(
    svg("rect", { x: percent(-1), width, height: "100%", class: "claims-band" }),
    line(0, 0, 0, height, "claims-zero"),
  );
  return axis;
}

// The row above all others: what the places mean.
export function makeHead(words) {
  const head = makeAxis("claims-ticks", "100%");
  const write = (value, y, text) =>
    head.append(svg("text", { x: percent(value), y }, text));
  write(-3.1, 14, words.against);
  write(3.1, 14, words.for);
  for (const tick of ticks) write(tick, 33, words.signed(tick));
  write(3, 33, words.unit);
  return head;
}

// The differences of a claim, one below the other.
export function drawClaim(kind, differences) {
  const row = makeAxis(`claims-${kind}`, axisHeight);
  differences.forEach(({ middle, low, high }, i) => {
    const y = 4 + (axisHeight * (i + 1)) / (differences.length + 1);
    row.append(line(clip(low), clip(high), y, y, "claims-line"));
    if (low < -most) row.append(at(-edge, y, "M3-4-2 0 3 4", "claims-arrow"));
    if (high > most) row.append(at(edge, y, "M-3-4 2 0-3 4", "claims-arrow"));
    row.append(at(clip(middle), y, shapes[kind], "claims-shape"));
  });
  return row;
}
