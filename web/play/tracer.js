// The chapter's net in a box to edit; beside each line stands what its layer does.
import { h, labelled, number, state, status } from "./dom.js";
import { loadData } from "./host.js";
import { by, kindOf, trace as tracePlain } from "./trace.js";
import { words } from "./tracer_words.js";

const LARGEST = 4096; // of channels, height and width
const LONGEST_LINK = 8000; // characters
const PAUSE = 700; // ms without a keystroke before the reader is told of a mistake
const WIDE = 640; // px from which code and results stand side by side
const TALLEST = 28; // px of a box that shows a map
const PER_DOUBLING = 2.4; // px of its width
const NOWHERE = -2; // a line above the box
const TIDY = [ // how print(net) writes it, and how one would write it
  [/\((\d+), \1\)/g, "$1"],
  [/(?:, |\b)(?:padding=0|dilation=1|stride=1|ceil_mode=False|inplace=False|bias=True)\b/g, ""],
  [/start_dim=1, end_dim=-1|(?:in_features|out_features|kernel_size|p)=/g, ""],
  [/^ {4}/gm, "  "],
];
const SHORT = [5, 14]; // lines of the box on a phone, before and while it is used

export function widget(figure) {
  const { side = "224", channels = "1", height = side } = figure.dataset;
  const sides = { channels: +channels, height: +height, side: +side };
  const written = figure.querySelector("pre").textContent.trim();
  const net = TIDY.reduce((text, [from, to]) => text.replace(from, to), written);
  const standard = { net, ...sides };
  // In a link a height of 0 is the width.
  const link = state("tracer", { ...standard, height: 0 }, (saved) => fill(opened(saved)));
  let trace = null; // reads any net, once it is loaded
  let asked = null;
  let waiting;
  let drawn = "";
  let before = []; // the cells of the last table
  let replaced = null; // what "Start again" took away
  let note = "";
  let rows = [];
  let isBeside = true; // the layers come in the order of their lines

  const box = h("textarea", {
    id: "play-net", wrap: "off", spellcheck: "false", autocapitalize: "off", autocomplete: "off",
    autocorrect: "off", "aria-describedby": "play-said",
    on: {
      input: edit, change: settle, paste: () => setTimeout(takeChannels),
      keyup: mark, click: mark, focus: grow, blur: grow,
    },
  });
  const fields = words.sides.map(() => h("input", {
    type: "number", min: 1, max: LARGEST, inputmode: "numeric",
    on: { input: edit, change: settle },
  }));
  const choices = Object.entries(words.sizes).map(([size, name]) =>
    h("option", { value: size }, `${size} · ${name}`));
  const preset = h("select", { on: { change: choose } },
    h("option", { value: "" }, words.own), ...choices);
  const back = h("button", { type: "button", on: { click: reset } }, words.reset);
  const message = h("p", { id: "play-said" });
  const line = status();
  line.classList.add("play-hidden"); // the message is seen at once
  const table = h("table");
  const scroll = h("div", {
    class: "play-scroll", tabindex: 0, role: "region", "aria-label": words.scroll,
  }, table);

  function opened({ height, ...saved }) {
    return { ...saved, height: height || saved.side };
  }

  function current() {
    const [channels, height, side] = fields.map((field) => Number(field.value));
    return { net: box.value, channels, height, side };
  }

  function fill({ net, channels, height, side }) {
    box.value = net;
    [channels, height, side].forEach((value, i) => (fields[i].value = value));
    grow();
    settle();
  }

  // What reads any net comes with the reader's first touch.
  function load() {
    asked ??= loadData("tracer").then((found) => {
      trace = found.trace;
      show(true);
    }, () => {
      asked = null;
      say(words.noReader, "wrong");
    });
    return asked;
  }

  function edit({ target }) {
    replaced = null;
    back.textContent = words.reset;
    note = "";
    save();
    if (target === box) grow();
    clearTimeout(waiting);
    waiting = setTimeout(settle, PAUSE);
    show(false);
  }

  // The reader pauses, or has left the box.
  function settle() {
    clearTimeout(waiting);
    show(true);
    line.say(message.textContent);
  }

  function save() {
    const { net, channels, height, side } = current();
    const isLong = new URLSearchParams({ net }).toString().length > LONGEST_LINK;
    if (isLong) note = words.noLink;
    const held = isLong ? standard.net : net;
    link.set({ net: held, channels, side, height: height === side ? 0 : height });
  }

  function choose() {
    if (!preset.value) return;
    preset.value.split("×").forEach((value, i) => (fields[i].value = value));
    preset.value = "";
    edit({ target: preset });
    settle();
  }

  // A new net brings its own number of channels.
  async function takeChannels() {
    await load();
    const wanted = trace?.(box.value, [1, 1, 9, 9]).layers[0]?.values?.in_channels;
    if (!wanted || wanted === Number(fields[0].value)) return;
    fields[0].value = wanted;
    save();
    note = words.channelsNow(wanted);
    settle();
  }

  function reset() {
    const now = current();
    fill(replaced ?? standard);
    replaced = replaced ? null : now;
    back.textContent = replaced ? words.undo : words.reset;
    line.say(message.textContent, true);
    box.focus({ preventScroll: true });
  }

  function show(isSettled) {
    const { net, ...shape } = current();
    const values = Object.values(shape);
    const bad = values.findIndex((n) => !(Number.isInteger(n) && n >= 1 && n <= LARGEST));
    fields.forEach((field, i) => field.setAttribute("aria-invalid", isSettled && i === bad));
    if (bad >= 0) {
      if (isSettled) say(words.most(words.sides[bad], LARGEST), "wrong");
      return;
    }
    if (!trace && net !== standard.net) return void load();
    const result = (trace ?? tracePlain)(net, [1, ...values]);
    const { failure } = result;
    // While a line is being typed it is not wrong, and the last table stays.
    if (failure && !isSettled) return;
    const isRead = !failure || failure.layer !== null;
    const isOpen = Boolean(failure?.isOpen);
    if (isRead) draw(result);
    table.classList.toggle("play-old", !isRead);
    box.setAttribute("aria-invalid", !isRead && !isOpen);
    const at = failure && !isOpen ? lineOf(failure.position) : NOWHERE;
    box.style.setProperty("--wrong", at);
    say(summary(result), failure && (isOpen ? "calm" : "wrong"), result.notes);
  }

  function say(text, kind, notes = []) {
    message.className = kind ? `play-${kind}` : "";
    message.textContent = [text, note, ...notes].filter(Boolean).join(" ");
  }

  function isBroad() {
    return figure.parentElement.clientWidth >= WIDE;
  }

  function lineOf(position) {
    return box.value.slice(0, position).split("\n").length - 1;
  }

  function draw(result) {
    const now = JSON.stringify([result.inputShape, result.rows, result.failure]);
    if (now === drawn) return; // what flashes must not be cut short
    drawn = now;
    const lines = result.layers.map(({ position }) => lineOf(position));
    const isInOrder = lines.every((at, i) => !i || at >= lines[i - 1]);
    const parts = tableOf(result, lines, !isInOrder);
    table.replaceChildren(...parts.children);
    rows = parts.rows.map((row, i) => ({ row, line: lines[i] }));
    isBeside = isInOrder;
    const cells = parts.rows.map((row) => [...row.cells].map((cell) => cell.textContent));
    cells.forEach((texts, i) => texts.forEach((text, j) => {
      const isNew = before.length && before[i]?.[j] !== text;
      parts.rows[i].cells[j].classList.toggle("play-new", Boolean(isNew));
    }));
    before = cells;
    align();
    mark();
  }

  // Each row begins at its line of code, or under the row before.
  function align() {
    const isAligned = isBroad() && isBeside;
    figure.classList.toggle("play-wide", isBroad());
    figure.classList.toggle("play-aligned", isAligned);
    const all = rows.map(({ row }) => row);
    const input = table.tBodies[0]?.rows[0];
    for (const row of [input, ...all]) row?.style.removeProperty("height");
    if (!isAligned || !rows.length) return;
    const style = getComputedStyle(box);
    const unit = parseFloat(style.lineHeight);
    const edge = parseFloat(style.paddingTop) + parseFloat(style.borderTopWidth);
    const top = box.getBoundingClientRect().top + edge;
    const starts = [];
    for (const { line } of rows) starts.push(Math.max(line, (starts.at(-1) ?? -1) + 1));
    input.style.height = `${top + starts[0] * unit - input.getBoundingClientRect().top}px`;
    all.forEach((row, i) => {
      const lines = (starts[i + 1] ?? starts[i] + 1) - starts[i];
      row.style.height = `${lines * unit}px`;
    });
  }

  // The caret's line and its row.
  function mark() {
    const isUsed = document.activeElement === box;
    const at = isUsed ? lineOf(box.selectionStart) : NOWHERE;
    box.style.setProperty("--here", at);
    for (const { row, line } of rows) row.classList.toggle("play-here", line === at);
  }

  function grow() {
    const lines = box.value.split("\n").length;
    const isUsed = document.activeElement === box;
    box.rows = Math.min(lines + 1, isBroad() ? 200 : SHORT[isUsed ? 1 : 0]);
    mark();
  }

  const sizes = h("fieldset", {}, h("legend", { class: "play-hidden" }, words.image),
    ...fields.map((field, i) => labelled(words.sides[i], field)),
    labelled(words.presets, preset));
  const top = h("div", { class: "play-top" }, h("label", { for: box.id }, words.box), back);
  const code = h("div", { class: "play-code" }, sizes, top, box);
  const parts = h("div", { class: "play-parts" }, code, message, scroll);
  figure.replaceChildren(parts, line, figure.querySelector("figcaption") ?? "");
  for (const event of ["focusin", "pointerdown"]) {
    figure.addEventListener(event, load, { once: true });
  }
  fill(opened(link.get()));
  new ResizeObserver(() => {
    grow();
    align();
  }).observe(figure);

  function summary({ failure, layers, parameters, macs }) {
    if (!failure) return words.summary(layers.length, parameters, macs);
    const { message: why, position, torch } = failure;
    return words.line(lineOf(position) + 1) + why + (torch && words.torch(torch));
  }
}

