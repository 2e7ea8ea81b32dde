// One cell, opened: where it lies, what it sees, and patch × weights = products.
import { findSum, receptiveField } from "./cells.js";
import { h, reducedMotion } from "./dom.js";
import { clamp } from "./drawing.js";
import { arrows, button, describe, div, isPlain, span } from "./garment_parts.js";
import { makeTiles, ramps } from "./garment_view.js";
import { garment as words } from "./words_en.js";

// nets: { net, stages, views, shares } by name, those that are loaded. tell(text): to
// who cannot see it. layField(seen): on the pad.
export function makeCell(names, nets, subject, { layField, tell }) {
  const { link } = subject;
  let chosen = { name: "lenet", stage: 2, map: 3, row: 4, column: 5 };
  let tiles = null;

  const layer = h("select", { "aria-label": words.layer, on: { change: chooseLayer } });
  const mapText = span("map");
  const turn = (text, way, name) =>
    button(text, () => look({ map: chosen.map + way }), { "aria-label": name });
  const turns = [turn("‹", -1, words.previousMap), turn("›", 1, words.nextMap)];
  const on = { keydown, pointerdown, pointermove };
  const zoom = h("div", { class: "garment-zoom", tabindex: 0, role: "application", on });
  const spot = div("spot");
  const three = div("three");
  const opened = div("opened", zoom, three);
  const formula = h("p", { class: "garment-formula" });
  const element = h("section", { class: "garment-cell", "aria-label": words.cell },
    div("choice", h("h3", {}, words.cell), layer, turns[0], mapText, turns[1]),
    opened,
    formula,
    h("small", {}, words.signs));

  function add(name, stages) {
    layer.append(...stages.map((stage, i) =>
      h("option", { value: `${name}.${i}` }, words.option(name, stage))));
  }

  function chooseLayer() {
    const [name, stage] = layer.value.split(".");
    look({ name, stage: Number(stage), map: 0 });
  }

  // In a link: the net's first letter, its stage, the map, the row, the column.
  function follow() {
    const [letter, ...numbers] = link.get().cell.split(".");
    const name = names.find((name) => name[0] === letter);
    if (nets[name] && numbers.length === 4) {
      const [stage, map, row, column] = numbers.map((n) => Math.round(n) || 0);
      chosen = { name, stage, map, row, column };
    }
    show();
  }

  function look(partial) {
    chosen = { ...chosen, ...partial };
    show();
    const { name, stage, map, row, column } = chosen;
    link.set({ cell: [name[0], stage, map, row, column].join(".") });
  }

  function show() {
    const { name } = chosen;
    if (!nets[name]?.shares) return;
    const { net, stages, views } = nets[name];
    const limit = (key, length) => (chosen[key] = clamp(chosen[key], 0, length - 1));
    limit("stage", stages.length);
    const stage = stages[chosen.stage];
    const view = views[chosen.stage];
    limit("map", stage.maps);
    limit("row", stage.size);
    limit("column", stage.size);
    const { map, row, column } = chosen;
    showLayer(stage, view);
    for (const other of Object.values(nets)) {
      for (const one of other.views) if (one !== view) one.unmark();
    }
    view.lay(map);

    const { output } = net.layers[stage.shown];
    const place = view.flat ? output.length : stage.size ** 2;
    const from = view.flat ? 0 : map * place;
    tiles.paint(output.subarray(from, from + place), ramps[name], ...stage.scale);
    const [y, x] = cell();
    tiles.lay(spot, 0, [y, y], [x, x]);
    const last = net.layers[stage.at];
    const seen = receptiveField(net.layers.slice(0, stage.at + 1), row, column);
    layField(seen);
    const found = findSum(net, stage, subject.image, map, row, column);
    three.replaceChildren(...open(found));
    const bent = view.flat ? output[map] : output[from + row * stage.size + column];
    const result = net.layers[stage.shown] === last ? found.sum : bent;
    formula.textContent = words.formulaAnd(
      words.formula(found, stage, result, last.max), words.sees(seen));
  }

  function showLayer(stage, { flat, grid }) {
    const key = `${chosen.name}.${chosen.stage}`;
    layer.value = key;
    mapText.textContent = flat ? words.unitOf(stage.maps) : words.mapOf(chosen.map, stage.maps);
    for (const one of turns) one.hidden = flat;
    zoom.setAttribute("aria-label", flat ? words.unitsAre : words.mapIs);
    if (zoom.dataset.key === key) return;
    zoom.dataset.key = key;
    tiles = makeTiles(1, grid, 1);
    tiles.canvas.setAttribute("role", "presentation");
    zoom.replaceChildren(tiles.canvas, spot);
    opened.toggleAttribute("data-flat", flat);
  }

  // Row and column in the zoom: of a map, or of the grid of units.
  function cell() {
    const { flat, grid } = nets[chosen.name].views[chosen.stage];
    if (!flat) return [chosen.row, chosen.column];
    return [Math.floor(chosen.map / grid[1]), chosen.map % grid[1]];
  }

  function toCell(row, column) {
    const { flat, grid } = nets[chosen.name].views[chosen.stage];
    if (!flat) return look({ row, column });
    look({ map: clamp(row, 0, grid[0] - 1) * grid[1] + clamp(column, 0, grid[1] - 1) });
  }

  function pointerdown(event) {
    zoom.setPointerCapture(event.pointerId);
    pointermove(event);
  }

  function pointermove(event) {
    if (!event.buttons || !tiles) return;
    const box = tiles.canvas.getBoundingClientRect();
    const clientX = clamp(event.clientX, box.left, box.right - 0.01);
    const clientY = clamp(event.clientY, box.top, box.bottom - 0.01);
    toCell(...tiles.find({ clientX, clientY }).slice(1));
  }

  function keydown(event) {
    if (!isPlain(event) || !nets[chosen.name]) return;
    const page = { PageUp: -1, PageDown: 1 }[event.key];
    if (arrows[event.key]) {
      const [right, down] = arrows[event.key];
      const [row, column] = cell();
      toCell(row + down, column + right);
    } else if (page && !turns[0].hidden) look({ map: chosen.map + page });
    else return;
    tell(formula.textContent);
    event.preventDefault();
  }

  // The maps lie far below; who chose one there is brought here.
  function come() {
    const behavior = reducedMotion() ? "auto" : "smooth";
    element.scrollIntoView({ block: "nearest", behavior });
  }

  return { element, add, follow, look, show, come };
}

function open({ patch, weights, products, sum, shape: [channels, ...sides] }) {
  const wide = Math.ceil(Math.sqrt((channels * sides[0]) / sides[1]));
  const picture = (values, text) => {
    const tiles = makeTiles(channels, sides, Math.min(wide, channels), channels > 1 ? 1 : 0);
    const most = Math.max(...values.map(Math.abs)) || 1;
    tiles.paint(values, ramps.signed, -most, most);
    describe(tiles.canvas, text);
    return h("figure", {}, tiles.canvas, h("small", {}, text));
  };
  return [
    picture(patch, words.patch),
    span("sign", "×"),
    picture(weights, words.weights),
    span("sign", "="),
    picture(products, words.products),
    h("figure", { class: "garment-sum" },
      h("b", {}, words.number(sum)), h("small", {}, words.sum)),
  ];
}
