// What each net says: its verdict, and how sure it is of each class.
import { h } from "./dom.js";
import { div, span } from "./garment_parts.js";
import { garment as words } from "./words_en.js";

export function makeVerdicts(names, accuracy) {
  const verdicts = Object.fromEntries(names.map((name) => {
    const best = h("b", {}, words.coming);
    const share = span("share");
    const right = span("right");
    const box = div(`verdict garment-${name}`,
      h("small", {}, words.title[name]),
      h("p", {}, best),
      h("p", {}, share, " ", right),
      h("small", {}, words.note[name](accuracy[name])));
    return [name, { box, best, share, right }];
  }));
  const bars = words.classes.map((name) => h("tr", {},
    h("th", { scope: "row" }, name),
    ...names.map((net) =>
      h("td", { class: `garment-${net}` }, div("bar", h("i"), span("share"))))));
  const head = [words.class, ...names.map((name) => words.short[name])];
  const table = h("table", { class: "garment-bars" },
    h("caption", { class: "garment-hidden" }, words.table),
    h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, ...bars));
  const took = h("p", { class: "garment-took" });
  const boxes = names.map((name) => verdicts[name].box);
  const element = div("said", div("verdicts", ...boxes), table, took);

  // Show a net's shares; label: the right class, or null. Returns the answer in words.
  function tell(name, shares, label) {
    const top = shares.indexOf(Math.max(...shares));
    const { best, share, right, box } = verdicts[name];
    const isRight = label === null ? "" : top === label;
    best.textContent = words.classes[top];
    share.textContent = words.percent(shares[top]);
    right.textContent = label === null ? "" : words[isRight ? "right" : "wrong"];
    box.dataset.right = isRight;
    shares.forEach((share, c) => {
      const cell = bars[c].children[1 + names.indexOf(name)];
      cell.querySelector("span").textContent = words.percent(share);
      cell.style.setProperty("--share", share);
      cell.toggleAttribute("data-best", c === top);
    });
    return words.said(name, top, shares[top]);
  }

  return {
    element,
    tell,
    tellTime: (milliseconds) => (took.textContent = words.took(milliseconds)),
    fail: (name, message) => (verdicts[name].best.textContent = words.failed(message)),
  };
}
