// The window, step by step: a formula whose numbers are drawn as they are changed.
import { h, reducedMotion } from "./dom.js";
import { gaps, lookedAt, resize } from "./steps_math.js";
import { words } from "./steps_words.js";
import { build, button, choice, div } from "./window_core.js";
import { measure } from "./window_math.js";
import { grey, makeView, paint, square } from "./window_view.js";

// Of each part of the formula: the least and the most.
const parts = {
  side: [1, 256],
  padding: [0, 16],
  dilation: [1, 8],
  kernel: [1, 16],
  stride: [1, 16],
};
const names = Object.keys(parts);
const named = (values) => Object.fromEntries(names.map((name, i) => [name, values[i]]));
const presets = {
  alexnet: named([224, 1, 1, 11, 4]),
  paper: named([227, 0, 1, 11, 4]),
  lenet: named([28, 2, 1, 5, 1]),
  pooling: named([27, 0, 1, 2, 2]),
  holes: named([28, 0, 3, 3, 2]),
};
const boot = 28; // pixels a side

const isTaken = (name, n) =>
  Number.isInteger(n) && n >= parts[name][0] && n <= parts[name][1];
const half = (...children) => h("span", { class: "window-half" }, ...children);

export function widget(figure) {
  build(figure, "steps", { ...presets.alexnet, row: 24, column: 24 }, stepping);
}

