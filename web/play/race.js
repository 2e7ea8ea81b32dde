// The race: two LeNets train side by side, each in its own worker.
import { drawCurves, makeChart } from "./curves.js";
import { unpack } from "./data.js";
import { h, labelled, number, state, status } from "./dom.js";
import { loadData } from "./host.js";
import { newWorker } from "./new_worker.js";
import { reached, recipe } from "./recipe.js";

const choices = {
  activation: ["sigmoid", "tanh", "ReLU"],
  pooling: ["average", "max"],
  "extra layers": ["0", "1", "2", "4"],
};
const first = { A: "ReLU max 0", B: "sigmoid average 0", seed: 0 };
const columns = [
  "accuracy",
  `${recipe.target} reached after`,
  "gradient, first layer ÷ last, at the start",
  "and now",
];

// data-images of the figure: after so many a training stops by itself.
export function widget(figure) {
  const limit = Number(figure.dataset.images ?? 12000);
  const line = status();
  const link = state("race", first, renew);
  const chart = makeChart(limit, recipe.target);
  const lanes = ["A", "B"].map((letter) => makeLane(letter, change));
  const click = (on) => h("button", { type: "button", on: { click: on } });
  const main = click(() => (workers.length ? pause(!paused) : train()));
  const other = click(() => {
    link.set({ seed: seed() + 1 });
    train();
  });
  let workers = [];
  let paused = false;
  let unseen = false; // paused by the page, since nobody looks
  let round = 0; // of training, so that late data are known as late

  figure.querySelector("figcaption").before(
    h("div", { class: "play-lanes" }, ...lanes.map(({ element }) => element)),
    h("p", { class: "play-buttons" }, main, other),
    line,
    chart,
    makeTable(lanes),
  );
  document.addEventListener("visibilitychange", () => {
    if (!workers.length || paused !== unseen) return;
    pause(document.hidden);
    unseen = paused;
  });
  show();

  function seed() {
    const given = link.get().seed;
    return Number.isInteger(given) && given >= 0 ? given : first.seed;
  }

  // The nets of the link, not trained yet.
  function show() {
    stop();
    for (const lane of lanes) lane.show(link.get()[lane.letter]);
    other.textContent = `Train with another seed (now ${seed()})`;
    drawCurves(chart, lanes);
  }

  function change(letter, net) {
    link.set({ [letter]: net });
    renew();
  }

  function renew() {
    show();
    line.say("Not trained yet.", true);
  }

  function stop() {
    round++;
    workers.forEach((worker) => worker.terminate());
    workers = [];
    paused = unseen = false;
    main.textContent = "Train";
  }

  function pause(on) {
    paused = on;
    unseen = false;
    main.textContent = on ? "Go on" : "Pause";
    workers.forEach((worker) => worker.postMessage({ type: on ? "pause" : "resume" }));
    line.say(on ? "Paused." : "Training …", true);
  }

  async function train() {
    show();
    const me = round;
    line.say("Loading the images …", true);
    try {
      const data = await unpack(await loadData("fashion"));
      const started = await Promise.all(lanes.map(() => newWorker()));
      if (me !== round) return started.forEach((worker) => worker.terminate());
      workers = started;
      lanes.forEach((lane, i) => begin(workers[i], lane, data));
      pause(false);
    } catch ({ message }) {
      fail(message);
    }
  }

  function begin(worker, lane, data) {
    worker.onerror = ({ message }) => fail(message);
    worker.onmessage = ({ data: message }) => {
      if (message.type === "failed") fail(message.message);
      if (message.type === "step") {
        lane.add(message);
        drawCurves(chart, lanes);
        say(lanes.every(({ rows }) => rows.at(-1)?.seen >= limit));
      }
    };
    const settings = { ...lane.settings(), seed: seed(), images: limit };
    worker.postMessage({ type: "start", data, settings });
  }

  function say(done) {
    if (done) stop();
    const results = lanes.map(({ letter, rows }) => {
      const { accuracy = 0, seen = 0 } = rows.at(-1) ?? {};
      return `${letter} ${accuracy.toFixed(2)} after ${number(seen)} images`;
    });
    line.say(`${done ? "Done: " : ""}${results.join(", ")}.`, done);
  }

  function fail(message) {
    stop();
    line.say(`The training stopped: ${message}.`, true);
  }
}

// One net: its choices, the rows of its tests, its line in the table.
function makeLane(letter, onChange) {
  const rows = [];
  const on = { change: () => onChange(letter, net().join(" ")) };
  const selects = Object.values(choices).map((options) =>
    h("select", { on }, ...options.map((option) => h("option", {}, option))),
  );
  const net = () => selects.map((select) => select.value);
  const kind = `play-lane-${letter.toLowerCase()}`;
  const row = h("tr", { class: kind });
  const controls = Object.keys(choices).map((text, i) => labelled(text, selects[i]));
  const legend = h("legend", {}, `Net ${letter}`);
  const element = h("fieldset", { class: `play-lane ${kind}` }, legend, ...controls);

  function print() {
    const [activation, pooling, extra] = net();
    const more = extra > 0 ? ` + ${extra}` : "";
    const name = `${letter}: ${activation}, ${pooling}${more}`;
    const results = rows.length ? resultsOf(rows) : columns.map(() => "–");
    const cells = results.map((text) => h("td", {}, text));
    row.replaceChildren(h("th", { scope: "row" }, name), ...cells);
  }

  return {
    letter,
    rows,
    row,
    element,
    settings() {
      const [activation, pooling, extra] = net();
      return { activation, pooling, extra: Number(extra) };
    },
    // Where a link asks for what no select offers, the first net's choice stands.
    show(text) {
      const given = text.split(" ");
      first[letter].split(" ").forEach((choice, i) => {
        selects[i].value = given[i];
        if (!selects[i].value) selects[i].value = choice;
      });
      rows.length = 0;
      print();
    },
    add(test) {
      rows.push(test);
      print();
    },
  };
}

function resultsOf(rows) {
  const { accuracy, meter } = rows.at(-1);
  const after = reached(rows) ? number(reached(rows)) : "–";
  const gradients = [rows[0].meter, meter].map(share);
  return [accuracy.toFixed(2), after, ...gradients];
}

// The gradient in the first layer's weights as a share of that in the last layer's.
function share(meter) {
  const ratio = meter[0].gradient / meter.at(-1).gradient;
  const two = (x) => number(Number(x.toPrecision(2)));
  return ratio < 1 ? `1/${two(1 / ratio)}` : two(ratio);
}

function makeTable(lanes) {
  const heads = ["net", ...columns].map((text) => h("th", { scope: "col" }, text));
  const rows = lanes.map(({ row }) => row);
  const head = h("thead", {}, h("tr", {}, ...heads));
  const table = h("table", {}, head, h("tbody", {}, ...rows));
  const region = { role: "group", "aria-label": "Results", tabindex: 0 };
  return h("div", { class: "play-scroll", ...region }, table);
}
