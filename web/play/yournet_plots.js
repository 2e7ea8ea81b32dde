// The drawings of "Your net": two curves while it trains, and where runs land among nets.
import { h, svg } from "./dom.js";

const [width, height, left, right, top, bottom] = [330, 210, 54, 14, 10, 26];

// A plot whose places go from 0 to 1; ticks: [place, text].
function makePlot(label, xTicks, yTicks) {
  const at = (x, y) => [left + x * (width - left - right), top + (1 - y) * (height - top - bottom)];
  const marks = svg("g");
  const grid = yTicks.flatMap(([place, text]) => {
    const [x, y] = at(0, place);
    return [
      svg("path", { d: `M${x} ${y}H${width - right}`, class: "play-grid" }),
      svg("text", { x: x - 5, y: y + 4, "text-anchor": "end" }, text),
    ];
  });
  const below = xTicks.map(([place, text]) => {
    const [x] = at(place, 0);
    const anchor = place > 0.9 ? "end" : "middle";
    return svg("text", { x, y: height - 7, "text-anchor": anchor }, text);
  });
  const viewBox = `0 0 ${width} ${height}`;
  const drawing = svg("svg", { class: "play-chart", viewBox, role: "img", "aria-label": label },
    ...grid, ...below, marks);
  const title = h("p", { class: "race-count", "aria-hidden": "true" }, label);
  return { element: h("div", {}, title, drawing), marks, at };
}

const clamp = (x) => Math.min(Math.max(x, 0), 1);

// How far the true accuracy may be from one on so many images, in 95 of 100 cases.
export const margin = (accuracy, n) => 1.96 * Math.sqrt((accuracy * (1 - accuracy)) / n);

const highest = 3; // of the loss; at the start it is 2.3

// Accuracy with what so many held-out images leave open, and loss.
export function makeCurves(limit, heldOut, words) {
  const xTicks = [[0, "0"], [1, words.images(limit)]];
  const accuracy = makePlot(words.accuracyChart, xTicks,
    [0, 0.25, 0.5, 0.75, 1].map((y) => [y, words.percent(y)]));
  const loss = makePlot(words.lossChart, xTicks,
    [0, 1, 2, highest].map((y) => [y / highest, words.loss(y)]));

  function line({ marks, at }, points, kind) {
    const places = points.map(([seen, y]) => at(seen / limit, clamp(y)).join(","));
    marks.append(svg("polyline", { points: places.join(" "), class: `play-curve ${kind}` }));
  }

  // The last run is the one that counts.
  function show(runs) {
    for (const { marks } of [accuracy, loss]) marks.replaceChildren();
    runs.forEach(({ tests, losses }, i) => {
      const kind = i === runs.length - 1 ? "play-curve-a" : "yournet-earlier";
      const points = tests.map(({ seen, accuracy }) => [seen, accuracy]);
      if (i === runs.length - 1) band(points);
      line(accuracy, points, kind);
      line(loss, losses.map(([seen, y]) => [seen, y / highest]), kind);
    });
  }

  function band(points) {
    const edge = (sign) => points.map(([seen, y]) =>
      accuracy.at(seen / limit, clamp(y + sign * margin(y, heldOut))).join(","));
    const outline = [...edge(1), ...edge(-1).reverse()].join(" ");
    accuracy.marks.append(svg("polygon", { points: outline, class: "yournet-band" }));
  }

  return { element: h("div", { class: "yournet-plots" }, accuracy.element, loss.element), show };
}

const [lowest, steps] = [0.6, [0.6, 0.7, 0.8, 0.9]]; // of accuracy; what is lower lies on the edge
const most = 0.95;
const powers = { parameters: [3, 7], macs: [4, 8] }; // of ten, of the axis

// rungs: { name, parameters, macs, accuracies }; runs: { name, parameters, macs, accuracy }.
export function makeLanding(words) {
  const place = (accuracy) => clamp((accuracy - lowest) / (most - lowest));
  const yTicks = steps.map((y) => [place(y), y === lowest ? words.below(y) : words.percent(y)]);
  const plots = Object.entries(powers).map(([what, [from, to]]) => {
    const title = what === "macs" ? words.byMacs : words.byParameters;
    const xTicks = [];
    for (let power = from; power <= to; power++) {
      xTicks.push([(power - from) / (to - from), (10 ** power).toLocaleString("en", { notation: "compact" })]);
    }
    const across = (n) => clamp((Math.log10(n) - from) / (to - from));
    return { what, across, ...makePlot(title, xTicks, yTicks) };
  });

  // chosen: the name of the net that the runs are compared with.
  function show(rungs, runs, chosen) {
    for (const { what, across, marks, at } of plots) {
      marks.replaceChildren();
      for (const { name, accuracies, mean, [what]: size } of rungs) {
        const kind = name === chosen ? "yournet-rung yournet-chosen" : "yournet-rung";
        for (const accuracy of accuracies) {
          const [cx, cy] = at(across(size), place(accuracy));
          const title = svg("title", {}, words.dot(name, accuracy));
          marks.append(svg("circle", { cx, cy, r: 3, class: kind }, title));
        }
        if (name !== chosen) continue;
        const [x, y] = at(across(size), place(mean));
        const anchor = across(size) > 0.7 ? "end" : "start";
        const dx = anchor === "end" ? -8 : 8;
        marks.append(svg("text", { x: x + dx, y: y + 4, "text-anchor": anchor }, name));
      }
      runs.forEach(({ name, accuracy, [what]: size }, i) => {
        const [x, y] = at(across(size), place(accuracy));
        const title = svg("title", {}, words.dot(name, accuracy));
        const shape = { x: x - 4.5, y: y - 4.5, width: 9, height: 9 };
        marks.append(
          svg("rect", { ...shape, class: "yournet-run" }, title),
          svg("text", { x: x + 7, y: y - 4, class: "yournet-number" }, i + 1),
        );
      });
    }
  }

  return { element: h("div", { class: "yournet-plots" }, ...plots.map(({ element }) => element)), show };
}
