// The window, weight by weight: patch × weights = products, whose sum is one number.
import { bytesOf } from "./bytes.js";
import { h } from "./dom.js";
import { decodeFloat16 } from "./float16.js";
import { loadData } from "./host.js";
import { build, button, choice, div } from "./window_core.js";
import { measure } from "./window_math.js";
import { paint } from "./window_view.js";
import { words } from "./window_words.js";

const filters = {
  vertical: [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  horizontal: [-1, -2, -1, 0, 0, 0, 1, 2, 1],
  laplacian: [0, 1, 0, 1, -4, 1, 0, 1, 0],
  sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
  blur: Array(25).fill(0.04),
  identity: [0, 0, 0, 0, 1, 0, 0, 0, 0],
};
const start = { filter: "vertical", weights: "", bias: 0, row: 12, column: 12 };
const largest = (values) => values.reduce((most, n) => Math.max(most, Math.abs(n)), 0);

export function widget(figure) {
  build(figure, "window", start, seeing);
}

function seeing({ figure, link, now, stage, line, draw, follow, tell }) {
  const patch = factor(words.patch);
  const weights = factor(words.weights);
  const products = factor(words.products);
  const total = h("strong");
  const bias = h("small");
  const place = h("small");
  const term = h("p", { class: "window-term" }); // of the weight in use
  const sum = div("sum", h("p", {}, h("b", {}, words.sum)), total, place, bias);
  const equation = div(
    "equation",
    div("pair", patch.box, sign("×"), weights.box),
    div("pair", sign("="), products.box, sign("→"), sum),
    term,
  );
  stage.append(equation);
  patch.cells.classList.add("window-greys");
  let inputs = [];
  const chips = [];
  const trained = button(load, words.lenet);
  const bar = choice(words.choose, trained);
  for (const filter in filters) {
    const use = { filter, weights: "", bias: 0 };
    addChip(use, filters[filter], words.filters[filter]);
  }

  function addChip(use, kernel, ...name) {
    const icon = h("canvas");
    const chip = button(() => choose(use), icon, ...name);
    trained.before(chip);
    chips.push({ use, kernel, icon, chip });
    return chip;
  }

  function choose(partial) {
    link.set(partial);
    follow(now);
    tell();
  }

  async function load() {
    trained.disabled = true;
    line.say(words.loading, true);
    try {
      const { parameters } = await loadData("lenet");
      const all = [...decodeFloat16(bytesOf(parameters).slice(0, 2 * 6 * 26))];
      const six = [0, 1, 2, 3, 4, 5].map((i) => {
        const kernel = all.slice(25 * i, 25 * i + 25);
        const text = kernel.map((weight) => +weight.toPrecision(4)).join(" ");
        const chip = addChip({ filter: "", weights: text, bias: all[150 + i] }, kernel);
        chip.setAttribute("aria-label", words.lenetFilter(i));
        return chip;
      });
      six[0].click();
      six[0].focus();
      trained.remove();
    } catch ({ message }) {
      line.say((trained.textContent = words.failed(message)), true);
      trained.disabled = false;
    }
  }

  function edit(i, { value }) {
    if (!value) return; // not yet a number
    const changed = now.weights.map((weight, j) => (i === j ? +value : weight));
    choose({ filter: "", weights: changed.join(" "), bias: now.bias });
  }

  // One stop for the Tab key; from there the arrows lead on.
  function lead(event, i) {
    const to = inputs[i + ({ ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? NaN)];
    if (!to) return;
    event.preventDefault();
    inputs[i].tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  }

  function layOut(kernel) {
    equation.style.setProperty("--kernel", kernel);
    equation.classList.toggle("window-many", kernel > 3);
    inputs = now.weights.map((_, i) =>
      h("input", {
        type: "number",
        step: "any",
        tabindex: i ? -1 : 0,
        "aria-label": words.weightAt(Math.floor(i / kernel), i % kernel),
        on: {
          input: ({ target }) => edit(i, target),
          blur: () => {
            changed();
            draw();
          },
          focus: ({ target }) => {
            target.select();
            draw();
          },
          keydown: (event) => lead(event, i),
        },
      }),
    );
    weights.cells.replaceChildren(...inputs);
    for (const { cells } of [patch, products]) {
      cells.replaceChildren(...inputs.map(() => h("span")));
    }
  }

  function changed() {
    const { kernel } = now.setting;
    if (inputs.length !== kernel ** 2) layOut(kernel);
    inputs.forEach((input, i) => {
      if (input === document.activeElement) return;
      const text = now.weights[i].toFixed(2);
      input.value = kernel > 3 ? text : +text;
    });
  }

  return {
    parts: [bar],
    changed,
    // A link may spell out any weights of a square.
    read({ filter, weights: text, bias }) {
      const spelt = text.split(" ").map(Number);
      const kernel = Math.sqrt(spelt.length);
      const isSquare = kernel % 1 === 0 && kernel < 8;
      const isOwn = text && isSquare && spelt.every(Number.isFinite);
      const known = Object.hasOwn(filters, filter) ? filter : start.filter;
      const taken = isOwn ? spelt : filters[known];
      const size = Math.sqrt(taken.length);
      const setting = { side: 28, kernel: size, stride: 1, padding: 0, dilation: 1 };
      return [setting, taken, isOwn ? bias : 0, now.pixels];
    },
    say: () => words.said(now.row, now.column, sumOf(now)),
    colour: () => signed(figure, largest(now.map)),
    show() {
      const scale = largest(now.weights);
      const number = now.setting.kernel > 3 ? words.short : words.number;
      term.textContent = words.noTerm;
      patchOf(now.input, now.setting, now.row, now.column).forEach((value, i) => {
        const product = value * now.weights[i];
        const level = patch.cells.children[i];
        const result = products.cells.children[i];
        level.textContent = number(value);
        level.classList.toggle("window-bright", value > 0.5);
        result.textContent = number(product);
        tint(level, value, 1);
        tint(inputs[i], now.weights[i], scale);
        tint(result, product, scale);
        if (inputs[i] !== document.activeElement) return;
        term.textContent = words.term(value, now.weights[i], product);
      });
      total.textContent = words.number(sumOf(now));
      tint(total, sumOf(now), largest(now.map));
      bias.textContent = words.bias(now.bias);
      place.textContent = words.at(now.row, now.column);
      const { filter, weights: text } = link.get();
      for (const { chip, icon, kernel, use } of chips) {
        paint(icon, kernel, signed(figure, largest(kernel)));
        const isUsed = use.weights === text && (text || use.filter === filter);
        chip.setAttribute("aria-pressed", !!isUsed);
      }
    },
    lines([, , from, to], [, , , cell], fromScreen) {
      const lens = patch.cells.getBoundingClientRect();
      const end = total.getBoundingClientRect();
      const [a, b] = [lens.left, lens.right].map((x) => fromScreen([x, lens.top]));
      // Where the sum lies below the weights, its line goes round them.
      const [x, y] = fromScreen([end.right, end.top + end.height / 2]);
      const isBelow = end.top > lens.bottom;
      const [middle, top] = fromScreen([(end.left + end.right) / 2, end.top]);
      const way = isBelow
        ? `M${x} ${y}h6V${cell[1]}H${cell[0]}`
        : `M${middle} ${top}L${cell}`;
      return [["beam", `M${from}L${a}L${b}L${to}z`], ["way", way]];
    },
  };
}

// What the window sees at a place, row by row.
export function patchOf(padded, setting, row, column) {
  const { kernel, stride, dilation } = setting;
  const { padded: length } = measure(setting);
  return Array.from({ length: kernel ** 2 }, (_, i) => {
    const y = row * stride + Math.floor(i / kernel) * dilation;
    return padded[y * length + column * stride + (i % kernel) * dilation];
  });
}

function sumOf({ map, size, row, column }) {
  return map[row * size + column];
}

function factor(title) {
  const cells = div("cells");
  return { cells, box: div("factor", h("p", {}, h("b", {}, title)), cells) };
}

function sign(text) {
  return h("span", { class: "window-sign", "aria-hidden": true }, text);
}

// How much of a colour lies behind a number.
function tint(cell, value, scale) {
  cell.style.setProperty("--share", Math.abs(value) / (scale || 1));
  cell.classList.toggle("window-minus", value < 0);
}

// From one of the figure's colours over that of 0 to the other, as the theme has them.
function signed(figure, scale) {
  const context = h("canvas").getContext("2d");
  const style = getComputedStyle(figure);
  const [minus, zero, plus] = ["minus", "zero", "plus"].map((name) => {
    context.fillStyle = style.getPropertyValue(`--window-${name}`);
    return [1, 3, 5].map((at) => parseInt(context.fillStyle.slice(at, at + 2), 16));
  });
  return (value) => {
    const share = Math.abs(value) / (scale || 1);
    const end = value < 0 ? minus : plus;
    return [...zero.map((from, i) => from + share * (end[i] - from)), 255];
  };
}
