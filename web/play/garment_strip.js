// One test image of each class to choose, and the way to all others.
import { h } from "./dom.js";
import { side } from "./drawing.js";
import { button } from "./garment_parts.js";
import { makeTiles, ramps } from "./garment_view.js";
import { garment as words } from "./words_en.js";

export function makeStrip({ at, firstOf, number, isDrawing, change, choose, step }) {
  const thumbs = words.classes.map((name, c) => {
    const { canvas, paint } = makeTiles(1, [side, side], 1);
    paint(at(firstOf[c]), ramps.image, 0, 1);
    const click = () => change(() => choose(firstOf[c]));
    return button(canvas, click, { title: name, "aria-label": name });
  });
  const turn = (text, way, name) =>
    button(text, () => change(() => step(way)), { "aria-label": name, title: name });
  const attributes = { class: "garment-strip", role: "group", "aria-label": words.chooseImage };
  const element = h("div", attributes,
    ...thumbs, turn("‹", -1, words.before), turn("›", 1, words.after));
  const show = () => thumbs.forEach((thumb, c) =>
    thumb.setAttribute("aria-pressed", !isDrawing() && number() === firstOf[c]));
  return { element, show };
}
