// The tracer in the reader's hands: it follows what is typed, and says where a net breaks.
import { trace } from "./any_net.js";
import { h } from "./dom.js";
import { words } from "./tracer_edit_words.js";

const LONGEST_LINK = 8000; // characters
const LONGEST_SEARCH = 300; // ms, for a side that fits
const PAUSE = 700; // ms without a keystroke before the reader is told of a mistake
const NOWHERE = -2; // a line above the box
// Sides of images that nets are made for, the usual ones first.
const SIDES = [28, 32, 48, 64, 84, 96, 128, 224, 227, 256, 16, 299];
for (let n = 10; n <= 300; n += 10) SIDES.push(n);
for (let n = 8; n < 300; n++) SIDES.push(n);

// How many rows one image has become: view(-1, 400) may cut it in pieces.
const rowsOf = ({ rows }) => rows.at(-1)?.outputShape[0] ?? 1;

// Takes the parts of tracer.js; returns what shows a net that was put there.
export function edit(parts) {
  const { standard, link, box, fields, preset, back, message, line, table } = parts;
  const { draw, fill, grow, lineOf, namePreset } = parts;
  let waiting;
  let drawn = "";
  let before = []; // the cells of the last table
  let replaced = null; // what "Start again" took away
  let note = "";
  let rows = [];

  function current() {
    const [channels, height, side] = fields.map((field) => Number(field.value));
    return { net: box.value, channels, height, side };
  }

  function change({ target }) {
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

  // A new net brings its own channels, and a side that fits where the present one does not.
  function takeSizes() {
    const { net, channels, height, side } = current();
    const { layers, failure } = trace(net, [1, 1, 9, 9]);
    if (failure && failure.fault !== "doesNotFit") return; // at no size
    const { in_channels: wanted = channels } = layers[0]?.values ?? {};
    const until = performance.now() + LONGEST_SEARCH;
    const fits = ([height, side]) => {
      if (performance.now() > until) return false;
      const result = trace(net, [1, wanted, height, side]);
      return !result.failure && rowsOf(result) === 1;
    };
    const present = [height, side];
    const squares = SIDES.map((n) => [n, n]);
    const found = [present, ...squares].find(fits) ?? present;
    const sizes = [wanted, ...found];
    if (fields.every((field, i) => Number(field.value) === sizes[i])) return;
    fields.forEach((field, i) => (field.value = sizes[i]));
    save();
    note = words.sizeNow(sizes.join("×"));
    settle();
  }

  function reset() {
    const now = current();
    fill(replaced ?? standard);
    settle();
    replaced = replaced ? null : now;
    back.textContent = replaced ? words.undo : words.reset;
    line.say(message.textContent, true);
    box.focus({ preventScroll: true });
  }

  function show(isSettled) {
    const { net, ...shape } = current();
    const values = Object.values(shape);
    const most = Number(fields[0].max);
    const bad = values.findIndex((n) => !(Number.isInteger(n) && n >= 1 && n <= most));
    fields.forEach((field, i) => field.setAttribute("aria-invalid", isSettled && i === bad));
    namePreset();
    if (bad >= 0) {
      if (isSettled) say(words.most(words.sides[bad], most), "wrong");
      return;
    }
    const result = trace(net, [1, ...values]);
    const { failure } = result;
    // While a line is being typed it is not wrong, and the last table stays.
    if (failure && !isSettled) return;
    const isRead = !failure || failure.layer !== null;
    const isOpen = Boolean(failure?.isOpen);
    if (isRead) redraw(result);
    table.classList.toggle("play-old", !isRead);
    box.setAttribute("aria-invalid", !isRead && !isOpen);
    const at = failure && !isOpen ? lineOf(failure.position) : NOWHERE;
    box.style.setProperty("--wrong", at);
    say(summary(result), failure && (isOpen ? "calm" : "wrong"), [...result.notes, ...hints(result)]);
  }

  // What PyTorch would not say, and its reader wants to know.
  function hints({ failure, rows }) {
    if (failure) {
      const isLost = failure.fault === "doesNotFit" && failure.name === "Linear";
      return isLost && rows.at(-1)?.outputShape.length === 4 ? [words.flatten] : [];
    }
    const n = rowsOf({ rows });
    return n === 1 ? [] : [words.rows(n)];
  }

  function say(text, kind, notes = []) {
    message.className = kind ? `play-${kind}` : "";
    message.textContent = [text, note, ...notes].filter(Boolean).join(" ");
  }

  function summary(result) {
    if (!result.failure) return words.summary(result);
    const { message: why, position, torch } = result.failure;
    return words.line(lineOf(position) + 1) + why + (torch && words.torch(torch));
  }

  function redraw(result) {
    const now = JSON.stringify([result.inputShape, result.rows, result.failure]);
    if (now === drawn) return; // what flashes must not be cut short
    drawn = now;
    rows = draw(result, result.failure ? [broken(result.failure)] : []);
    const cells = rows.map(({ row }) => [...row.cells].map((cell) => cell.textContent));
    cells.forEach((texts, i) => texts.forEach((text, j) => {
      const isNew = before.length && before[i]?.[j] !== text;
      rows[i].row.cells[j].classList.toggle("play-new", Boolean(isNew));
    }));
    before = cells;
    mark();
  }

  // The message in full stands above the table.
  function broken({ layer, fault, why, name }) {
    const head = h("th", { scope: "row" }, h("span", {}, `${layer}`));
    const cell = h("td", { colspan: 4 }, words.stops[fault](why, name));
    return h("tr", { class: "play-wrong" }, head, cell);
  }

  // The caret's line and its row.
  function mark() {
    const isUsed = document.activeElement === box;
    const at = isUsed ? lineOf(box.selectionStart) : NOWHERE;
    box.style.setProperty("--here", at);
    for (const { row, line } of rows) row.classList.toggle("play-here", line === at);
  }

  for (const control of [box, ...fields]) {
    control.addEventListener("input", change);
    control.addEventListener("change", settle);
  }
  for (const event of ["keyup", "click", "focus", "blur"]) box.addEventListener(event, mark);
  box.addEventListener("paste", () => setTimeout(takeSizes));
  preset.addEventListener("change", (event) => {
    change(event);
    settle();
  });
  back.addEventListener("click", reset);
  show(true);
  // What was typed or chosen while this was on its way.
  const isNew = box.value !== link.get().net;
  save();
  if (isNew) takeSizes();
  return settle;
}