function tableOf(result, lines, isNumbered) {
  const { inputShape, rows, layers, failure, parameters, macs } = result;
  const largest = Math.max(...[inputShape, ...rows.map((row) => row.outputShape)].map(heightOf));
  const head = words.columns.map((name) => h("th", { scope: "col" }, h("span", {}, name)));
  const body = rows.map((row, i) => {
    const { receptiveField: field, formula, note } = row;
    const name = `${i} ${row.layer}`;
    const place = isNumbered ? words.line(lines[i] + 1) + row.layer : name;
    const how = [formula, note].filter(Boolean).join(": ");
    return rowOf(name, [
      outputOf(row.outputShape, largest, place, how),
      costOf(row.parameters),
      costOf(row.macs),
      field ? [...new Set(field)].map((n) => n || words.unsure).join("×") : words.all,
    ], kindOf(row.layer));
  });
  if (failure) {
    const i = failure.layer;
    const stop = rowOf(`${i} ${layers[i]?.name ?? ""}`, []);
    stop.append(h("td", { colspan: 4 }, words.stops(failure.message)));
    stop.className = "play-wrong";
    body.push(stop);
  }
  const input = rowOf(words.input, [outputOf(inputShape, largest, words.input), "", "", ""]);
  const total = rowOf(words.total, ["", number(parameters), number(macs), ""]);
  const children = [
    h("caption", {}, words.caption),
    h("thead", {}, h("tr", {}, ...head)),
    h("tbody", {}, input, ...body),
    h("tfoot", {}, total),
  ];
  return { children, rows: body };
}

function heightOf(shape) {
  return shape.length > 2 ? shape.at(-2) : 1;
}

// A box as high as the map; its width tells the channels. The name stands there only
// for the eye, where no code stands beside it.
function outputOf(shape, largest, name, how = "") {
  const n = shape.length > 2 ? shape.at(-3) : shape.at(-1);
  const map = h("span", { class: "play-map", "aria-hidden": "true" });
  map.style.height = `${Math.max(3, TALLEST * Math.sqrt(heightOf(shape) / largest))}px`;
  map.style.width = `${3 + PER_DOUBLING * Math.log2(n)}px`;
  const sides = shape.length > 1 ? by(shape) : number(shape[0]);
  return h("span", { class: "play-out" },
    h("span", { class: "play-link" }, map), h("b", {}, sides),
    h("small", {}, h("i", { "aria-hidden": "true" }, name), how));
}

function rowOf(name, values, kind = "") {
  const cells = values.map((value) => h("td", {}, value));
  const head = h("th", { scope: "row" }, h("span", {}, name));
  return h("tr", { class: kind && `play-${kind}` }, head, ...cells);
}

function costOf(n) {
  return n ? number(n) : "";
}
