// Accuracy against images seen, a line for each net: colour, dash and letter.
import { svg } from "./dom.js";

const [width, height, left, bottom] = [480, 240, 44, 24];
const label = "Accuracy against images seen; the table below has the numbers";

// The place of an accuracy after so many images, of which there are at most `limit`.
function place(limit, seen, accuracy) {
  const x = left + (seen / limit) * (width - left - 24);
  return [x, 10 + (1 - accuracy) * (height - bottom - 10)];
}

// An empty chart; the accuracy `target` is marked.
export function makeChart(limit, target) {
  const viewBox = `0 0 ${width} ${height}`;
  const said = { role: "img", "aria-label": label };
  const chart = svg("svg", { class: "play-chart", viewBox, ...said });
  chart.dataset.limit = limit;
  for (const accuracy of [0.1, 0.5, target, 1]) {
    const [x, y] = place(limit, 0, accuracy);
    const kind = accuracy === target ? "play-target" : "play-grid";
    chart.append(svg("path", { d: `M${x} ${y}H${width}`, class: kind }));
    chart.append(svg("text", { x: 4, y: y + 4 }, accuracy.toFixed(2)));
  }
  for (const seen of [limit / 2, limit]) {
    const [x] = place(limit, seen, 0);
    const text = `${seen.toLocaleString("en")} images`;
    chart.append(svg("text", { x, y: height - 6, "text-anchor": "end" }, text));
  }
  return chart;
}

export function drawCurves(chart, lanes) {
  chart.querySelectorAll(".play-curve").forEach((old) => old.remove());
  for (const { letter, rows } of lanes) {
    const { limit } = chart.dataset;
    const points = rows.map(({ seen, accuracy }) => place(limit, seen, accuracy));
    const kind = `play-curve play-curve-${letter.toLowerCase()}`;
    chart.append(svg("polyline", { points: points.join(" "), class: kind }));
    if (!points.length) continue;
    const [x, y] = points.at(-1);
    const beside = letter === "A" ? y - 6 : y + 16; // near lines, letters apart
    chart.append(svg("text", { x: x + 4, y: beside, class: kind }, letter));
  }
}
