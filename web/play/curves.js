// Accuracy against images seen, a line for each run: colour, dash and letter.
import { svg } from "./dom.js";

const [width, height, left, bottom] = [480, 240, 44, 24];

// The place of an accuracy after so many images, of which there are at most `limit`.
function place(limit, seen, accuracy) {
  const x = left + (seen / limit) * (width - left - 24);
  return [x, 10 + (1 - accuracy) * (height - bottom - 10)];
}

// An empty chart; the accuracy `target` is marked. words: chart, accuracy, images.
export function makeChart(limit, target, words) {
  const viewBox = `0 0 ${width} ${height}`;
  const said = { role: "img", "aria-label": words.chart };
  const chart = svg("svg", { class: "play-chart", viewBox, ...said });
  chart.dataset.limit = limit;
  for (const accuracy of [0.1, 0.5, target, 1]) {
    const [x, y] = place(limit, 0, accuracy);
    const kind = accuracy === target ? "play-target" : "play-grid";
    chart.append(svg("path", { d: `M${x} ${y}H${width}`, class: kind }));
    chart.append(svg("text", { x: 4, y: y + 4 }, words.accuracy(accuracy)));
  }
  for (const seen of [limit / 2, limit]) {
    const [x] = place(limit, seen, 0);
    const at = { x, y: height - 6, "text-anchor": "end" };
    chart.append(svg("text", at, words.images(seen)));
  }
  return chart;
}

// runs: letter and rows; one with a kind is drawn so, and without its letter.
export function drawCurves(chart, runs) {
  chart.querySelectorAll(".play-curve").forEach((old) => old.remove());
  const limit = Number(chart.dataset.limit);
  for (const { letter, rows, kind = "" } of runs) {
    const shown = rows.filter(({ seen }) => seen <= limit);
    const points = shown.map(({ seen, accuracy }) => place(limit, seen, accuracy));
    const name = `play-curve play-curve-${letter.toLowerCase()} ${kind}`;
    chart.append(svg("polyline", { points: points.join(" "), class: name }));
    if (!points.length || kind) continue;
    const [x, y] = points.at(-1);
    const beside = letter === "A" ? y - 6 : y + 16; // near lines, letters apart
    chart.append(svg("text", { x: x + 4, y: beside, class: name }, letter));
  }
}
