// The chapter's net in a box to edit; beside each line stands what its layer does.
// What reads the reader's own net, tracer_edit.js, comes with the first touch.
import { h, labelled, number, state, status } from "./dom.js";
import { loadData } from "./host.js";
import { by, kindOf, trace } from "./trace.js";
import { words } from "./tracer_words.js";

const LARGEST = 4096; // of channels, height and width
const WIDE = 640; // px from which code and results stand side by side
const TALLEST = 28; // px of a box that shows a map
const PER_DOUBLING = 2.4; // px of its width
const TIDY = [ // how print(net) writes it, and how one would write it
  [/\((\d+), \1\)/g, "$1"],
  [/(?:, |\b)(?:padding=0|dilation=1|stride=1|ceil_mode=False|inplace=False|bias=True)\b/g, ""],
  [/start_dim=1, end_dim=-1|(?:in_features|out_features|kernel_size|p)=/g, ""],
  [/^ {4}/gm, "  "],
];
const SHORT = [5, 14]; // lines of the box on a phone, before and while it is used

export function widget(figure) {
  const { side = "224", channels = "1", height = side } = figure.dataset;
  const written = figure.querySelector("pre").textContent.trim();
  const net = TIDY.reduce((text, [from, to]) => text.replace(from, to), written);
  const standard = { net, channels: +channels, height: +height, side: +side };
  // In a link a height of 0 is the width.
  const start = JSON.stringify({ ...standard, height: 0 });
  const link = state("tracer", JSON.parse(start), open);
  let editor = null; // loaded with the reader's first touch
  let rows = [];
  let isBeside = true; // the layers come in the order of their lines

  const box = h("textarea", {
    id: "play-net", wrap: "off", spellcheck: "false", autocapitalize: "off", autocomplete: "off",
    autocorrect: "off", "aria-describedby": "play-said", on: { focus: grow, blur: grow },
  });
  const fields = words.sides.map(() =>
    h("input", { type: "number", min: 1, max: LARGEST, inputmode: "numeric" }));
  const choices = Object.entries(words.sizes).map(([size, name]) =>
    h("option", { value: size }, `${size} · ${name}`));
  const own = h("option", { value: "", disabled: true, hidden: true }, words.own);
  const preset = h("select", { on: { change: choose } }, own, ...choices);
  const back = h("button", { type: "button" }, words.reset);
  // To "Your net", with the net in the address.
  const train = h("a", {
    href: "../book/your_net.html", on: { click: () => (train.hash = location.hash) },
  }, words.train);
  const message = h("p", { id: "play-said" });
  const line = status();
  line.classList.add("play-hidden"); // the message is seen at once
  const table = h("table");
  const scroll = h("div", {
    class: "play-scroll", tabindex: 0, role: "region", "aria-label": words.scroll,
  }, table);

  function fill({ net, channels, height, side }) {
    box.value = net;
    [channels, height || side, side].forEach((value, i) => (fields[i].value = value));
    namePreset();
    grow();
  }

  function choose() {
    preset.value.split("×").forEach((value, i) => (fields[i].value = value));
  }

  // The entry with these sizes, if there is one.
  function namePreset() {
    const size = fields.map((field) => field.value).join("×");
    preset.value = size in words.sizes ? size : "";
  }

  function load() {
    const all = {
      standard, link, box, fields, preset, back, message, line, table,
      draw, fill, grow, lineOf, namePreset,
    };
    editor ??= loadData("tracer").then(({ edit }) => edit(all), () => {
      editor = null;
      message.textContent = words.noReader;
    });
    return editor;
  }

  // A link was followed.
  function open(saved) {
    fill(saved);
    load().then((settle) => settle?.());
  }

  function isBroad() {
    return figure.parentElement.clientWidth >= WIDE;
  }

  function lineOf(position) {
    return box.value.slice(0, position).split("\n").length - 1;
  }

  // The layers' rows, and a last one where the net breaks.
  function draw(result, stop = []) {
    const lines = result.layers.map(({ position }) => lineOf(position));
    isBeside = lines.every((at, i) => !i || at >= lines[i - 1]);
    const parts = tableOf(result, lines, !isBeside, stop);
    table.replaceChildren(...parts.children);
    const ends = [...lines.slice(0, result.rows.length), lineOf(result.failure?.position)];
    rows = parts.rows.map((row, i) => ({ row, line: ends[i] }));
    align();
    return rows;
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

  function grow() {
    const lines = box.value.split("\n").length;
    const isUsed = document.activeElement === box;
    box.rows = Math.min(lines + 1, isBroad() ? 200 : SHORT[isUsed ? 1 : 0]);
  }

  const sizes = h("fieldset", {}, h("legend", { class: "play-hidden" }, words.image),
    ...fields.map((field, i) => labelled(words.sides[i], field)),
    labelled(words.presets, preset));
  const top = h("div", { class: "play-top" }, h("label", { for: box.id }, words.box), train, back);
  const code = h("div", { class: "play-code" }, sizes, top, box);
  const parts = h("div", { class: "play-parts" }, code, message, scroll);
  figure.replaceChildren(parts, line, figure.querySelector("figcaption") ?? "");
  for (const event of ["focusin", "pointerdown", "change"]) {
    figure.addEventListener(event, load);
  }
  fill(standard);
  const result = trace(net, [1, ...fields.map(({ value }) => +value)]);
  draw(result);
  message.textContent = words.summary(result);
  if (JSON.stringify(link.get()) !== start) open(link.get());
  new ResizeObserver(() => {
    grow();
    align();
  }).observe(figure);
}

function tableOf(result, lines, isNumbered, stop) {
  const { inputShape, rows, failure, parameters, macs } = result;
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
  }).concat(stop);
  const input = rowOf(words.input, [outputOf(inputShape, largest, words.input), "", "", ""]);
  const total = rowOf(failure ? words.soFar : words.total, ["", number(parameters), number(macs), ""]);
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
