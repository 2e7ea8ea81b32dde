// One net of the race: its choices, its test images, its gradients, and its runs.
import { h, labelled } from "./dom.js";
import { makeImages } from "./race_images.js";
import { choices } from "./race_nets.js";
import { words } from "./race_words.js";

const [floor, decades] = [1e-8, 7]; // of the bars: up to 0.1

// onChange(letter, net): the reader chose.
export function makeLane(letter, data, onChange) {
  const on = { change: () => onChange(letter, lane.net()) };
  const names = Object.keys(choices);
  const selects = names.map((name) =>
    h("select", { on }, ...choices[name].map((option) =>
      h("option", { value: option }, words.option(option)))),
  );
  const images = makeImages(data, words.right);
  const bars = makeBars();
  const said = h("p", { class: "race-said" }, words.notYet);
  const controls = names.map((name, i) => labelled(words.choices[name], selects[i]));
  const element = h("fieldset", { class: `race-lane race-${letter.toLowerCase()}` },
    h("legend", {}, words.lane(letter)),
    h("div", { class: "race-choices" }, ...controls),
    said, images.element, bars.element);

  const lane = {
    letter,
    element,
    run: null, // its latest: net, seed, rows, done
    worker: null,
    net: () => selects.map((select) => select.value),
    choose(net) {
      net.forEach((choice, i) => (selects[i].value = choice));
      say();
    },
    settings() {
      const [activation, pooling, extra] = lane.net();
      return { activation, pooling, extra: Number(extra) };
    },
    begin(seed) {
      lane.run = { letter, net: lane.net(), seed, rows: [], done: false };
      lane.pace = null;
    },
    end() {
      lane.worker?.terminate();
      lane.worker = null;
    },
    // Between tests: what the gradients are, and how long so many images took.
    pulse({ meter, images, spent }) {
      bars.show(meter);
      lane.pace = { images, spent };
    },
    add({ seen, accuracy, meter, answers }, limit) {
      lane.run.rows.push({ seen, accuracy, meter });
      lane.run.done = seen >= limit;
      say();
      images.show(answers);
      bars.show(meter);
    },
    // Seconds until `limit` images.
    left(limit) {
      if (!lane.pace?.images || lane.run.done) return 0;
      const { images, spent } = lane.pace;
      return ((limit - images) * spent) / images / 1000;
    },
  };
  return lane;

  function say() {
    if (!lane.run?.rows.length) return;
    const { accuracy, seen } = lane.run.rows.at(-1);
    const text = words.laneSays(accuracy, seen);
    const isSame = lane.run.net.join() === lane.net().join();
    said.textContent = isSame ? text : words.before(text);
  }
}

// A bar for each layer's gradient: its height is the logarithm, and it goes dark.
function makeBars() {
  const columns = h("div", { class: "race-bars", role: "img" });
  const count = h("p", { class: "race-count", "aria-hidden": "true" });
  const title = h("p", { class: "race-count" }, words.bars);
  const element = h("div", {}, title, columns, count);
  show([]);

  function show(meter) {
    if (meter.length !== columns.children.length) build(meter);
    meter.forEach(({ gradient }, i) => {
      const share = (Math.log10(gradient) - Math.log10(floor)) / decades;
      const bar = columns.children[i].firstChild;
      bar.style.setProperty("--share", Math.min(Math.max(share, 0), 1).toFixed(3));
    });
    const ratio = meter.length ? meter[0].gradient / meter.at(-1).gradient : NaN;
    const share = ratio > 0 ? words.share(ratio) : words.silent;
    count.textContent = meter.length ? words.barsSay(share) : words.notYet;
    columns.setAttribute("aria-label", words.barsAre(words.bars, count.textContent));
  }

  function build(meter) {
    const number = {};
    const made = meter.map(({ name }) => {
      number[name] = (number[name] ?? 0) + 1;
      return h("span", {}, h("i"), words.layer[name](number[name]));
    });
    columns.replaceChildren(...made);
  }

  return { element, show };
}
