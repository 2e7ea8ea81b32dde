// Dress the net: draw or move a garment; LeNet's maps and its answer follow.
import { h, labelled, state, status } from "./dom.js";
import { bytesOf, decodeFloat16 } from "./float16.js";
import { loadData } from "./host.js";
import { centred, clamp, describe, findMaps, findSum, format } from "./feature_maps.js";
import { painted, receptiveField, shifted, side } from "./feature_maps.js";
import { lenet } from "./nets.js";

const names = "t-shirt,trouser,pullover,dress,coat,sandal,shirt,sneaker,bag,ankle boot";
const classes = names.split(",");
const grey = 0.7; // of the brush: LeNet knows flat garments of this grey best
const arrows = {
  ArrowLeft: [-1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowRight: [1, 0],
};

const div = (kind, ...children) => h("div", { class: `play-${kind}` }, ...children);
const button = (text, click) => h("button", { type: "button", on: { click } }, text);
const farthest = (pixels) => clamp(Math.round(pixels), -side / 2, side / 2);
const percent = (share) => `${Math.round(100 * share)} %`;

export function widget(figure) {
  const line = status();
  const open = button("Dress the net: choose, shift or draw a garment", async () => {
    open.disabled = true;
    line.say("Loading LeNet …", true);
    try {
      build(part, await loadData("lenet"));
    } catch ({ message }) {
      line.say(`That did not work: ${message}`, true);
      open.disabled = false;
    }
  });
  const part = div("try-on", open, line);
  figure.querySelector("figcaption").before(part);
}

function build(part, { parameters, images }) {
  const net = lenet({ activation: "sigmoid", pooling: "average", minibatch: 1 });
  net.setParameters(decodeFloat16(bytesOf(parameters)));
  const garments = Float32Array.from(bytesOf(images), (byte) => byte / 255);
  let garment = garments.subarray(0, side ** 2); // as drawn
  let image; // as it lies in the frame
  let frame = 0;
  let [x, y] = [14.5, 14.5]; // the brush
  let [number, row, column] = [15, 4, 5]; // the cell looked at, of which map

  const starts = classes.map((start) =>
    button(start, () => move({ start, dx: 0, dy: 0 })),
  );
  const pad = makeMap(side, (to, { type, buttons }) => {
    if (buttons !== 1) return;
    // A quick pointer leaves gaps; fill them with spots a pixel apart.
    const from = type === "pointerdown" ? to : [x, y];
    const spots = Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1])) || 1;
    for (let i = 1; i <= spots; i++) {
      paint(...from.map((start, axis) => start + ((to[axis] - start) * i) / spots));
    }
  });
  const brush = h("select", {}, h("option", {}, "fill"), h("option", {}, "erase"));
  const ways = Object.entries(arrows).map(([key, way]) =>
    button(key.slice(5).toLowerCase(), () => shift(...way)),
  );
  const clear = button("clear", () => draw(garment.map(() => 0)));
  const centre = button("centre", () => draw(centred(image)));
  const bars = classes.map((name) =>
    h("tr", {}, h("th", { scope: "row" }, name), h("td"), h("td")),
  );
  const maps = findMaps(net).map((map, i) => ({
    ...map,
    ...makeMap(map.size, ([x, y]) => look(i, Math.floor(y), Math.floor(x))),
  }));
  const stages = maps.reduce((found, { name, map, box }) => {
    if (!map) found.push(h("p", {}, name), div("stage"));
    found.at(-1).append(box);
    return found;
  }, []);
  const marks = ["field", "cursor", "cell"].map((kind) => div(kind));
  const verdict = h("p");
  const line = status(); // the same for screen readers, who need not hear each step
  line.classList.add("play-hidden");
  const sentence = h("p");
  const sum = h("tbody");
  const summary = h("summary", {}, "The sum: value × weight");
  const on = { toggle: lookAgain };
  const details = h("details", { on }, summary, h("table", {}, sum));
  const link = state("try_on", { start: classes[0], dx: 0, dy: 0 }, follow);

  const padKeys = region(
    "Image: draw on it; or arrows move the brush, space paints, and shift with " +
      "arrows moves the garment.",
    ([right, down], shifts) => {
      if (shifts) return shift(right, down);
      x = clamp(x + right, 0.5, side - 0.5);
      y = clamp(y + down, 0.5, side - 0.5);
      layCursor();
    },
    { " ": () => paint(x, y) },
    pad.box,
  );
  const tell = (...cell) => line.say(look(...cell));
  part.replaceChildren(
    div("row", ...starts),
    verdict,
    line,
    div(
      "sides",
      div("pad", padKeys, div("row", labelled("brush", brush), clear, centre, ...ways)),
      h("table", { "aria-label": "LeNet says" }, h("tbody", {}, ...bars)),
      region(
        "Maps: choose a cell; arrows go to the next, Page Up and Page Down to another " +
          "map. All are counted from 0. The frame on the image is what the cell " +
          "sees. Each map has its own scale of grey.",
        ([right, down]) => tell(number, row + down, column + right),
        {
          PageUp: () => tell(number - 1, row, column),
          PageDown: () => tell(number + 1, row, column),
        },
        ...stages,
      ),
      sentence,
    ),
    details,
  );
  follow();
  layCursor();
  padKeys.focus();

  function layCursor() {
    pad.lay(marks[1], [Math.floor(y)], [Math.floor(x)]);
  }

  function shift(right, down) {
    const [dx, dy] = moves();
    move({ dx: farthest(dx + right), dy: farthest(dy + down) });
  }

  // Whole pixels, and never wholly out of sight; a link may ask for anything.
  function moves() {
    const { dx, dy } = link.get();
    return [farthest(dx), farthest(dy)];
  }

  function paint(...place) {
    [x, y] = place;
    layCursor();
    draw(painted(image, x, y, brush.value === "fill" ? grey : 0));
  }

  function draw(drawn) {
    garment = drawn;
    move({ start: "drawing", dx: 0, dy: 0 }); // no link can hold it
  }

  function move(partial) {
    link.set(partial);
    follow();
  }

  // However many changes a frame brings, they are shown once.
  function follow() {
    const { start } = link.get();
    const [dx, dy] = moves();
    const at = classes.indexOf(start) * side ** 2;
    if (at >= 0) garment = garments.subarray(at, at + side ** 2);
    starts.forEach((other, c) =>
      other.setAttribute("aria-pressed", classes[c] === start),
    );
    image = shifted(garment, dx, dy);
    frame ||= requestAnimationFrame(show);
  }

  function show() {
    frame = 0;
    const powers = Array.from(net.forward(image), Math.exp);
    const total = powers.reduce((a, b) => a + b);
    const best = powers.indexOf(Math.max(...powers));
    powers.forEach((power, c) => {
      bars[c].children[1].textContent = percent(power / total);
      bars[c].style.setProperty("--share", power / total);
    });
    pad.draw(image, 0, 1);
    for (const { map, size, shown, draw } of maps) {
      draw(shown.output.subarray(map * size ** 2, (map + 1) * size ** 2));
    }
    lookAgain();
    const [dx, dy] = moves();
    const moved = dx || dy ? `, moved right by ${dx} and down by ${dy}` : "";
    verdict.textContent = `${classes[best]} ${percent(powers[best] / total)}${moved}`;
    line.say(verdict.textContent);
  }

  function look(map, ...cell) {
    number = clamp(map, 0, maps.length - 1);
    [row, column] = cell.map((place) => clamp(place, 0, maps[number].size - 1));
    return lookAgain();
  }

  function lookAgain() {
    const map = maps[number];
    const input = map.at ? net.layers[map.at - 1].output : image;
    const found = findSum(map, input, row, column);
    const seen = receptiveField(net.layers.slice(0, map.at + 1), row, column);
    pad.lay(marks[0], ...seen);
    map.lay(marks[2], [row], [column]);
    if (details.open) sum.replaceChildren(...found.rows.map(rowOf));
    return (sentence.textContent = describe(map, seen, found, row, column));
  }
}

