// What the nets look at: a test image or a drawing, how it is moved, and Undo.
import { parts, state } from "./dom.js";
import { allowed, decode, encode, moved, side, still } from "./drawing.js";
import { garment as words } from "./words_en.js";

const longestUndo = 100;
const defaults = { image: 0, pad: "", ...still, cell: "" };

export function makeSubject(images, labels, changed) {
  const at = (n) => images.subarray(n * side ** 2, (n + 1) * side ** 2);
  const firstOf = words.classes.map((_, c) => labels.indexOf(c));
  translateOldLink(firstOf);
  const link = state("garment", defaults, follow);
  let undone = []; // what Undo brings back, the last at the end
  const isDrawing = () => decode(link.get().pad) !== null;
  const moves = () => allowed(link.get());
  const subject = {
    link,
    at,
    firstOf,
    isDrawing,
    moves,
    number,
    follow,
    remember,
    image: null, // as the nets see it
    canUndo: () => undone.length > 0,
    isEmpty: () => subject.image.every((pixel) => !pixel),
    label: () => (isDrawing() ? null : labels[number()]),
    text,
    choose: (n, more) => set({ image: n, pad: "", ...still, ...more }),
    step: (way) => subject.choose((number() + way + labels.length) % labels.length),
    move: (partial) => set(allowed({ ...link.get(), ...partial })),
    draw: (pixels) => set({ image: 0, pad: encode(pixels), ...still }),
    clear: () => subject.draw(new Float32Array(side ** 2)),
    // Do something that Undo can take back.
    change(act) {
      remember();
      act();
    },
    undo: () => undone.length && set(undone.pop()),
  };

  function set(partial) {
    link.set(partial);
    follow();
  }

  function follow() {
    const drawing = decode(link.get().pad);
    subject.image = moved(drawing ?? at(number()), moves(), drawing !== null);
    changed();
  }

  function number() {
    const n = link.get().image;
    return Number.isInteger(n) && n >= 0 && n < labels.length ? n : 0;
  }

  function text() {
    const drawn = subject.isEmpty() ? words.emptyPad : words.drawing;
    const what = isDrawing() ? drawn : words.imageIs(number(), labels[number()]);
    return what + words.moves(moves());
  }

  function remember() {
    const { cell, ...now } = link.get();
    undone = [...undone, now].slice(-longestUndo);
  }

  return subject;
}

// Until edition 1.0 a link was #dress:start=trouser&dx=4&dy=0.
function translateOldLink(firstOf) {
  const old = parts().find((text) => text.startsWith("dress:"));
  if (!old) return;
  const found = new URLSearchParams(old.slice("dress:".length));
  const c = words.classes.indexOf(found.get("start"));
  const moves = new URLSearchParams({ image: firstOf[Math.max(0, c)] });
  for (const name of ["dx", "dy"]) if (found.get(name)) moves.set(name, found.get(name));
  history.replaceState(null, "", `#garment:${moves}`);
}
