// The runs of the race in numbers.
import { h } from "./dom.js";
import { words } from "./race_words.js";
import { reached } from "./recipe.js";

export function makeTable(caption) {
  const heads = words.columns.map((text) => h("th", { scope: "col" }, text));
  const body = h("tbody");
  const table = h("table", {},
    h("caption", {}, caption), h("thead", {}, h("tr", {}, ...heads)), body);
  const region = { role: "group", "aria-label": caption, tabindex: 0 };

  // The latest run of each net, then those from before.
  function show(runs, earlier) {
    const rows = runs.map((run) => rowOf(run, nameOf(run)));
    const before = earlier.map((run) => rowOf(run, words.earlier(nameOf(run))));
    body.replaceChildren(...rows, ...before);
  }

  return { element: h("div", { class: "play-scroll", ...region }, table), show };
}

function nameOf({ letter, net, seed }) {
  return words.run(letter, words.net(net), seed);
}

function rowOf({ letter, rows }, name) {
  const results = rows.length ? resultsOf(rows) : words.columns.slice(1).map(() => words.none);
  const cells = results.map((text) => h("td", {}, text));
  const kind = `race-row-${letter.toLowerCase()}`;
  return h("tr", { class: kind }, h("th", { scope: "row" }, name), ...cells);
}

function resultsOf(rows) {
  const { accuracy, meter } = rows.at(-1);
  const there = reached(rows);
  const gradients = [rows[0].meter, meter].map((meter) => {
    const ratio = meter[0].gradient / meter.at(-1).gradient;
    return ratio > 0 ? words.share(ratio) : words.silent;
  });
  return [
    words.accuracy(accuracy),
    there === undefined ? words.none : words.images(there),
    ...gradients,
  ];
}
