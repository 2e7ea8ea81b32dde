// The chapter's net in a box to edit: what each layer does, at every keystroke.
import { h, labelled, number, state, status } from "./dom.js";
import { by, kindOf, trace } from "./trace.js";

const COLUMNS = ["layer", "output", "formula", "parameters", "multiply-adds", "sees"];
const LARGEST_SIDE = 512;
const PAUSE = 1000; // ms without a keystroke before the result is announced

export function widget(figure) {
  const { side = "224", channels = "1" } = figure.dataset;
  const standard = { net: figure.querySelector("pre").textContent.trim(), side: +side };
  const link = state("tracer", standard, fill);
  const box = h("textarea", {
    rows: standard.net.split("\n").length + 1, wrap: "off", spellcheck: "false",
    autocapitalize: "off", autocomplete: "off", autocorrect: "off",
    "aria-describedby": "play-said",
    on: { input: edit },
  });
  const sideBox = h("input", {
    type: "number", min: 1, max: LARGEST_SIDE, on: { input: edit },
  });
  const back = h("button", { type: "button", on: { click: reset } }, "Start again");
  const message = h("p", { id: "play-said" });
  const line = status();
  line.classList.add("play-hidden"); // the message is seen at once
  const table = h("div", {
    class: "play-scroll", tabindex: 0, role: "region", "aria-label": "Layer by layer",
  });
  let waiting;

  function fill({ net, side }) {
    box.value = net;
    sideBox.value = side;
    show();
  }

  function edit() {
    link.set({ net: box.value, side: Number(sideBox.value) });
    const said = show();
    clearTimeout(waiting);
    waiting = setTimeout(() => line.say(said), PAUSE);
  }

  function reset() {
    fill(standard);
    link.set(standard);
    line.say(message.textContent, true);
  }

  function show() {
    const side = Number(sideBox.value);
    const isSide = Number.isInteger(side) && side >= 1 && side <= LARGEST_SIDE;
    const result = isSide && trace(box.value, [1, Number(channels), side, side]);
    const { failure } = result;
    // A text that cannot be read leaves the table of the last one that could.
    const isRead = result && (!failure || failure.layer !== null);
    if (isRead) table.replaceChildren(tableOf(result));
    table.classList.toggle("play-old", !isRead);
    message.className = isSide && !failure ? "" : "play-wrong";
    box.setAttribute("aria-invalid", isSide && !isRead);
    sideBox.setAttribute("aria-invalid", !isSide);
    const rule = `The side must be a whole number from 1 to ${LARGEST_SIDE}.`;
    const said = isSide ? summary(result, box.value) : rule;
    message.textContent = said;
    return said;
  }

  const controls = h("div", { class: "play-controls" },
    labelled("Side of the image", sideBox), back);
  const caption = figure.querySelector("figcaption") ?? "";
  const net = labelled("The net, to be changed", box);
  figure.replaceChildren(net, controls, message, table, line, caption);
  fill(link.get());
}

function summary({ failure, layers, parameters, macs }, text) {
  if (!failure) {
    return `${layers.length} layers, ${number(parameters)} parameters, ` +
      `${number(macs)} multiply-adds for one image.`;
  }
  const line = text.slice(0, failure.position).split("\n").length;
  const torch = failure.torch && ` PyTorch says: ${failure.torch}.`;
  return `Line ${line}: ${failure.message}${torch}`;
}

function tableOf(result) {
  const { inputShape, rows, layers, failure, parameters, macs } = result;
  const head = COLUMNS.map((name) => h("th", { scope: "col" }, name));
  const lines = rows.map((row, i) => rowOf(`${i} ${row.layer}`, [
    by(row.outputShape),
    [row.formula, row.note].filter(Boolean).join(": "),
    costOf(row.parameters),
    costOf(row.macs),
    row.receptiveField ? [...new Set(row.receptiveField)].join("×") : "all",
  ], kindOf(row.layer)));
  if (failure) {
    const name = layers[failure.layer]?.name ?? "";
    const end = rowOf(`${failure.layer} ${name}`, ["✗ stops here", "", "", "", ""]);
    end.className = "play-wrong";
    lines.push(end);
  }
  const total = ["", "", number(parameters), number(macs), ""];
  return h("table", {},
    h("thead", {}, h("tr", {}, ...head)),
    h("tbody", {}, rowOf("input", [by(inputShape), "", "", "", ""]), ...lines),
    h("tfoot", {}, rowOf("total", total)));
}

function rowOf(name, values, kind = "") {
  const cells = values.map((value) => h("td", {}, value));
  return h("tr", { class: kind && `play-${kind}` }, nameOf(name), ...cells);
}

function nameOf(text) {
  return h("th", { scope: "row" }, text);
}

function costOf(n) {
  return n ? number(n) : "";
}
