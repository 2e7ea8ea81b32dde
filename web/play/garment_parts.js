// What the modules of the garment's figure share: elements, keys.
import { h } from "./dom.js";

export const arrows = {
  ArrowLeft: [-1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowRight: [1, 0],
};

export const div = (kind, ...children) => h("div", { class: `garment-${kind}` }, ...children);
export const span = (kind, ...children) => h("span", { class: `garment-${kind}` }, ...children);
export const button = (text, click, more = {}) =>
  h("button", { type: "button", ...more, on: { click } }, text);
export const isPlain = ({ ctrlKey, altKey, metaKey }) => !ctrlKey && !altKey && !metaKey;

// A canvas is an image for a screen reader once it shows something.
export function describe(canvas, text) {
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", text);
}
