// An image of the window's figures: pixels on a canvas, marks above them in SVG.
import { h, svg } from "./dom.js";

const least = 4; // pixels of the screen that a cell needs for lines around it

// Lines on a layer of their own: draw([[kind, d, attributes], ...]).
export function makeLines(kind = "") {
  const layer = svg("svg", { class: kind, "aria-hidden": true });
  layer.draw = (paths) =>
    layer.replaceChildren(
      ...paths.map(([kind, d, more]) =>
        svg("path", { class: `window-${kind}`, d, ...more }),
      ),
    );
  return layer;
}

export const square = (x, y, side) => `M${x} ${y}h${side}v${side}h${-side}z`;

// The view shows `span` pixels from `low` on; its canvas covers side from `at` on.
export function makeView(title) {
  const canvas = h("canvas");
  const marks = makeLines();
  const box = h("div", { class: "window-box" }, canvas, marks);
  const size = h("span");
  const head = h("p", {}, h("b", {}, title), " ", size);
  const element = h("div", { class: "window-view" }, head, box);
  let [low, span] = [0, 1];
  return {
    element,
    box,
    canvas,
    size,
    draw: marks.draw,
    frame(from, length, at, side) {
      [low, span] = [from, length];
      marks.setAttribute("viewBox", `${low} ${low} ${span} ${span}`);
      canvas.style.left = canvas.style.top = `${(100 * (at - low)) / span}%`;
      canvas.style.width = `${(100 * side) / span}%`;
    },
    // Between cells, where they are large enough for it.
    grid(from, to, step) {
      if (step * box.clientWidth < least * span) return "";
      let d = "";
      for (let x = from; x < to + step / 2; x += step) {
        d += `M${x} ${from}V${to}M${from} ${x}H${to}`;
      }
      return d;
    },
    // Where a place of the image is on the screen, and the other way.
    onScreen(x, y) {
      const { left, top, width } = box.getBoundingClientRect();
      return [left + ((x - low) / span) * width, top + ((y - low) / span) * width];
    },
    under({ clientX, clientY }) {
      const { left, top, width } = box.getBoundingClientRect();
      return [clientX - left, clientY - top].map((at) => low + (at / width) * span);
    },
  };
}

// One pixel a value.
export function paint(canvas, values, colourOf) {
  const side = Math.sqrt(values.length);
  canvas.width = canvas.height = side;
  if (!side) return;
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  values.forEach((value, i) => image.data.set(colourOf(value, i), 4 * i));
  context.putImageData(image, 0, 0);
}

export function grey(value) {
  const level = 255 * value;
  return [level, level, level, 255];
}
