// Where it dies: the maps of a net, layer by layer, for any side of the image.
import { h, labelled, number, state, status } from "./dom.js";
import { by, kindOf, trace } from "./trace.js";

const MIB = 2 ** 20;

export function widget(figure) {
  const { least = "28", most = "224", channels = "1" } = figure.dataset;
  const net = figure.querySelector("pre").textContent;
  const range = { min: least, max: most, step: 1 };
  const look = (side) => trace(net, [1, Number(channels), side, side]);
  const link = state("sides", { side: Number(most) }, ({ side }) => show(side));
  const slider = h("input", { type: "range", ...range, on: { input: move } });
  const settle = () => show(link.get().side);
  const box = h("input", {
    type: "number", ...range, on: { input: move, change: settle },
  });
  const facts = h("p");
  const line = status();
  const { layers } = look(Number(most));
  const isLinear = ({ values }) => "in_features" in values;
  const wanted = layers.find(isLinear)?.values.in_features;
  const bars = layers.map(({ name }, i) => barOf(`${i} ${name}`, kindOf(name)));
  const input = barOf("input");
  line.classList.add("play-hidden"); // the facts are seen at once

  function move({ target }) {
    const side = Number(target.value);
    if (!Number.isInteger(side) || side < least || side > most) return;
    link.set({ side });
    show(side, target);
    line.say(facts.textContent);
  }

  // What is being typed into keeps its text.
  function show(wish, typed) {
    const side = Math.round(Math.min(Math.max(wish, least), most));
    for (const control of [slider, box]) if (control !== typed) control.value = side;
    const result = look(side);
    const { failure, rows } = result;
    draw(input, `${side}×${side}`, side / most);
    bars.forEach((bar, i) => {
      const isBroken = failure?.layer === i;
      const shape = rows[i]?.outputShape;
      bar.element.classList.toggle("play-wrong", isBroken);
      const of = layers[i].name === "Flatten" ? ` of ${number(wanted)} wanted` : "";
      if (shape) draw(bar, by(shape) + of, shareOf(shape));
      else draw(bar, isBroken ? "✗ breaks here" : "– not reached", 0);
    });
    facts.textContent = factsOf(result, side);
  }

  // Maps beside the largest image, features beside those that are wanted.
  function shareOf(shape) {
    return shape.length > 2 ? shape.at(-1) / most : Math.min(shape.at(-1) / wanted, 1);
  }

  function factsOf({ failure, rows, parameters, macs, activationBytes }, side) {
    const flat = rows.find((row) => row.outputShape.length === 2)?.outputShape.at(-1);
    const count = flat && `${number(flat)} features of ${number(wanted)}, `;
    const memory = (activationBytes + 4 * parameters) / MIB;
    const costs = `${number(macs)} multiply-adds, ${memory.toFixed(1)} MiB for the ` +
      `weights and one image${failure ? ", up to there" : ""}.`;
    const end = failure ? failure.message : `All ${rows.length} layers fit.`;
    return `Side ${side}. ${end} ${count ?? ""}${costs}`;
  }

  const isShown = ({ name }) => kindOf(name) || name === "Flatten";
  const shown = bars.filter((bar, i) => isShown(layers[i]));
  const body = h("tbody", {}, ...[input, ...shown].map((bar) => bar.element));
  const controls = h("div", { class: "play-controls" },
    labelled("Side of the image", slider), labelled("in pixels", box));
  const caption = figure.querySelector("figcaption") ?? "";
  figure.replaceChildren(controls, h("table", {}, body), facts, line, caption);
  settle();
}

function barOf(name, kind) {
  const bar = h("span", { class: "play-bar" });
  const text = h("span");
  const head = h("th", { scope: "row" }, name);
  const cell = h("td", {}, bar, text);
  const element = h("tr", { class: kind ? `play-${kind}` : "" }, head, cell);
  return { element, bar, text };
}

function draw({ bar, text }, words, share) {
  bar.style.setProperty("--share", share);
  text.textContent = words;
}
