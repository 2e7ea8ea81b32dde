// The race after the reader's guess: the lanes, the buttons, the curves, the record.
import { drawCurves, makeChart } from "./curves.js";
import { unpack } from "./data.js";
import { h, state } from "./dom.js";
import { first, netOf, pairs, seedOf } from "./race_nets.js";
import { makeLane } from "./race_lane.js";
import { makeTable } from "./race_table.js";
import { words } from "./race_words.js";
import { reached, recipe } from "./recipe.js";

const most = 4; // runs from before that stay on screen
const slower = 3; // a busy machine may take so many times what its first moment promises
// Of the time of training, what the tests add: a third of a step for each test image.
const testsAdd = (testing) => testing / recipe.testEvery / 3;

// Fills `part`. images: packed; record: accuracies by net, as web/pack_race.py packs them;
// guess: "A", "B", "neither" or null; line: where the state is said.
export async function start(part, { newWorker, limit, guess, line, record, images }) {
  const data = await unpack(images);
  const nets = h("p");
  const told = h("p", { class: "race-told", role: "status" });
  const kept = h("p", { class: "race-kept", role: "status" });
  const chart = makeChart(limit, recipe.target, words);
  const table = makeTable(words.table(recipe.target));
  const lanes = ["A", "B"].map((letter) => makeLane(letter, data, change));
  const link = state("race", first, () => renew());
  const guesses = Object.entries(words.guesses).map(([name, text]) => {
    const button = makeButton(text, () => choose(name));
    return { name, button };
  });
  const main = makeButton("", press);
  const stopping = makeButton(words.stop, () => stop(words.stopped));
  const presets = Object.entries(pairs).map(([name, [A, B]]) =>
    makeButton(words.preset[name], () => {
      link.set({ A, B });
      renew();
    }),
  );
  let earlier = [];
  let running = [];
  let [paused, unseen] = [false, false]; // unseen: paused by the page, since nobody looks
  let round = 0; // of timing and training, so that late news are known as late

  part.replaceChildren(
    h("div", { class: "race-buttons", role: "group", "aria-label": words.presets },
      h("span", {}, words.presets), ...presets),
    nets,
    h("fieldset", { class: "race-guess" },
      h("legend", {}, words.askAgain(recipe.target)),
      h("div", { class: "race-buttons" }, ...guesses.map(({ button }) => button), told)),
    h("div", { class: "race-buttons" }, main, stopping, line),
    h("div", { class: "race-lanes" }, ...lanes.map(({ element }) => element)),
    kept,
    chart,
    table.element,
  );
  document.addEventListener("visibilitychange", () => {
    if (!running.length || paused !== unseen) return;
    pause(document.hidden);
    unseen = paused;
  });
  renew(guess);
  main.focus({ preventScroll: true });

  function makeButton(text, click) {
    return h("button", { type: "button", on: { click } }, text);
  }

  function choose(name) {
    guess = name;
    told.textContent = words.open(guess);
    for (const { name, button } of guesses) button.setAttribute("aria-pressed", name === guess);
  }

  function seed() {
    return seedOf(link.get().seed);
  }

  // Those whose net has not been trained to the end from this seed.
  function pending() {
    return lanes.filter(({ run, net }) => {
      const isSame = run && run.net.join() === net().join() && run.seed === seed();
      return !(isSame && run.done);
    });
  }

  // The nets of the link, not trained yet; what was trained stays.
  function renew(guess = null) {
    const why = running.length ? words.changed : "";
    for (const lane of lanes) lane.choose(netOf(link.get()[lane.letter], lane.letter));
    nets.textContent = words.nets(...lanes.map(({ net }) => words.net(net())));
    stop();
    choose(guess);
    kept.textContent = "";
    draw();
    time(why);
  }

  function change(letter, net) {
    link.set({ [letter]: net.join(" ") });
    renew();
  }

  function press() {
    if (running.length) return pause(!paused);
    if (!pending().length) link.set({ seed: seed() + 1 });
    return train();
  }

  function label() {
    const isOn = running.length > 0;
    const next = pending().length ? words.start(seed()) : words.again(seed() + 1);
    const now = paused ? words.goOn : words.pause;
    main.textContent = isOn ? now : next;
    stopping.disabled = !isOn;
    for (const { button } of guesses) button.disabled = isOn;
  }

  function stop(why) {
    const wasFocused = document.activeElement === stopping;
    round++;
    lanes.forEach((lane) => lane.end());
    running = [];
    paused = unseen = false;
    label();
    if (wasFocused) main.focus({ preventScroll: true });
    if (!why) return;
    line.say(why, true);
    tell();
  }

  function pause(on) {
    paused = on;
    unseen = false;
    label();
    running.forEach(({ worker }) => worker.postMessage({ type: on ? "pause" : "resume" }));
    if (on) line.say(words.paused, true);
    else say();
  }

  // A worker for each lane; false when something else has begun meanwhile.
  async function getWorkers(wanted) {
    const me = ++round;
    for (const lane of wanted) {
      const worker = await newWorker();
      if (me !== round) {
        worker.terminate();
        return false;
      }
      lane.worker = worker;
      worker.onerror = ({ message }) => fail(message);
    }
    return true;
  }

  // Ahead of the race: how long will it take here? why: what is said before that.
  async function time(why) {
    const wanted = pending();
    if (!wanted.length) return;
    line.say(words.timing, true);
    try {
      if (!(await getWorkers(wanted))) return;
      const me = round;
      const rates = await Promise.all(wanted.map((lane) => rateOf(lane)));
      if (me !== round) return;
      const cost = limit * (1 + testsAdd(data.labels.length - data.training));
      const least = cost / Math.min(...rates);
      const text = [why, words.takes(least, slower * least)].filter(Boolean);
      const stays = lanes.find((lane) => !wanted.includes(lane));
      if (stays) text.push(words.keeps(stays.letter, wanted[0].letter));
      line.say(text.join(" "), true);
      lanes.forEach((lane) => lane.end());
    } catch ({ message }) {
      fail(message);
    }
  }

  function rateOf({ worker, settings }) {
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data: message }) => {
        if (message.type === "failed") reject(message);
        else resolve(message.rate);
      };
      worker.postMessage({ type: "estimate", settings: settings() });
    });
  }

  async function train() {
    stop();
    const wanted = pending();
    kept.textContent = "";
    told.textContent = words.fixed(guess);
    try {
      if (!(await getWorkers(wanted))) return;
      for (const lane of wanted) {
        if (lane.run?.rows.length > 1) earlier = [...earlier, lane.run].slice(-most);
        lane.begin(seed());
        begin(lane);
      }
      running = wanted;
      draw();
      pause(false);
    } catch ({ message }) {
      fail(message);
    }
  }

  function begin(lane) {
    lane.worker.onmessage = ({ data: message }) => {
      if (message.type === "failed") fail(message.message);
      if (message.type === "pulse") lane.pulse(message);
      if (message.type === "step") {
        lane.add(message, limit);
        draw();
        say();
      }
    };
    const settings = { ...lane.settings(), seed: seed(), images: limit };
    lane.worker.postMessage({ type: "start", data, settings });
  }

  function draw() {
    const rows = lanes.map(({ run }) => run).filter(Boolean);
    const isOver = !running.length && rows.length === lanes.length;
    const recorded = isOver ? rows.flatMap(recordOf) : [];
    const before = earlier.map((run) => ({ ...run, kind: "race-earlier" }));
    drawCurves(chart, [...recorded, ...before, ...rows]);
    table.show(rows, earlier);
  }

  // The recorded runs of a net, as rows of tests.
  function recordOf({ net, letter }) {
    return (record.runs[net.join(" ")] ?? []).map((accuracies) => {
      const rows = accuracies.map((accuracy, i) => ({ accuracy, seen: record.seen[i] }));
      return { letter, kind: "race-recorded", rows };
    });
  }

  function say() {
    const tested = lanes.filter(({ run }) => run?.rows.length);
    const parts = tested.map(({ letter, run }) => words.result({ letter, ...run.rows.at(-1) }));
    if (!running.every(({ run }) => run.done)) {
      const seconds = Math.max(...running.map((lane) => lane.left(limit)));
      if (seconds > 0) parts.push(words.left(seconds));
      return line.say(parts.length ? words.results(parts) : words.begun, false);
    }
    stop(words.done(words.results(parts)));
    return draw();
  }

  // Who was first, whether that was guessed, and what was recorded.
  function tell() {
    const runs = lanes.map(({ run }) => run);
    if (!runs.every(Boolean)) return;
    const [a, b] = runs.map(({ rows }) => reached(rows) ?? Infinity);
    const first = a === b ? "both" : a < b ? "A" : "B";
    const isOver = runs.every(({ done }) => done);
    const text = [];
    if (Math.min(a, b) < Infinity) text.push(words.verdict[first](Math.min(a, b)));
    else if (isOver) text.push(words.verdict.neither(limit));
    if (guess && text.length) {
      const winner = Math.min(a, b) < Infinity ? first : "neither";
      text.push(words.judged(guess === winner));
    }
    const found = runs.map((run) => {
      const all = recordOf(run);
      const there = all.filter(({ rows }) => reached(rows) !== undefined).length;
      return { letter: run.letter, there, all: all.length };
    });
    told.textContent = text.join(" ");
    if (found.some(({ all }) => all)) {
      kept.textContent = words.recorded(found, record.seen.at(-1));
    }
    draw();
  }

  function fail(message) {
    stop();
    choose(guess);
    line.say(words.failed(message), true);
  }
}