function stepping({ link, now, view, stage, line, draw, follow, pause, tell }) {
  let active = "stride"; // the part that is told about
  let far = [0, 1]; // where the far corner begins, and its length
  let wrong = ""; // what was typed and is not taken
  const inputs = {};
  const fields = {};
  for (const name of names) {
    const [min, max] = parts[name];
    const on = { input: ({ target }) => type(name, target.value), blur: changed };
    inputs[name] = h("input", { type: "number", min, max, on });
    const small = h("small", {}, words.names[name]);
    fields[name] = h("label", { class: `window-part of-${name}` }, small, inputs[name]);
  }
  const { side, padding, dilation, kernel, stride } = fields;
  const rest = h("span", { class: "window-part of-rest", tabindex: 0 });
  const below = h("span");
  const outcome = h("strong");
  const reach = [dilation, "·(", kernel, "− 1) − 1"];
  const top = half(side, "+ 2·", padding, "−", ...reach);
  const formula = div(
    "formula",
    half(div("quotient", top, stride), "+ 1"),
    half("= ⌊", half(below, rest), "⌋ + 1 =", outcome),
  );
  formula.setAttribute("role", "group");
  formula.setAttribute("aria-label", words.formula);
  const less = button(() => nudge(-1), "−");
  const more = button(() => nudge(1), "+");
  const note = h("p");
  const lost = h("p", { class: "window-lost" });
  const corner = makeView(words.corner);
  const tuner = div("tuner", note, less, more);
  corner.element.classList.add("window-corner");
  stage.append(div("says", corner.element, formula, tuner, lost));
  const chips = Object.entries(presets).map(([key, setting]) => {
    const chip = button(() => set(setting), words.presets[key]);
    return { chip, setting };
  });
  for (const [name, field] of Object.entries({ ...fields, rest })) {
    const light = (on) => () => {
      if (on) active = name;
      else if (field.matches(":focus-within, :hover")) return;
      stage.dataset.lit = on ? name : "";
      draw();
    };
    for (const event of ["pointerenter", "focusin"]) {
      field.addEventListener(event, light(true));
    }
    for (const event of ["pointerleave", "focusout"]) {
      field.addEventListener(event, light(false));
    }
  }

  function nudge(by) {
    type(active, now.setting[active] + by);
    changed();
  }

  // Nothing is changed silently: what cannot be taken is said.
  function type(name, text) {
    const n = Number(text || NaN);
    if (isTaken(name, n)) return set({ [name]: n }, name);
    wrong = words.outside(words.names[name], ...parts[name]);
    inputs[name].setAttribute("aria-invalid", true);
    line.say(wrong);
    draw();
  }

  function set(partial, name = active) {
    const before = now.setting;
    const most = (size) => Math.max(size - 1, 1);
    const { size } = measure({ ...before, ...partial });
    const move = (place) => Math.round((place * most(size)) / most(now.size));
    active = name;
    wrong = "";
    pause();
    link.set(partial);
    follow({ row: move(now.row), column: move(now.column) });
    tell();
    for (const key of names) {
      if (before[key] === now.setting[key] || reducedMotion()) continue;
      fields[key].animate?.([{ background: "var(--window-flash)" }, {}], 1200);
    }
  }

  // What is being typed into keeps its text.
  function changed() {
    for (const name of names) {
      const input = inputs[name];
      const value = now.setting[name];
      if (input === document.activeElement && Number(input.value) !== value) continue;
      input.value = value;
      input.removeAttribute("aria-invalid");
    }
  }

  function lostOnes() {
    const { size, setting, reach } = now;
    const { side, padding } = setting;
    if (!size) return words.tooLarge(now.padded, reach);
    const counts = [0, 0]; // of the image, of the padding
    lookedAt(setting).forEach((seen, i) => {
      if (!seen) counts[i < padding || i >= padding + side ? 1 : 0]++;
    });
    return words.lost(...counts);
  }

  // pixel: how long one of the screen is in the drawing.
  function marks(pixel) {
    const { setting, padded, size } = now;
    const { side, padding } = setting;
    const edge = square(padding, padding, side);
    const runs = size ? gaps(lookedAt(setting)) : [];
    const across = ([at, n]) => {
      const look = { "stroke-width": n, "stroke-dasharray": 2.5 * pixel };
      const middle = at + n / 2;
      return ["gap", `M${middle} 0V${padded}M0 ${middle}H${padded}`, look];
    };
    return [
      ["border", padding ? square(0, 0, padded) + edge : ""],
      ...runs.map(across),
      ["edge", edge],
    ];
  }

  // Where a window begins, along the top and the left; thinned out when too many.
  function ticks({ box }, whole) {
    const { size, setting, row, column } = now;
    const every = Math.ceil((size * 4) / box.clientWidth);
    const tick = (i, j, n) => {
      const [x, y] = [j * setting.stride, i * setting.stride];
      return `M${x} ${-n}v${-n}M${-n} ${y}h${-n}`;
    };
    let d = "";
    for (let i = 0; i < size; i += every) d += tick(i, i, whole / 70);
    return [["ticks", d], ["here", size ? tick(row, column, whole / 50) : ""]];
  }

  return {
    parts: [choice(words.choose, ...chips.map(({ chip }) => chip))],
    changed,
    // A link may ask for anything.
    read(asked) {
      const from = (name) => (isTaken(name, asked[name]) ? asked : presets.alexnet);
      const setting = named(names.map((name) => from(name)[name]));
      const count = setting.kernel ** 2;
      const image = resize(now.pixels, boot, setting.side);
      paint(corner.canvas, image, grey);
      return [setting, Array(count).fill(1 / count), 0, image]; // the window's mean
    },
    say: () => words.say(outcome.textContent, lost.textContent),
    colour: () => grey,
    marks() {
      const { setting, size, reach, row, column, padded, rest } = now;
      const { stride, dilation, kernel, side, padding } = setting;
      const place = [column * stride, row * stride];
      const whole = Math.max(padded, reach);
      // The far corner, as large as the last two windows and what is left over.
      const span = Math.min(whole, reach + stride + rest + 1);
      const last = (size - 1) * stride;
      far = [whole - span, span];
      corner.frame(...far, padding, side);
      corner.draw([
        ["grid", corner.grid(0, whole, 1)],
        ...marks(span / corner.box.clientWidth),
        ["next", size > 1 ? square(last - stride, last, reach) : ""],
        ["frame", size ? square(last, last, reach) : ""],
      ]);
      let taps = "";
      for (let i = 0; dilation > 1 && i < kernel ** 2; i++) {
        const [x, y] = [i % kernel, Math.floor(i / kernel)];
        taps += square(place[0] + x * dilation, place[1] + y * dilation, 1);
      }
      return [
        ...marks(whole / view.box.clientWidth),
        ["lens", square(whole - span, whole - span, span)],
        ...ticks(view, whole),
        ["next", column + 1 < size ? square(place[0] + stride, place[1], reach) : ""],
        ["taps", taps],
      ];
    },
    show() {
      const { setting, size, room } = now;
      const exact = room / setting.stride;
      const floor = Math.floor(exact);
      below.textContent = `${floor}`.replace("-", "−");
      rest.textContent = `${Math.round(1000 * (exact - floor)) / 1000}`.slice(1);
      outcome.textContent = size || "✗";
      const told = words.tell[active](setting, now);
      note.textContent = wrong || words.named(words.names[active], told);
      tuner.classList.toggle("window-fixed", active === "rest");
      lost.textContent = lostOnes();
      lost.classList.toggle("window-bad", !size || lookedAt(setting).includes(false));
      for (const [way, by, say] of [[less, -1, words.less], [more, 1, words.more]]) {
        way.disabled = active === "rest" || !isTaken(active, setting[active] + by);
        way.setAttribute("aria-label", say(words.names[active]));
      }
      for (const { chip, setting: preset } of chips) {
        const isOn = names.every((key) => preset[key] === setting[key]);
        chip.setAttribute("aria-pressed", isOn);
      }
    },
    lines([, from, , to], [a, , b], fromScreen) {
      const [start, span] = far;
      const foot = (x) => fromScreen(view.onScreen(start + x * span, start + span));
      const top = (x) => fromScreen(corner.onScreen(start + x * span, start));
      const glass = `M${foot(0)}L${top(0)}L${top(1)}L${foot(1)}z`;
      return [["glass", glass], ["beam", `M${from}L${a}L${b}L${to}z`]];
    },
  };
}
