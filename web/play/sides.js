// Where it dies: the maps of a net as squares, for any side of the image, and marks on
// the slider where another layer breaks.
import { h, labelled, state, status, svg } from "./dom.js";
import { parse } from "./parse.js";
import { words } from "./sides_words.js";
import { by, kindOf, trace } from "./trace.js";

const MIB = 2 ** 20;
const paper = 227; // the side with which the layers of 2012 come out
const gap = 12; // between squares; a pixel of a map is 1 wide
const patience = 1000; // ms: a number half typed is not told that it is wrong
const slice = 16; // sides looked at in one go, so that the page stays awake

// data-least, data-most: of the slider; data-start: a side that fits.
export function widget(figure) {
  const [least, most] = ["least", "most"].map((name) => Number(figure.dataset[name]));
  const range = { min: least || 28, max: most || 256, step: 1 };
  const channels = Number(figure.dataset.channels ?? 1);
  const start = Number(figure.dataset.start ?? range.max);
  const read = parse(figure.querySelector("pre").textContent);
  const look = (side) => trace("", [1, channels, side, side], () => read);

  const { layers } = look(start);
  const isLinear = ({ values }) => "in_features" in values;
  const wanted = layers.find(isLinear)?.values.in_features;
  const link = state("sides", { side: start }, ({ side }) => wish(side));
  const slider = h("input", { type: "range", ...range, on: { input: () => move(slider) } });
  const box = h("input", {
    type: "number",
    inputmode: "numeric",
    ...range,
    on: { input: type, change: () => wish(box.value) },
  });
  const track = h("div", { class: "sides-track" });
  const jumps = h("div", { class: "sides-jumps", role: "group", "aria-label": words.jumps });
  const rows = layers.map(({ name }, i) => makeRow(`${i} ${name}`, kindOf(name)));
  const input = makeRow(words.input, "input");
  const isShown = (_, i) => kindOf(layers[i].name) || layers[i].name === "Flatten";
  const squares = makeSquares(
    [range.max, ...look(range.max).rows.map(sideOf)],
    layers.map((layer) => ({ ...layer, out: Math.sqrt(layer.values.out_features) })),
    wanted,
  );
  const facts = h("p");
  const longest = h("p", { class: "sides-ghost", "aria-hidden": "true" }); // keeps the height
  const line = status();
  line.classList.add("play-hidden"); // the facts are seen at once

  let waiting; // to refuse what is typed
  const isSide = (side) => Number.isInteger(side) && side >= range.min && side <= range.max;

  function move(target) {
    const side = Number(target.value);
    link.set({ side });
    show(side, target);
    line.say(facts.textContent);
  }

  function type() {
    clearTimeout(waiting);
    if (isSide(Number(box.value))) move(box);
    else waiting = setTimeout(refuse, patience, box.value);
  }

  // A side that was asked for, by a link or in the box.
  function wish(text) {
    clearTimeout(waiting);
    const fits = isSide(Number(text));
    const { side: before } = link.get();
    const side = fits ? Number(text) : isSide(before) ? before : start;
    link.set({ side });
    show(side);
    if (!fits) refuse(text);
  }

  // What cannot be shown is said.
  function refuse(text) {
    facts.textContent = words.outside(text, range.min, range.max, slider.value);
    line.say(facts.textContent, true);
  }

  // What is being typed into keeps its text.
  function show(side, typed) {
    for (const control of [slider, box]) if (control !== typed) control.value = side;
    press(side);
    const result = look(side);
    const { failure } = result;
    input.say(`${side}×${side}`);
    rows.forEach((row, i) => {
      const shape = result.rows[i]?.outputShape;
      const isBroken = failure?.layer === i;
      row.element.classList.toggle("play-wrong", isBroken);
      const isFlat = layers[i].name === "Flatten";
      if (shape) row.say(isFlat ? words.features(by(shape), wanted) : by(shape));
      else row.say(isBroken ? words.broken : words.unreached);
    });
    squares.show([side, ...result.rows.map(sideOf)], failure && failure.layer);
    facts.textContent = factsOf(result, side);
  }

  function factsOf(result, side) {
    const { macs, parameters, activationBytes } = result;
    return words.facts({
      side,
      failure: result.failure?.message,
      layers: result.rows.length,
      flat: result.rows.find((row) => row.outputShape.length === 2)?.outputShape.at(-1),
      wanted,
      macs,
      memory: (activationBytes + 4 * parameters) / MIB,
    });
  }

  // Look at all sides, a few at a time, for those where another layer breaks.
  function scan(side, zones, facts = "") {
    const end = Math.min(side + slice, range.max + 1);
    for (; side < end; side++) {
      const result = look(side);
      const layer = result.failure ? result.failure.layer : null;
      if (zones.at(-1)?.layer !== layer) zones.push({ from: side, layer });
      zones.at(-1).to = side;
      const text = factsOf(result, side);
      if (text.length > facts.length) facts = text;
    }
    longest.textContent = facts;
    if (side > range.max) mark(zones);
    else setTimeout(scan, 0, side, zones, facts);
  }

  function mark(zones) {
    const length = range.max - range.min;
    const share = (side) => (side - range.min) / length;
    let last = -1; // where the last number stands: two may not touch
    for (const { from, to, layer } of zones) {
      const [left, right] = [share(from), Math.min(share(to + 1), 1)];
      const zone = h("span", { class: layer === null ? "sides-fit" : "sides-break" });
      zone.style.left = `${100 * left}%`;
      zone.style.width = `${100 * (right - left)}%`;
      track.append(zone);
      // The longest text that there is room for.
      for (const text of layer === null ? [words.fits, ""] : [...words.breaks(layer), ""]) {
        zone.textContent = text;
        if (zone.scrollWidth <= zone.clientWidth) break;
      }
      if (left - last < 0.1) continue;
      const number = h("i", {}, `${from}`);
      number.style.left = `${100 * left}%`;
      track.append(number);
      last = left;
    }
    track.setAttribute("role", "img");
    track.setAttribute("aria-label", words.zones(zones));
    // Both sides of each wide zone's beginning, and the paper's.
    const wide = zones.filter(({ from, to }) => from > range.min && to - from > length / 10);
    const sides = new Set(wide.flatMap(({ from }) => [from - 1, from]));
    for (const side of [...sides.add(paper)].filter(isSide).sort((a, b) => a - b)) {
      const go = { click: () => wish(side) };
      jumps.append(h("button", { type: "button", on: go }, `${side}`));
    }
    press(Number(slider.value));
  }

  function press(side) {
    for (const button of jumps.children) {
      button.setAttribute("aria-pressed", Number(button.textContent) === side);
    }
  }

  const head = [words.layer, words.maps].map((text) => h("th", { scope: "col" }, text));
  const body = [input, ...rows.filter(isShown)].map(({ element }) => element);
  const table = h("table", {},
    h("caption", {}, words.caption),
    h("thead", {}, h("tr", {}, ...head)),
    h("tbody", {}, ...body));
  const caption = figure.querySelector("figcaption") ?? "";
  figure.replaceChildren(
    h("div", { class: "sides-controls" },
      h("div", {}, labelled(words.slider, slider), track),
      labelled(words.box, box)),
    jumps,
    squares.element,
    h("div", { class: "sides-facts" }, facts, longest),
    table,
    line,
    caption,
  );
  wish(link.get().side);
  scan(range.min, []);
}

