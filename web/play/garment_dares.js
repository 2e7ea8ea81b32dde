// Three dares, and what each teaches: told while it is on the pad.
import { h } from "./dom.js";
import { button, div } from "./garment_parts.js";
import { garment as words } from "./words_en.js";

const boot = 9; // its class
const shift = 4; // pixels

export function makeDares(names, subject, silhouettes, startDrawing) {
  const taken = new Set();
  let last = "";
  const lesson = h("p", { hidden: true });
  const buttons = Object.keys(words.dare).map((name) => {
    const click = () => {
      taken.add((last = name));
      dares[name]();
    };
    return { name, element: button(words.dare[name].ask, click) };
  });
  const dares = {
    empty: () => subject.change(subject.clear),
    boot: () => subject.change(() => subject.choose(subject.firstOf[boot], { dx: shift })),
    own() {
      dares.empty();
      startDrawing();
    },
  };

  function tell(said) {
    const { dx, dy, turn, thick } = subject.moves();
    const isDrawing = subject.isDrawing();
    const isEmpty = isDrawing && subject.isEmpty();
    const isBoot = !isDrawing && subject.number() === subject.firstOf[boot];
    const holds = {
      empty: isEmpty && last !== "own",
      boot: isBoot && dx === shift && !dy && !turn && !thick,
      own: isDrawing && (!isEmpty || last === "own"),
    };
    const now = buttons.find(({ name }) => taken.has(name) && holds[name]);
    lesson.hidden = !now || (now.name === "own" && isEmpty);
    const flat = names.map((name) => words.dare.own.flat(name, silhouettes[name]));
    if (now) {
      lesson.textContent = words.dare[now.name].tell(said, flat);
    }
    for (const one of buttons) one.element.setAttribute("aria-pressed", one === now);
  }

  const element = h("section", { class: "garment-dares", "aria-label": words.dares },
    div("dare", h("b", {}, words.dares), ...buttons.map(({ element }) => element)),
    lesson);
  return { element, tell };
}
