// A row for each layer with weights: a bar for its gradient, and how much of the ReLU
// behind it is silent.
import { h } from "./dom.js";
import { words } from "./yournet_app_words.js";

const [floor, decades] = [1e-8, 8]; // of the bars: up to 1

export function makeLayers() {
  const heads = words.layerColumns.map((text) => h("th", { scope: "col" }, text));
  const body = h("tbody");
  const table = h("table", { class: "yournet-layers" },
    h("caption", {}, words.layers), h("thead", {}, h("tr", {}, ...heads)), body);
  const region = { role: "group", "aria-label": words.layers, tabindex: 0 };
  const element = h("div", {},
    h("div", { class: "play-scroll", ...region }, table),
    h("p", { class: "race-count" }, words.silentIs));
  let rows = []; // by their place in the net

  function begin() {
    body.replaceChildren();
    rows = [];
  }

  // meter and silent: of the worker.
  function show(meter, silent = []) {
    if (!rows.length) rows = meter.map(makeRow);
    meter.forEach(({ gradient }, i) => {
      const share = (Math.log10(gradient) - Math.log10(floor)) / decades;
      rows[i].bar.style.setProperty("--share", Math.min(Math.max(share, 0), 1).toFixed(3));
      rows[i].number.textContent = words.gradient(gradient);
    });
    for (const { row, silent: n, of } of silent) {
      const before = rows.findLast((one) => one.row < row);
      if (!before) continue;
      before.silent.textContent = words.silent(n, of);
      before.silent.style.setProperty("--share", (n / of).toFixed(3));
    }
  }

  function makeRow({ row, name }) {
    const [bar, number, silent] = [h("i"), h("span"), h("td", { class: "yournet-silent" })];
    const head = h("th", { scope: "row" }, words.layer(row, name));
    const gradient = h("td", {}, h("div", { class: "yournet-bar" }, number, bar));
    body.append(h("tr", {}, head, gradient, silent));
    return { row, bar, number, silent };
  }

  return { element, begin, show };
}
