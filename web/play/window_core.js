// A window that slides over an image, and writes one number of its map at each place.
import { bytesOf } from "./bytes.js";
import { h, reducedMotion, state, status } from "./dom.js";
import { words } from "./window_core_words.js";
import { convolve, measure, pad } from "./window_math.js";
import { grey, makeLines, makeView, paint, square } from "./window_view.js";

const arrows = {
  ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0],
};
const slowest = 5; // places a second, at the start
const longest = 6; // seconds for all places at full speed

export const clamp = (n, most) => Math.max(0, Math.min(n, most));
export const div = (kind, ...children) =>
  h("div", { class: `window-${kind}` }, ...children);
export const button = (click, ...children) =>
  h("button", { type: "button", on: { click } }, ...children);

// The buttons of a choice, with a name for all of them.
export function choice(name, ...buttons) {
  const bar = div("chips", ...buttons);
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", name);
  return bar;
}

// What differs between the chapters is `mode`, made by make(core).
// parts: elements below. read(link): [setting, weights, bias, image]. changed(): they
// are. show(): once a frame. say(): where the window is, for screen readers.
// colour(): of the map. marks(): on the image. lines(corners of the window, of the
// cell, fromScreen): between the images.
export function build(figure, name, defaults, make) {
  const bytes = bytesOf(figure.dataset.image);
  const link = state(name, defaults, follow);
  const now = { pixels: Float64Array.from(bytes, (byte) => byte / 255) };
  let visited = [];
  let frame = 0; // asked for
  let playing = 0; // places a second

  const view = makeView(words.image);
  const result = makeView(words.map);
  const lines = makeLines("window-lines");
  const stage = div("stage", lines, view.element, result.element);
  const line = status();
  line.classList.add("play-hidden");
  const go = button(() => (playing ? pause() : play()));
  const step = button(() => {
    pause();
    advance();
    tell();
  }, words.step);
  const fill = button(() => {
    const full = isFull();
    pause();
    visited.fill(full ? 0 : 1);
    visit();
  });
  const core = { figure, link, now, view, stage, line, draw, follow, pause, tell };
  const mode = make(core);
  const run = div("run", go, step, fill);
  const part = h("div", { class: "window" }, stage, run, ...mode.parts, line);
  figure.replaceChildren(part, figure.querySelector("figcaption"));

  const role = { tabindex: 0, role: "application", "aria-label": words.hint };
  for (const key in role) view.box.setAttribute(key, role[key]);
  view.box.addEventListener("keydown", (event) => {
    const way = arrows[event.key];
    if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault(); // the page would scroll
    pause();
    moveTo(now.row + way[0], now.column + way[1]);
  });
  drag(view, (at) => Math.round((at - now.reach / 2) / now.setting.stride));
  drag(result, (at) => Math.floor((at - now.at) / now.cell));
  new ResizeObserver(draw).observe(stage);
  const theme = { attributes: true, attributeFilter: ["data-theme"] };
  new MutationObserver(draw).observe(document.documentElement, theme);
  follow(link.get());

  function drag({ box, under }, placeOf) {
    const to = (event) => {
      if (!box.hasPointerCapture(event.pointerId)) return;
      pause();
      const [x, y] = under(event);
      moveTo(placeOf(y), placeOf(x));
    };
    box.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      box.setPointerCapture(event.pointerId);
      to(event);
    });
    box.addEventListener("pointermove", to);
  }

  function follow({ row, column }) {
    const full = isFull();
    const [setting, weights, bias, image] = mode.read(link.get());
    const input = pad(image, setting);
    const map = convolve(input, weights, setting, bias);
    Object.assign(now, { setting, weights, bias, input, map, ...measure(setting) });
    const { size } = now;
    [now.row, now.column] = [row, column].map((place) => clamp(~~place, size - 1));
    if (visited.length !== size ** 2) {
      // Everything in front of the window is there, as if it had come that way.
      const there = full ? size ** 2 : now.row * size + now.column;
      visited = new Uint8Array(size ** 2).fill(1, 0, there);
    }
    paint(view.canvas, image, grey);
    mode.changed();
    visit();
  }

  function isFull() {
    return visited.length > 0 && !visited.includes(0);
  }

  function visit() {
    visited[now.row * now.size + now.column] = 1; // beyond an empty map it is lost
    draw();
  }

  // A quick pointer leaves gaps: the window also stops at the places between.
  function moveTo(...wish) {
    const from = [now.row, now.column];
    const ways = wish.map((place, i) => clamp(place, now.size - 1) - from[i]);
    const count = Math.max(...ways.map(Math.abs));
    for (let i = 1; i <= count; i++) {
      [now.row, now.column] = ways.map((way, axis) =>
        Math.round(from[axis] + (way * i) / count),
      );
      visit();
    }
    tell();
  }

  function tell(words = mode.say()) {
    link.set({ row: now.row, column: now.column });
    line.say(words);
  }

  // To the next place where it has not been; false if there is none.
  function advance() {
    const { size, row, column } = now;
    let next = visited.indexOf(0, row * size + column);
    if (next < 0) next = visited.indexOf(0);
    if (next < 0) return false;
    [now.row, now.column] = [Math.floor(next / size), next % size];
    visit();
    return true;
  }

  function play() {
    if (isFull()) {
      visited.fill(0);
      now.row = now.column = 0;
      visit();
    }
    if (reducedMotion()) {
      // No run: a press fills a row.
      while (advance() && now.column < now.size - 1);
      return tell();
    }
    playing = slowest;
    const most = now.size ** 2 / longest;
    let last = performance.now();
    let due = 1;
    requestAnimationFrame(function next(time) {
      if (!playing) return;
      const passed = clamp(time - last, 100) / 1000;
      last = time;
      playing = Math.max(slowest, Math.min(playing * Math.exp(passed / 2), most));
      for (due += playing * passed; due >= 1; due--) if (!advance()) return pause();
      requestAnimationFrame(next);
    });
    draw();
  }

  function pause() {
    if (!playing) return;
    playing = 0;
    tell();
    draw();
  }

  // However many changes a frame brings, they are drawn once.
  function draw() {
    frame ||= requestAnimationFrame(show);
  }

  function show() {
    frame = 0;
    const { setting, padded, reach, size, row, column } = now;
    const { stride, side, padding } = setting;
    const whole = Math.max(padded, reach);
    const [x, y] = [column * stride, row * stride];
    view.frame(0, whole, padding, side);
    view.size.textContent = words.size(side);
    const marks = mode.marks?.() ?? [];
    const grid = ["grid", view.grid(0, padded, 1)];
    view.draw([grid, ...marks, ["frame", square(x, y, reach)]]);

    // A cell of the map is as large as a step, in the middle of what its window sees.
    const cell = Math.min(stride, whole / size) || 1;
    const at = (whole - size * cell) / 2;
    const [left, top] = [at + column * cell, at + row * cell];
    Object.assign(now, { cell, at });
    result.frame(0, whole, at, size * cell);
    result.size.textContent = words.size(size);
    const colour = mode.colour();
    paint(result.canvas, now.map, (n, i) => (visited[i] ? colour(n) : [0, 0, 0, 0]));
    result.draw(size ? [
      ["grid", result.grid(at, at + size * cell, cell)],
      ["frame", square(left, top, cell)],
    ] : []);

    const start = reducedMotion() ? words.nextRow : words.play;
    go.textContent = playing ? words.pause : start;
    fill.textContent = isFull() ? words.empty : words.fill;
    for (const control of [go, step, fill]) control.disabled = !size;
    mode.show();

    // What leads from the window to its number: corners as in reading.
    const { left: pageX, top: pageY } = stage.getBoundingClientRect();
    const fromScreen = ([x, y]) => [x - pageX, y - pageY];
    const corners = (of, x, y, side) =>
      [[x, y], [x + side, y], [x, y + side], [x + side, y + side]].map((place) =>
        fromScreen(of.onScreen(...place)),
      );
    const ends = [corners(view, x, y, reach), corners(result, left, top, cell)];
    lines.draw(size ? mode.lines(...ends, fromScreen) : []);
  }
}
