// Draw, choose or move a garment: both nets answer, layer by layer, cell by cell.
import { answer, build, shares, take, unzip } from "./answers.js";
import { findStages, findSum, gridOf, receptiveField } from "./cells.js";
import { h, parts, state, status } from "./dom.js";
import { allowed, centred, clamp, decode, encode, flattened, grey } from "./drawing.js";
import { limits, moved, painted, side, still } from "./drawing.js";
import { makeTiles, ramps } from "./garment_view.js";
import { garment as words } from "./words_en.js";

const arrows = {
  ArrowLeft: [-1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowRight: [1, 0],
};
// Maps in a row; on a phone a tile of AlexNet's would be too small for a finger.
const phone = matchMedia("(max-width: 600px)").matches;
const across = { 6: 6, 12: 6, 16: 8, 32: phone ? 8 : 16, 48: phone ? 8 : 16 };
const flatness = phone ? 2 : 3; // of the grids of units
const turnStep = 5; // degrees a key
const thickStep = 30; // CSS pixels of the pointer for a step
const longestUndo = 100;
const defaults = { image: 0, pad: "", ...still, cell: "" };

const div = (kind, ...children) => h("div", { class: `garment-${kind}` }, ...children);
const span = (kind, ...children) =>
  h("span", { class: `garment-${kind}` }, ...children);
const button = (text, click, more = {}) =>
  h("button", { type: "button", ...more, on: { click } }, text);

// A canvas is an image for a screen reader once it shows something.
function describe(canvas, text) {
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", text);
}

export async function start(part, { loadData, newWorker, only }) {
  const lenet = await loadData("nets_lenet");
  const pixels = await unzip(lenet.images);
  const images = Float32Array.from(pixels, (byte) => byte / 255);
  const labels = await unzip(lenet.labels);
  const names = only === "lenet" ? ["lenet"] : ["lenet", "alexnet"];
  const figure = show(part, { names, images, labels, record: lenet.record });
  figure.setWorker(await newWorker("answerer").catch(() => null));
  figure.addNet("lenet", await unzip(lenet.weights));
  if (only === "lenet") return;
  // The figure is in use while AlexNet is on its way.
  loadData("nets_alexnet")
    .then(({ weights }) => unzip(weights))
    .then((bytes) => figure.addNet("alexnet", bytes))
    .catch(({ message }) => figure.failed(message));
}

function show(part, { names, images, labels, record }) {
  const at = (n) => images.subarray(n * side ** 2, (n + 1) * side ** 2);
  const count = labels.length;
  const firstOf = words.classes.map((_, c) => labels.indexOf(c));
  const nets = {}; // by name: { net, stages, views }
  const black = new Float32Array(side ** 2);

  // ------------------------------------------------------------- the state
  translateOldLink(firstOf);
  const link = state("garment", defaults, follow);
  let tool = "move";
  let brush = [14.5, 14.5];
  let penDown = false;
  let undone = []; // what Undo brings back, the last at the end
  let base; // the image before its moves
  let image; // as the nets see it
  let worker = null;
  let busy = false;
  let stale = false;
  let milliseconds = 0;
  let chosen = { name: "lenet", stage: 2, map: 3, row: 4, column: 5 };

  // ---------------------------------------------------------- the elements
  const line = status();
  line.classList.add("garment-hidden");

  const thumbs = words.classes.map((name, c) => {
    const { canvas, paint } = makeTiles(1, [side, side], 1);
    paint(at(firstOf[c]), ramps.image, 0, 1);
    canvas.removeAttribute("role");
    const look = { title: name, "aria-label": name };
    return button(canvas, () => choose(firstOf[c]), look);
  });
  const step = (way) => () => choose((number() + way + count) % count);
  const strip = h(
    "div",
    { class: "garment-strip", role: "group", "aria-label": words.chooseImage },
    ...thumbs,
    button("‹", step(-1), { "aria-label": words.before, title: words.before }),
    button("›", step(1), { "aria-label": words.after, title: words.after }),
  );
  const caption = h("p", { class: "garment-caption" });

  const pad = makeTiles(1, [side, side], 1);
  pad.canvas.setAttribute("role", "presentation");
  const field = div("field");
  const cursor = div("cursor");
  const padBox = h(
    "div",
    {
      class: "garment-pad",
      tabindex: 0,
      role: "application",
      on: {
        keydown: padKey,
        pointerdown: padDown,
        pointermove: padMove,
        pointerup: padUp,
        pointercancel: padUp,
      },
    },
    pad.canvas,
    field,
    cursor,
  );

  const tools = Object.keys(words.tool).map((name) =>
    button(words.tool[name], () => setTool(name), { "data-tool": name }),
  );
  const undoButton = button(words.undo, undo);
  const toolBox = div(
    "tools",
    h("div", { role: "group", "aria-label": words.tools }, ...tools),
    h(
      "div",
      {},
      button(words.centre, () => change(() => draw(centred(flattened(image))))),
      button(words.clear, clear),
      undoButton,
    ),
  );

  const verdicts = Object.fromEntries(
    names.map((name) => {
      const best = h("b", {}, words.coming);
      const share = span("share");
      const right = span("right");
      const note = h("small", {}, words.note[name](record.accuracy[name]));
      const box = div(
        `verdict garment-${name}`,
        h("small", {}, words.title[name]),
        h("p", {}, best),
        h("p", {}, share, " ", right),
        note,
      );
      return [name, { box, best, share, right }];
    }),
  );
  const bars = words.classes.map((name) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      ...names.map((net) =>
        h("td", { class: `garment-${net}` }, div("bar", h("i"), span("share"))),
      ),
    ),
  );
  const head = [words.class, ...names.map((name) => words.short[name])];
  const table = h(
    "table",
    { class: "garment-bars" },
    h("caption", { class: "garment-hidden" }, words.table),
    h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, ...bars),
  );
  const took = h("p", { class: "garment-took" });

  const layerChoice = h("select", {
    "aria-label": words.layer,
    on: {
      change: () => {
        const [name, stage] = layerChoice.value.split(".");
        look({ name, stage: Number(stage), map: 0 });
      },
    },
  });
  const mapText = span("map");
  const turn = (way) => () => look({ map: chosen.map + way });
  const mapButtons = [
    button("‹", turn(-1), { "aria-label": words.previousMap }),
    button("›", turn(1), { "aria-label": words.nextMap }),
  ];
  const zoom = h("div", {
    class: "garment-zoom",
    tabindex: 0,
    role: "application",
    on: { keydown: zoomKey, pointerdown: zoomDown, pointermove: zoomMove },
  });
  const spot = div("spot");
  const three = div("three");
  const formula = h("p", { class: "garment-formula" });
  let zoomTiles = null;
  const cellBox = h(
    "section",
    { class: "garment-cell", "aria-label": words.cell },
    div(
      "choice",
      h("h3", {}, words.cell),
      layerChoice,
      mapButtons[0],
      mapText,
      mapButtons[1],
    ),
    div("opened", zoom, three),
    formula,
    h("small", {}, words.signs),
  );

  const columns = Object.fromEntries(
    names.map((name) => [
      name,
      div(`column garment-${name}`, h("h4", {}, words.short[name])),
    ]),
  );
  const layers = h(
    "section",
    { class: "garment-layers", "aria-label": words.layers },
    h("h3", {}, words.layers),
    h("small", {}, words.scale + (names.includes("alexnet") ? words.crossed : "")),
    div("columns", ...names.map((name) => columns[name])),
  );

  const lesson = h("p", { hidden: true });
  const dares = ["empty", "boot", "own"].map((name) => {
    return { name, asked: button(words.dare[name].ask, () => dare(name)) };
  });

  part.replaceChildren(
    strip,
    div(
      "top",
      div("left", padBox, caption),
      toolBox,
      div(
        "said",
        div("verdicts", ...names.map((name) => verdicts[name].box)),
        table,
        took,
      ),
    ),
    line,
    h(
      "section",
      { class: "garment-dares", "aria-label": words.dares },
      div("dare", h("b", {}, words.dares), ...dares.map(({ asked }) => asked)),
      lesson,
    ),
    cellBox,
    layers,
  );
  setTool("move");
  follow();

  // --------------------------------------------------------------- changes
  function number() {
    const n = link.get().image;
    return Number.isInteger(n) && n >= 0 && n < count ? n : 0;
  }

  function follow() {
    const { pad: text, cell } = link.get();
    const drawing = text ? decode(text) : null;
    base = drawing ?? at(number());
    image = moved(base, allowed(link.get()), drawing !== null);
    pad.paint(image, ramps.image, 0, 1);
    thumbs.forEach((thumb, c) =>
      thumb.setAttribute("aria-pressed", !drawing && number() === firstOf[c]),
    );
    undoButton.disabled = !undone.length;
    caption.textContent = subject();
    readCell(cell);
    ask();
  }

  function isDrawing() {
    return decode(link.get().pad) !== null;
  }

  function subject() {
    const what = !isDrawing()
      ? words.imageIs(number(), labels[number()])
      : image.some((pixel) => pixel)
        ? words.drawing
        : words.emptyPad;
    return what + words.moves(allowed(link.get()));
  }

  // Do something that Undo can take back.
  function change(act) {
    remember();
    act();
  }

  function remember() {
    const { cell, ...now } = link.get();
    undone = [...undone, now].slice(-longestUndo);
  }

  function undo() {
    if (!undone.length) return;
    link.set(undone.pop());
    follow();
  }

  const move = (moves) => {
    link.set(allowed({ ...link.get(), ...moves }));
    follow();
  };

  function choose(n) {
    change(() => link.set({ image: n, pad: "", ...still }));
    follow();
  }

  function draw(pixels) {
    link.set({ image: 0, pad: encode(pixels), ...still });
    follow();
  }

  function clear() {
    change(() => draw(black));
  }

  function setTool(name) {
    tool = name;
    penDown = false;
    for (const other of tools)
      other.setAttribute("aria-pressed", other.dataset.tool === name);
    padBox.setAttribute("aria-label", words.padIs[name] + words.padMore);
    padBox.dataset.tool = name;
    layBrush();
  }

  function layBrush() {
    const [x, y] = brush.map(Math.floor);
    pad.lay(cursor, 0, [y, y], [x, x]);
  }

  // Spots a pixel apart: a quick pointer leaves gaps.
  function stroke(from, to) {
    const spots = Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1])) || 1;
    let pixels = flattened(image);
    for (let i = 1; i <= spots; i++) {
      const [x, y] = from.map(
        (start, axis) => start + ((to[axis] - start) * i) / spots,
      );
      pixels = painted(pixels, x, y, tool === "draw" ? grey : 0);
    }
    draw(pixels);
  }

  // ------------------------------------------------------ pointer and keys
  let held = null; // where a pointer went down, and the moves then

  function placeOf({ clientX, clientY }) {
    const { left, top, width } = pad.canvas.getBoundingClientRect();
    return [clientX - left, clientY - top].map((length) => (length / width) * side);
  }

  function padDown(event) {
    if (event.button) return;
    event.preventDefault();
    padBox.focus({ preventScroll: true });
    padBox.setPointerCapture(event.pointerId);
    remember();
    const place = placeOf(event);
    held = { place, moves: allowed(link.get()), x: event.clientX, y: event.clientY };
    if (tool === "draw" || tool === "erase") {
      stroke(place, place);
      brush = place;
    }
  }

  function padMove(event) {
    if (!held) return;
    const to = placeOf(event);
    const {
      place: [x, y],
      moves,
    } = held;
    const angle = ([x, y]) => (Math.atan2(y - side / 2, x - side / 2) * 180) / Math.PI;
    if (tool === "move") {
      move({
        dx: Math.round(moves.dx + to[0] - x),
        dy: Math.round(moves.dy + to[1] - y),
      });
    } else if (tool === "turn") {
      move({ turn: Math.round(moves.turn + angle(to) - angle(held.place)) });
    } else if (tool === "thick") {
      const far = event.clientX - held.x + held.y - event.clientY; // right or up
      move({ thick: moves.thick + Math.round(far / thickStep) });
    } else {
      stroke(brush, to);
      brush = to.map((n) => clamp(n, 0.5, side - 0.5));
    }
  }

  function padUp() {
    held = null;
  }

  const plain = ({ ctrlKey, altKey, metaKey }) => !ctrlKey && !altKey && !metaKey;

  function padKey(event) {
    const { key, shiftKey, ctrlKey, metaKey } = event;
    if ((ctrlKey || metaKey) && key === "z") {
      undo();
      return event.preventDefault();
    }
    if (!plain(event)) return;
    const [right, down] = arrows[key] ?? [0, 0];
    const drawing = tool === "draw" || tool === "erase";
    const { dx, dy, turn, thick } = allowed(link.get());
    if (arrows[key]) {
      if (shiftKey || tool === "move")
        change(() => move({ dx: dx + right, dy: dy + down }));
      else if (tool === "turn")
        change(() => move({ turn: turn + turnStep * (right || down) }));
      else if (tool === "thick")
        change(() => move({ thick: thick + (right || -down) }));
      else {
        const from = brush;
        brush = [brush[0] + right, brush[1] + down].map((n) =>
          clamp(n, 0.5, side - 0.5),
        );
        layBrush();
        if (penDown) change(() => stroke(from, brush));
      }
    } else if (drawing && key === " ") change(() => stroke(brush, brush));
    else if (drawing && key === "Enter") {
      penDown = !penDown;
      if (penDown) change(() => stroke(brush, brush));
    } else return;
    event.preventDefault();
  }

  // -------------------------------------------------------------- the nets
  function setWorker(found) {
    worker = found;
    if (worker) worker.onmessage = ({ data }) => heard(data);
  }

  function addNet(name, bytes) {
    const net = build(name, bytes);
    const stages = findStages(net);
    nets[name] = {
      net,
      stages,
      views: stages.map((stage, i) => makeStage(name, stage, i)),
    };
    columns[name].append(...nets[name].views.map(({ box }) => box));
    layerChoice.append(
      ...stages.map((stage, i) =>
        h("option", { value: `${name}.${i}` }, words.option(name, stage)),
      ),
    );
    worker?.postMessage({ type: "net", name, bytes });
    busy = Boolean(worker); // it says when it has built it
    readCell(link.get().cell);
    if (!worker) ask();
  }

  function failed(message) {
    verdicts.alexnet.best.textContent = words.failed(message);
  }

  // One question at a time; the last one asked in between comes next.
  function ask() {
    stale = true;
    if (busy || !Object.keys(nets).length) return;
    stale = false;
    if (worker) {
      busy = true;
      worker.postMessage({ type: "image", image });
      return;
    }
    const begun = performance.now();
    const answers = Object.entries(nets).map(([name, { net }]) => [
      name,
      answer(net, image),
    ]);
    requestAnimationFrame(() => tell(answers, performance.now() - begun));
  }

  function heard({ type, answers, milliseconds: ms, message }) {
    busy = false;
    if (type === "answers") tell(answers, ms);
    if (type === "failed") {
      worker = null; // the page does it itself
      console.error(message);
    }
    if (stale || type !== "answers") ask();
  }

  function tell(answers, ms) {
    milliseconds = ms;
    for (const [name, all] of answers) {
      take(nets[name].net, all);
      nets[name].shares = shares(nets[name].net);
    }
    const label = isDrawing() ? null : labels[number()];
    const said = [];
    answers.forEach(([name]) => {
      const sure = nets[name].shares;
      const top = sure.indexOf(Math.max(...sure));
      const { best, share, right, box } = verdicts[name];
      best.textContent = words.classes[top];
      share.textContent = words.percent(sure[top]);
      right.textContent =
        label === null ? "" : top === label ? words.right : words.wrong;
      box.dataset.right = label === null ? "" : top === label;
      said.push(words.said(name, top, sure[top]));
      const column = 1 + names.indexOf(name);
      sure.forEach((share, c) => {
        const td = bars[c].children[column];
        td.querySelector("span").textContent = words.percent(share);
        td.style.setProperty("--share", share);
        td.toggleAttribute("data-best", c === top);
      });
      nets[name].views.forEach((view) => view.paint());
    });
    took.textContent = words.took(milliseconds);
    line.say(said.join(" "));
    answerDares(said.join(" "));
    lookAgain();
  }

  // ------------------------------------------------------------ the layers
  function makeStage(name, stage, index) {
    const { maps, size, shown, rectified, kind } = stage;
    const flat = kind === "linear";
    const grid = flat ? gridOf(maps, flatness) : [size, size];
    const gap = flat ? 0 : Math.max(1, Math.round(size / 12));
    const tiles = makeTiles(flat ? 1 : maps, grid, flat ? 1 : across[maps], gap);
    const text = h("small");
    const mark = div("mark");
    const pick = (event) => {
      const found = event.buttons && tiles.find(event);
      if (!found) return;
      const [tile, row, column] = found;
      if (flat) look({ name, stage: index, map: row * grid[1] + column });
      else look({ name, stage: index, map: tile, row, column });
    };
    const on = { pointerdown: pick, pointermove: pick };
    const holder = h(
      "div",
      { class: `garment-maps garment-${kind}`, on },
      tiles.canvas,
    );
    const place = size ** 2;
    const paint = () => {
      const { output } = nets[name].net.layers[shown];
      let [low, high] = [Infinity, -Infinity];
      for (const value of output) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
      const dark = new Set();
      if (name === "alexnet") {
        for (let map = 0; map < maps; map++) {
          if (shown === nets[name].net.layers.length - 1) break; // sums, not yet bent
          const values = output.subarray(map * place, (map + 1) * place);
          if (values.every((value) => value === 0)) dark.add(map);
        }
      }
      if (rectified) low = 0;
      stage.scale = [low, high];
      const isCrossed = flat ? () => false : (map) => dark.has(map);
      tiles.paint(output, ramps[name], low, high, isCrossed);
      text.textContent = words.stage(stage, dark.size);
      describe(tiles.canvas, words.stageIs(name, stage, dark.size));
    };
    const lay = (tile, row, column) => {
      holder.append(mark);
      if (flat) {
        const [y, x] = [Math.floor(tile / grid[1]), tile % grid[1]];
        tiles.lay(mark, 0, [y, y], [x, x]);
      } else tiles.lay(mark, tile, [0, size - 1], [0, size - 1]);
    };
    return {
      box: div("stage", text, holder),
      paint,
      lay,
      grid,
      flat,
      unmark: () => mark.remove(),
    };
  }

  // -------------------------------------------------------------- one cell
  // In a link: the net's first letter, its stage, the map, the row, the column.
  function readCell(text) {
    const [letter, ...numbers] = text.split(".");
    const name = names.find((name) => name[0] === letter);
    if (!name || !nets[name] || numbers.length !== 4) return lookAgain();
    const [stage, map, row, column] = numbers.map((n) => Math.round(n) || 0);
    chosen = { name, stage, map, row, column };
    lookAgain();
  }

  function look(partial) {
    chosen = { ...chosen, ...partial };
    lookAgain();
    const { name, stage, map, row, column } = chosen;
    link.set({ cell: [name[0], stage, map, row, column].join(".") });
  }

  function lookAgain() {
    const { name } = chosen;
    if (!nets[name]?.shares) return;
    const { net, stages, views } = nets[name];
    chosen.stage = clamp(chosen.stage, 0, stages.length - 1);
    const stage = stages[chosen.stage];
    const view = views[chosen.stage];
    chosen.map = clamp(chosen.map, 0, stage.maps - 1);
    for (const axis of ["row", "column"])
      chosen[axis] = clamp(chosen[axis], 0, stage.size - 1);
    const { map, row, column } = chosen;

    layerChoice.value = `${name}.${chosen.stage}`;
    mapText.textContent = view.flat
      ? words.unitOf(stage.maps)
      : words.mapOf(map, stage.maps);
    mapButtons.forEach((one) => (one.hidden = view.flat));
    zoom.setAttribute("aria-label", view.flat ? words.unitsAre : words.mapIs);
    const key = `${name}.${chosen.stage}`;
    if (zoom.dataset.key !== key) {
      zoom.dataset.key = key;
      zoomTiles = makeTiles(1, view.grid, 1);
      zoomTiles.canvas.setAttribute("role", "presentation");
      zoom.replaceChildren(zoomTiles.canvas, spot);
      zoom.parentElement.toggleAttribute("data-flat", view.flat);
    }
    const { output } = net.layers[stage.shown];
    const place = view.flat ? output.length : stage.size ** 2;
    const from = view.flat ? 0 : map * place;
    zoomTiles.paint(output.subarray(from, from + place), ramps[name], ...stage.scale);
    const [y, x] = view.flat
      ? [Math.floor(map / view.grid[1]), map % view.grid[1]]
      : [row, column];
    zoomTiles.lay(spot, 0, [y, y], [x, x]);
    for (const other of names)
      nets[other]?.views.forEach((one) => one !== view && one.unmark());
    view.lay(map);

    const seen = receptiveField(net.layers.slice(0, stage.at + 1), row, column);
    pad.lay(field, 0, ...seen);
    const found = findSum(net, stage, image, map, row, column);
    const shown = view.flat ? output[map] : output[from + row * stage.size + column];
    three.replaceChildren(...open(found));
    const result = net.layers[stage.shown] === net.layers[stage.at] ? found.sum : shown;
    formula.textContent = `${words.formula(found, stage, result, net.layers[stage.at].max)}. ${words.sees(seen)}`;
  }

  function open({ patch, weights, products, sum, shape: [channels, rows, columns] }) {
    const wide = Math.ceil(Math.sqrt((channels * rows) / columns));
    const picture = (values, text, sign) => {
      const tiles = makeTiles(
        channels,
        [rows, columns],
        Math.min(wide, channels),
        channels > 1 ? 1 : 0,
      );
      const most = Math.max(...values.map(Math.abs)) || 1;
      tiles.paint(values, ramps.signed, -most, most);
      describe(tiles.canvas, text);
      return [span("sign", sign), h("figure", {}, tiles.canvas, h("small", {}, text))];
    };
    return [
      ...picture(patch, words.patch, "").slice(1),
      ...picture(weights, words.weights, "×"),
      ...picture(products, words.products, "="),
      h(
        "figure",
        { class: "garment-sum" },
        h("b", {}, words.number(sum)),
        h("small", {}, words.sum),
      ),
    ];
  }

  function zoomDown(event) {
    zoom.setPointerCapture(event.pointerId);
    zoomMove(event);
  }

  function zoomMove(event) {
    if (!event.buttons || !zoomTiles) return;
    const box = zoomTiles.canvas.getBoundingClientRect();
    const clientX = clamp(event.clientX, box.left, box.right - 0.01);
    const clientY = clamp(event.clientY, box.top, box.bottom - 0.01);
    toCell(...zoomTiles.find({ clientX, clientY }).slice(1));
  }

  function toCell(row, column) {
    const { flat, grid } = nets[chosen.name].views[chosen.stage];
    if (!flat) return look({ row, column });
    look({ map: clamp(row, 0, grid[0] - 1) * grid[1] + clamp(column, 0, grid[1] - 1) });
  }

  function zoomKey(event) {
    const { key } = event;
    if (!plain(event) || !nets[chosen.name]) return;
    const { flat, grid } = nets[chosen.name].views[chosen.stage];
    const page = { PageUp: -1, PageDown: 1 }[key];
    if (arrows[key]) {
      const [right, down] = arrows[key];
      const [row, column] = flat
        ? [Math.floor(chosen.map / grid[1]), chosen.map % grid[1]]
        : [chosen.row, chosen.column];
      toCell(row + down, column + right);
    } else if (page && !flat) look({ map: chosen.map + page });
    else return;
    line.say(formula.textContent);
    event.preventDefault();
  }

  // ------------------------------------------------------------- the dares
  function dare(name) {
    if (name === "empty") clear();
    if (name === "boot") {
      change(() => link.set({ image: firstOf[9], pad: "", ...still, dx: 4 }));
      follow();
    }
    if (name === "own") {
      clear();
      setTool("draw");
      padBox.focus();
    }
    dares.forEach((other) => (other.taken ||= other.name === name));
  }

  // What a dare teaches is told where it was taken, and only while it is on the pad.
  function answerDares(said) {
    const { dx, dy, turn, thick, image: n } = allowedAnd(link.get());
    const drawing = isDrawing();
    const empty = drawing && image.every((pixel) => !pixel);
    const holds = {
      empty,
      boot: !drawing && n === firstOf[9] && dx === 4 && !dy && !turn && !thick,
      own: drawing && !empty,
    };
    const flat = names.map((name) =>
      words.dare.own.flat(name, record.silhouettes[name]),
    );
    const now = dares.find(({ name, taken }) => taken && holds[name]);
    lesson.hidden = !now;
    if (now)
      lesson.textContent = words.dare[now.name].tell(
        said,
        flat.join(words.dare.own.and),
      );
    for (const one of dares) one.asked.setAttribute("aria-pressed", one === now);
  }

  function allowedAnd(now) {
    return { ...allowed(now), image: number() };
  }

  return { setWorker, addNet, failed };
}

// Until edition 1.0 a link was #dress:start=trouser&dx=4&dy=0.
function translateOldLink(firstOf) {
  const old = parts().find((text) => text.startsWith("dress:"));
  if (!old) return;
  const found = new URLSearchParams(old.slice("dress:".length));
  const c = words.classes.indexOf(found.get("start"));
  const moves = new URLSearchParams({ image: firstOf[Math.max(0, c)] });
  for (const name of ["dx", "dy"])
    if (found.get(name)) moves.set(name, found.get(name));
  history.replaceState(null, "", `#garment:${moves}`);
}