function rowOf({ channel, pairs }) {
  const head = h("th", { scope: "row" }, `channel ${channel}`);
  const cells = pairs.map((pair) => h("td", {}, pair.map(format).join(" × ")));
  return h("tr", {}, head, ...cells);
}

// A place that takes keys, and says which.
function region(hint, move, others, ...children) {
  const keydown = (event) => {
    const { key, shiftKey, ctrlKey, altKey, metaKey } = event;
    const use = arrows[key] ? () => move(arrows[key], shiftKey) : others[key];
    if (!use || ctrlKey || altKey || metaKey) return; // a command of the browser's
    use();
    event.preventDefault(); // the page would scroll
  };
  const settings = { tabindex: 0, role: "application", "aria-label": hint };
  return h("div", { ...settings, on: { keydown } }, ...children, h("small", {}, hint));
}

// A map on a canvas, a cell a pixel. use([x, y], event) when a pointer is on it.
function makeMap(size, use) {
  const canvas = h("canvas", { width: size, height: size });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(size, size);
  pixels.data.fill(255); // opaque
  let held = false; // a stroke begins on the map itself
  const pointed = (event) => {
    if (event.type === "pointerdown") held = true;
    if (!event.buttons) held = false;
    if (event.buttons && !held) return;
    const { left, top, width } = canvas.getBoundingClientRect();
    const place = [event.clientX - left, event.clientY - top];
    use(place.map((length) => (length / width) * size), event);
  };
  const leave = () => (held = false);
  const on = { pointerdown: pointed, pointermove: pointed, pointerleave: leave };
  const box = h("div", { class: "play-map", on }, canvas);
  return {
    box,
    draw(values, low = Math.min(...values), high = Math.max(...values)) {
      values.forEach((value, i) => {
        const level = (255 * (value - low)) / (high - low || 1);
        pixels.data.fill(level, 4 * i, 4 * i + 3);
      });
      context.putImageData(pixels, 0, 0);
    },
    // Lay a mark over rows and columns, whatever size the map has on the screen.
    lay(mark, [top, bottom = top], [left, right = left]) {
      const lengths = { top, left, width: right - left + 1, height: bottom - top + 1 };
      for (const [name, length] of Object.entries(lengths)) {
        mark.style[name] = `${(100 * length) / size}%`;
      }
      box.append(mark);
    },
  };
}
