// A claim as a row: its sentence and, in one place, the guesses or what was found.
import { drawClaim, makeMark, readPoints } from "./claims_axis.js";
import { words } from "./claims_words.js";
import { h } from "./dom.js";

const guesses = ["holds", "reversed", "small", "undecided", ""]; // "": just show

// A row of the table. Throws an Error for a verdict that is not known.
export function readRow({ cells }) {
  const [sentence, , points, p, verdict] = [...cells].map((cell) =>
    cell.textContent.trim(),
  );
  const kind = Object.keys(words.kinds).find((name) =>
    words.beginnings[name].some((beginning) => verdict.startsWith(beginning)),
  );
  if (!kind) throw new Error(words.unknown(verdict));
  return { kind, sentence, source: [...cells[1].childNodes], points, p, verdict };
}

// `guess` is called with the row and what the reader chose. row.show(answer) opens it:
// a guess, or "" without one; with undefined, or what is no answer, it is covered.
export function makeRow(claim, i, guess) {
  const { kind, sentence, source, points, p, verdict } = claim;
  const mine = h("span", { class: "claims-mine" });
  const found = h(
    "div",
    { class: "claims-found", tabindex: -1 },
    ...(points ? [drawClaim(kind, readPoints(points))] : []),
    h("p", {}, makeMark(kind), h("b", {}, verdict), " ", mine),
    ...(points ? [h("p", {}, words.numbers(points, p))] : []),
  );
  const buttons = guesses.map((name) =>
    h(
      "button",
      { type: "button", tabindex: name === guesses[0] ? 0 : -1, on: { click: () => guess(row, name) } },
      ...(name ? [makeMark(name)] : []),
      h("span", {}, words.kinds[name] ?? words.just),
    ),
  );
  const label = { role: "toolbar", "aria-label": words.guess(sentence) };
  const on = { keydown: (event) => walk(event, buttons) };
  const cover = h("div", { class: "claims-guess", ...label, on }, ...buttons);
  const said = h("p", { class: "claims-said" }, sentence, " ", h("small", {}, ...source));
  const kinds = `claims-row${points ? "" : " claims-short"}`;
  const parts = kind === "unrun" ? [said, found] : [said, cover, found];
  const row = {
    claim,
    found,
    element: h("li", { class: kinds }, ...parts),
    show(answer) {
      row.answer = guesses.includes(answer) ? answer : undefined;
      row.element.toggleAttribute("data-covered", row.answer === undefined);
      mine.textContent = row.answer ? words.mine(row.answer, kind) : "";
    },
  };
  return row;
}

// The arrow keys walk along a row's buttons, which are one stop for the tab key.
function walk(event, buttons) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const at = buttons.indexOf(event.target.closest("button"));
  const next = buttons.at((at + step) % buttons.length);
  for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
  next.focus();
}
