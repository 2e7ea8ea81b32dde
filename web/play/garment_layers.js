// Both nets, layer by layer: each stage as its feature maps, or as a grid of units.
import { gridOf } from "./cells.js";
import { h } from "./dom.js";
import { describe, div } from "./garment_parts.js";
import { makeTiles, ramps } from "./garment_view.js";
import { garment as words } from "./words_en.js";

// Maps in a row; on a phone a tile of AlexNet's would be too small for a finger.
const phone = matchMedia("(max-width: 600px)").matches;
const across = { 6: 6, 12: 6, 16: 8, 32: phone ? 8 : 16, 48: phone ? 8 : 16 };
const flatness = phone ? 2 : 3; // of the grids of units

// pick(partial): a cell is pointed at. picked(): the pointer has chosen.
export function makeLayers(names, pick, picked) {
  const columns = Object.fromEntries(names.map((name) =>
    [name, div(`column garment-${name}`, h("h4", {}, words.short[name]))]));
  const crossed = names.includes("alexnet") ? words.crossed : "";
  const element = h("section", { class: "garment-layers", "aria-label": words.layers },
    h("h3", {}, words.layers),
    h("small", {}, words.scale + crossed),
    div("columns", ...Object.values(columns)));

  function add(name, net, stages) {
    const views = stages.map((stage, i) =>
      makeStage(name, net, stage, (cell) => pick({ name, stage: i, ...cell }), picked));
    columns[name].append(...views.map(({ box }) => box));
    return views;
  }

  return { element, add };
}

function makeStage(name, net, stage, pick, click) {
  const { maps, size, shown, rectified, kind } = stage;
  const flat = kind === "linear";
  const grid = flat ? gridOf(maps, flatness) : [size, size];
  const gap = flat ? 0 : Math.max(1, Math.round(size / 12));
  const tiles = makeTiles(flat ? 1 : maps, grid, flat ? 1 : across[maps], gap);
  const text = h("small");
  const mark = div("mark");
  const point = (event) => {
    const found = event.buttons && tiles.find(event);
    if (!found) return;
    const [map, row, column] = found;
    pick(flat ? { map: row * grid[1] + column } : { map, row, column });
  };
  const on = { pointerdown: point, pointermove: point, click };
  const holder = h("div", { class: `garment-maps garment-${kind}`, on }, tiles.canvas);

  function paint() {
    const { output } = net.layers[shown];
    let [low, high] = [Infinity, -Infinity];
    for (const value of output) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (rectified) low = 0;
    stage.scale = [low, high];
    const dark = silentMaps(output);
    tiles.paint(output, ramps[name], low, high, (map) => !flat && dark.has(map));
    text.textContent = words.stage(stage, dark.size);
    describe(tiles.canvas, words.stageIs(name, stage, dark.size));
  }

  // Of AlexNet's; the last layer's sums are not yet bent.
  function silentMaps(output) {
    if (name !== "alexnet" || shown === net.layers.length - 1) return new Set();
    const valuesOf = (map) => output.subarray(map * size ** 2, (map + 1) * size ** 2);
    const all = Array.from({ length: maps }, (_, map) => map);
    return new Set(all.filter((map) => valuesOf(map).every((value) => value === 0)));
  }

  function lay(map) {
    holder.append(mark);
    const [y, x] = [Math.floor(map / grid[1]), map % grid[1]];
    if (flat) tiles.lay(mark, 0, [y, y], [x, x]);
    else tiles.lay(mark, map, [0, size - 1], [0, size - 1]);
  }

  return { box: div("stage", text, holder), paint, lay, grid, flat, unmark: () => mark.remove() };
}
