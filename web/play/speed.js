// "How long on your machine?" Two seconds of work in a worker, then an epoch's time
// beside the recorded ones and that of 2012, as lengths on a logarithmic scale.
import { h, status } from "./dom.js";
import { newWorker } from "./new_worker.js";
import { words } from "./speed_words.js";

const trainingSet = 60_000;
const forwardAndBackward = 3; // a training step costs three times a forward pass
const [shortest, decades] = [0.1, 7]; // of the scale, in seconds; then to 11 days
// Krizhevsky et al. 2012, as the references have it.
const then = { days: [5, 6], passes: 90, photographs: 1.2e6 };
const references = "../book/references.html";

const share = (seconds) =>
  Math.min(Math.max(Math.log10(seconds / shortest) / decades, 0.01), 1);

// The figure holds a table of recorded epochs: machine, LeNet, AlexNet. data-macs are
// AlexNet's for an image.
export function widget(figure) {
  const recorded = [...figure.querySelector("tbody").rows].map(({ cells }) => ({
    name: cells[0].textContent,
    times: [cells[1], cells[2]].map((cell) => words.seconds(cell.textContent)),
  }));
  const own = makeRow(words.own(true), "speed-own");
  own.text.textContent = words.unknown;
  const line = status();
  const button = h("button", { type: "button", on: { click: begin } }, words.measure);
  const machines = recorded.map(({ name, times: [lenet, alexnet] }) => {
    const row = makeRow(words.recorded(name));
    row.show(words.row(words.time(lenet), words.time(alexnet)), lenet, alexnet);
    return row;
  });
  const marks = Object.entries(words.ticks).map(([seconds, text]) => {
    const mark = h("span", {}, text);
    mark.style.setProperty("--share", share(seconds));
    return mark;
  });
  const key = ["lenet", "alexnet"].map((net) =>
    h("span", {}, h("i", { class: `speed-${net}` }), words.nets[net]),
  );
  const rows = [own, ...machines, rowOf2012()].map(({ element }) => element);
  figure.querySelector("table").replaceWith(
    h("p", {}, button),
    h("p", { class: "speed-key", "aria-hidden": "true" }, ...key),
    h("div", { class: "speed-scale" },
      h("ul", { role: "list", "aria-label": words.list }, ...rows),
      h("div", { class: "speed-ticks", "aria-hidden": "true" }, ...marks)),
    h("p", { class: "speed-note" }, `${words.scale} ${words.pytorch}`),
    line,
  );

  async function begin() {
    button.disabled = true;
    line.say(words.measuring, true);
    try {
      line.say(show(await measured()), true);
    } catch ({ message }) {
      line.say(words.failed(message), true);
    }
    button.disabled = false;
    button.textContent = words.again;
    button.focus();
  }

  function show({ simd, imagesPerSecond, macsPerSecond }) {
    const lenet = trainingSet / imagesPerSecond;
    const work = trainingSet * forwardAndBackward * figure.dataset.macs;
    const alexnet = work / macsPerSecond;
    own.name.textContent = words.own(simd);
    own.show(words.row(words.time(lenet), words.time(alexnet)), lenet, alexnet);
    const { name, times } = recorded[0];
    const ratio = alexnet / times[1];
    return words.told({ lenet, alexnet, imagesPerSecond, macsPerSecond, ratio, name });
  }
}

// A machine: its name, what it takes, and a length for each net.
function makeRow(title, kind = "") {
  const bars = ["lenet", "alexnet"].map((net) => h("i", { class: `speed-${net}` }));
  const name = h("b", {}, title);
  const text = h("span");
  const element = h("li", { class: kind }, name, " ", text, ...bars);
  const show = (said, ...seconds) => {
    text.textContent = said;
    bars.forEach((bar, i) => {
      bar.hidden = !seconds[i];
      if (seconds[i]) bar.style.setProperty("--share", share(seconds[i]));
    });
  };
  show("");
  return { element, name, text, show };
}

// The time of as many images as here, at the pace of 2012.
function rowOf2012() {
  const { days, passes, photographs } = then;
  const [from, to] = days.map((n) => (n * 86400 * trainingSet) / (passes * photographs));
  const row = makeRow(words.of2012);
  row.show(words.between(from, to), 0, Math.sqrt(from * to));
  const source = h("a", { href: references }, words.source);
  row.text.append(" (", source, `: ${words.sourceSays(then, trainingSet)})`);
  return row;
}

async function measured() {
  const worker = await newWorker();
  const answer = new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
  });
  worker.postMessage({ type: "measure" });
  return answer.finally(() => worker.terminate());
}