// The side of a layer's square: of a map its side, of a row of numbers their root.
function sideOf({ outputShape }) {
  const last = outputShape.at(-1);
  return outputShape.length > 2 ? last : Math.sqrt(last);
}

function makeRow(name, kind) {
  const head = h("th", { scope: "row" }, name);
  const cell = h("td");
  const element = h("tr", { class: kind ? `sides-${kind}` : "" }, head, cell);
  return { element, say: (text) => (cell.textContent = text) };
}

// Squares on one line, each in a place that is wide enough for all sides. The table says
// the same, so nobody is told of them. largest: the image's side and each layer's.
function makeSquares(largest, layers, wanted) {
  const hole = wanted && Math.sqrt(wanted);
  const places = [{ kind: "input", index: -1, size: largest[0] }];
  layers.forEach(({ name, out }, index) => {
    const kind = kindOf(name) || (name === "Flatten" ? "flat" : "");
    if (!kind) return;
    const size = Math.max(largest[index + 1] ?? 0, out || 0, kind === "flat" ? hole : 0);
    places.push({ kind, index, size });
  });
  const height = largest[0] + 4;
  let width = 2;
  for (const place of places) {
    place.x = width;
    width += Math.max(place.size, gap) + gap;
    place.shape = svg("rect", { class: `sides-square sides-${place.kind}` });
    place.cross = svg("path", { class: "sides-cross" });
  }
  const flat = places.find(({ kind }) => kind === "flat");
  const frame = flat && hole ? [svg("rect", { class: "sides-hole" })] : [];
  const element = svg(
    "svg",
    { class: "sides-squares", viewBox: `0 0 ${width - gap + 2} ${height}`, "aria-hidden": "true" },
    ...places.flatMap(({ shape, cross }) => [shape, cross]),
    ...frame,
  );
  if (frame.length) set(frame[0], flat.x, height - 2 - hole, hole);

  function set(rect, x, y, size) {
    for (const [name, value] of Object.entries({ x, y, width: size, height: size })) {
      rect.setAttribute(name, value);
    }
  }

  // sides: of the image and of each layer that is reached. broken: a layer's number.
  function show(sides, broken) {
    for (const { kind, index, x, size, shape, cross } of places) {
      const side = sides[index + 1];
      const drawn = side ?? (index === broken ? Math.max(size, gap) : size);
      set(shape, x, height - 2 - drawn, drawn);
      const fault = kind === "flat" && side !== undefined && Math.abs(side - hole) > 0.01;
      shape.classList.toggle("sides-empty", side === undefined);
      shape.classList.toggle("sides-wrong", fault || index === broken);
      const [top, right, end] = [height - 2 - drawn, x + drawn, height - 2];
      const lines = `M${x} ${top}L${right} ${end}M${right} ${top}L${x} ${end}`;
      cross.setAttribute("d", index === broken ? lines : "");
    }
  }

  return { element, show };
}
