// The pad: pointer and keys move, turn and thicken the garment, draw and erase.
import { h } from "./dom.js";
import { centred, clamp, flattened, grey, painted, side } from "./drawing.js";
import { arrows, button, div, isPlain } from "./garment_parts.js";
import { makeTiles, ramps } from "./garment_view.js";
import { garment as words } from "./words_en.js";

const turnStep = 5; // degrees a key
const thickStep = 30; // CSS pixels of the pointer for a step

export function makePad(subject) {
  const { change, draw, move, moves } = subject;
  let tool = "move";
  let brush = [14.5, 14.5];
  let penDown = false;
  let held = null; // where a pointer went down, and the moves then

  const tiles = makeTiles(1, [side, side], 1);
  tiles.canvas.setAttribute("role", "presentation");
  const field = div("field");
  const cursor = div("cursor");
  const on = { keydown, pointerdown, pointermove, pointerup, pointercancel: pointerup };
  const box = h("div", { class: "garment-pad", tabindex: 0, role: "application", on },
    tiles.canvas, field, cursor);
  const caption = h("p", { class: "garment-caption" });

  const tools = Object.keys(words.tool).map((name) =>
    button(words.tool[name], () => setTool(name), { "data-tool": name }));
  const undo = button(words.undo, subject.undo);
  const centre = () => change(() => draw(centred(flattened(subject.image))));
  const toolBox = div("tools",
    h("div", { role: "group", "aria-label": words.tools }, ...tools),
    h("div", {},
      button(words.centre, centre), button(words.clear, () => change(subject.clear)), undo));

  function show() {
    tiles.paint(subject.image, ramps.image, 0, 1);
    undo.disabled = !subject.canUndo();
    caption.textContent = subject.text();
  }

  function setTool(name) {
    tool = name;
    penDown = false;
    for (const other of tools) other.setAttribute("aria-pressed", other.dataset.tool === name);
    box.setAttribute("aria-label", words.padIs[name] + words.padMore);
    box.dataset.tool = name;
    layBrush();
  }

  function layBrush() {
    const [x, y] = brush.map(Math.floor);
    tiles.lay(cursor, 0, [y, y], [x, x]);
  }

  // Spots a pixel apart: a quick pointer leaves gaps.
  function stroke(from, to) {
    const spots = Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1])) || 1;
    let pixels = flattened(subject.image);
    for (let i = 1; i <= spots; i++) {
      const [x, y] = from.map((start, axis) => start + ((to[axis] - start) * i) / spots);
      pixels = painted(pixels, x, y, tool === "draw" ? grey : 0);
    }
    draw(pixels);
  }

  const isBrush = () => tool === "draw" || tool === "erase";
  const inside = (place) => place.map((n) => clamp(n, 0.5, side - 0.5));

  function placeOf({ clientX, clientY }) {
    const { left, top, width } = tiles.canvas.getBoundingClientRect();
    return [clientX - left, clientY - top].map((length) => (length / width) * side);
  }

  function pointerdown(event) {
    if (event.button) return;
    event.preventDefault();
    box.focus({ preventScroll: true });
    box.setPointerCapture(event.pointerId);
    subject.remember();
    const place = placeOf(event);
    held = { place, moves: moves(), x: event.clientX, y: event.clientY };
    if (!isBrush()) return;
    stroke(place, place);
    brush = place;
  }

  function pointermove(event) {
    if (!held) return;
    const to = placeOf(event);
    const { place: [x, y], moves: { dx, dy, turn, thick } } = held;
    const angle = ([x, y]) => (Math.atan2(y - side / 2, x - side / 2) * 180) / Math.PI;
    if (tool === "move") {
      move({ dx: Math.round(dx + to[0] - x), dy: Math.round(dy + to[1] - y) });
    } else if (tool === "turn") {
      move({ turn: Math.round(turn + angle(to) - angle([x, y])) });
    } else if (tool === "thick") {
      const far = event.clientX - held.x + held.y - event.clientY; // right or up
      move({ thick: thick + Math.round(far / thickStep) });
    } else {
      stroke(brush, to);
      brush = inside(to);
    }
  }

  function pointerup() {
    held = null;
  }

  function keydown(event) {
    const { key, ctrlKey, metaKey } = event;
    if ((ctrlKey || metaKey) && key === "z") subject.undo();
    else if (!isPlain(event)) return;
    else if (arrows[key]) arrow(...arrows[key], event.shiftKey);
    else if (isBrush() && (key === " " || key === "Enter")) {
      if (key === "Enter") penDown = !penDown;
      if (key === " " || penDown) change(() => stroke(brush, brush));
    } else return;
    event.preventDefault();
  }

  function arrow(right, down, isShifted) {
    const { dx, dy, turn, thick } = moves();
    if (isShifted || tool === "move") change(() => move({ dx: dx + right, dy: dy + down }));
    else if (tool === "turn") change(() => move({ turn: turn + turnStep * (right || down) }));
    else if (tool === "thick") change(() => move({ thick: thick + (right || -down) }));
    else {
      const from = brush;
      brush = inside([brush[0] + right, brush[1] + down]);
      layBrush();
      if (penDown) change(() => stroke(from, brush));
    }
  }

  setTool("move");
  const layField = (seen) => tiles.lay(field, 0, ...seen);
  return { box, caption, toolBox, show, setTool, layField };
}
