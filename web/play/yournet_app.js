// Your net, from the reader's first touch on: it is timed, trained, and put among others.
import { unpack } from "./data.js";
import { h, labelled, number } from "./dom.js";
import { makeImages } from "./race_images.js";
import { words } from "./yournet_app_words.js";
import { cellCode } from "./yournet_code.js";
import { makeLayers } from "./yournet_layers.js";
import { makeCurves, makeLanding, margin } from "./yournet_plots.js";

const heldOut = 500; // images
const mostLosses = 400; // of a run; then neighbours become their mean
const kept = 5; // runs whose curves are drawn
const trouble = "../notebooks/09_errors.html#the-loss-is-nan";

// form: of yournet.js. Its read() gives the net and the recipe as they are now.
export function open(form, { newWorker, loadData }) {
  const { line, main, step, stop, place } = form;
  const curves = makeCurves(form.read().settings.images, heldOut, words);
  const layers = makeLayers();
  const told = h("p", { class: "yournet-told", role: "status" });
  const pictures = h("div");
  const live = h("div", { hidden: true }, curves.element, pictures, layers.element);
  const after = makeAfter();
  const take = makeTake();
  place.append(told, live, after.element, take.element);

  const runs = []; // that have begun: the last one may still train
  let worker = null;
  let data = null;
  let round = 0; // of timing and training, so that late news are known as late
  let running = null;
  let [paused, unseen] = [false, false]; // unseen: paused by the page, since nobody looks
  let timed = null; // the net and the recipe that were timed last
  let view = null; // of the last run: its images, and what the worker last said of it
  let isDrawn = true;

  step.addEventListener("click", () => {
    if (!paused) pause(true);
    worker.postMessage({ type: "step" });
  });
  stop.addEventListener("click", () => {
    end();
    line.say(words.stopped, true);
  });
  document.addEventListener("visibilitychange", () => {
    if (!running || paused !== unseen) return;
    pause(document.hidden);
    unseen = paused;
  });

  const hear = {
    pulse: addPulse,
    test(message) {
      const { seen, accuracy, answers, silent } = message;
      running.tests.push({ seen, accuracy });
      Object.assign(view, { answers, silent });
      addPulse(message);
    },
    done({ seen, accuracy }) {
      running.accuracy = accuracy;
      draw();
      end();
      line.say(words.done(accuracy, margin(accuracy, heldOut), seen), true);
      label();
      after.show(runs.filter((run) => run.accuracy !== undefined));
    },
    lost({ seen }) {
      draw();
      end();
      line.say("", true);
      told.replaceChildren(words.lost(seen), h("a", { href: trouble }, words.why));
    },
    failed: ({ message }) => fail(message),
  };

  return { isRunning: () => Boolean(running), changed, press };

  // The reader's net or recipe is another.
  function changed() {
    label();
    const now = form.read();
    take.show(now);
    if (running) return;
    if (now.refusal) {
      end(); // what is timed is another net
      timed = null;
      line.say("", true);
    } else if (keyOf(now) !== timed) {
      told.replaceChildren(); // of a run of another net or recipe
      time(now).catch(({ message }) => fail(message));
    }
  }

  // What makes a training the same in all its numbers; the same but for its seed.
  function keyOf({ text, settings }) {
    return `${recipeOf({ text, settings })} ${settings.seed}`;
  }

  function recipeOf({ text, settings: { seed, momentum, ...settings } }) {
    const used = settings.optimizer === "SGD" ? momentum : null;
    return JSON.stringify([text, settings, used]);
  }

  function isThrough() {
    const last = runs.at(-1);
    return last?.accuracy !== undefined && last.key === keyOf(form.read());
  }

  function label() {
    const now = paused ? words.goOn : words.pause;
    const { refusal, settings } = form.read();
    const next = isThrough() ? words.again(settings.seed + 1) : words.start;
    main.textContent = running ? now : next;
    main.disabled = !running && Boolean(refusal);
    for (const button of [step, stop]) button.disabled = !running;
  }

  async function press() {
    if (running) return pause(!paused);
    if (isThrough()) form.set("seed", form.read().settings.seed + 1);
    const now = form.read();
    if (now.refusal) return line.say(now.refusal, true);
    told.replaceChildren();
    if (keyOf(now) !== timed && !(await time(now))) return;
    return train(now);
  }

  // A worker that nothing else has replaced meanwhile, or null.
  async function getWorker() {
    end();
    const me = ++round;
    const made = await newWorker("yournet_worker");
    if (me !== round) {
      made.terminate();
      return null;
    }
    worker = made;
    worker.onerror = ({ message }) => fail(message);
    return worker;
  }

  // How much memory and time it will take here; false where that is too much.
  async function time(now) {
    line.say(words.timing, true);
    const mine = await getWorker();
    if (!mine) return false;
    const found = await new Promise((resolve) => {
      mine.onmessage = ({ data: message }) => resolve(message);
      mine.postMessage({ type: "estimate", layers: now.layers, settings: now.settings });
    });
    if (mine !== worker) return false;
    end();
    const { type, message, refusal, bytes, seconds } = found;
    const why = type === "failed" ? words.failed(message) : refusal;
    line.say(why || words.ready(bytes, seconds, now.settings.images), true);
    if (why) return false;
    timed = keyOf(now);
    return true;
  }

  async function train(now) {
    const ready = line.textContent;
    line.say(words.loading, true);
    const [packed, record] = await Promise.all(["fashion", "yournet_record"].map(loadData));
    if (!data) {
      data = await unpack(packed);
      after.setRecord(record);
    }
    const mine = await getWorker();
    if (!mine) return;
    pictures.replaceChildren();
    view = { images: makeImages(data, words.right) };
    pictures.append(view.images.element);
    const { settings, parameters, macs } = now;
    const name = now.name || words.own;
    const [key, recipe] = [keyOf(now), recipeOf(now)];
    running = { key, recipe, name, settings, parameters, macs, tests: [], losses: [] };
    runs.push(running);
    live.hidden = false;
    layers.begin();
    mine.onmessage = ({ data: message }) => hear[message.type](message);
    mine.postMessage({ type: "start", data, layers: now.layers, settings: now.settings });
    pause(false);
    line.say(`${ready} ${words.started}`, true);
    main.focus({ preventScroll: true });
  }

  function addPulse(message) {
    view.meter = message.meter;
    addLoss(running, message.seen, message.loss);
    const { accuracy } = running.tests.at(-1);
    line.say((paused ? `${words.paused} ` : "") + words.progress({ ...message, accuracy }), paused);
    if (!isDrawn) return;
    isDrawn = false;
    requestAnimationFrame(draw);
  }

  function draw() {
    isDrawn = true;
    curves.show(runs.slice(-kept));
    const { images, answers, meter, silent } = view;
    if (meter) layers.show(meter, silent);
    if (answers) images.show(answers);
  }

  function pause(on) {
    paused = on;
    unseen = false;
    label();
    worker.postMessage({ type: on ? "pause" : "resume" });
    if (on) line.say(words.paused, true);
  }

  // Whatever the worker does; its memory is free then.
  function end() {
    const wasFocused = [step, stop].includes(document.activeElement);
    round++;
    worker?.terminate();
    [worker, running] = [null, null];
    paused = unseen = false;
    label();
    if (wasFocused) main.focus({ preventScroll: true });
  }

  function fail(message) {
    end();
    line.say(words.failed(message), true);
  }

  // The dots, what they say, and all in numbers.
  function makeAfter() {
    const landing = makeLanding(words);
    const says = h("p");
    const key = h("p", { class: "race-count" });
    const choice = h("select", { on: { change: redraw } });
    const [mine, recorded] = [h("tbody"), h("tbody")];
    const heads = words.columns.map((text) => h("th", { scope: "col" }, text));
    const captioned = (caption, body) => {
      const table = h("table", {}, h("caption", {}, caption),
        h("thead", {}, h("tr", {}, ...heads.map((head) => head.cloneNode(true)))), body);
      const region = { role: "group", "aria-label": caption, tabindex: 0 };
      return h("div", { class: "play-scroll", ...region }, table);
    };
    const chosen = labelled(words.compare, choice);
    const theirs = captioned(words.recorded, recorded);
    const element = h("div", { hidden: true },
      h("p", { class: "yournet-head" }, words.lands), landing.element, key, chosen, says,
      captioned(words.runs, mine), theirs);
    let rungs = [];
    let shown = [];

    function setRecord(record) {
      rungs = record.rungs;
      key.textContent = rungs.length ? words.key : words.keyWithout;
      chosen.hidden = theirs.hidden = !rungs.length;
      choice.append(...rungs.map(({ name }) => h("option", {}, name)));
      // The net that the box holds at first; every seed of it has learned.
      const like = rungs.findIndex(({ name }) => name === "maximum");
      choice.selectedIndex = Math.max(like, 0);
      recorded.append(...rungs.map(({ name, parameters, macs, mean, accuracies }) =>
        rowOf(name, parameters, macs,
          words.range(mean, Math.min(...accuracies), Math.max(...accuracies)))));
    }

    function show(runs) {
      shown = runs;
      element.hidden = false;
      // At first the one that is nearest in size.
      const { parameters } = runs.at(-1);
      const far = (rung) => Math.abs(Math.log(rung.parameters / parameters));
      const nearest = [...rungs].sort((a, b) => far(a) - far(b))[0];
      if (nearest && runs.length === 1) choice.value = nearest.name;
      mine.replaceChildren(...runs.map(({ name, parameters, macs, accuracy, settings }, i) =>
        rowOf(words.run(i + 1, name, settings), parameters, macs, words.accuracy(accuracy))));
      redraw();
    }

    function redraw() {
      landing.show(rungs, shown, choice.value);
      const rung = rungs.find(({ name }) => name === choice.value);
      // The last run, and those that differ from it in nothing but the seed.
      const same = Object.values(Object.fromEntries(
        shown.filter(({ recipe }) => recipe === shown.at(-1).recipe)
          .map(({ key, accuracy }) => [key, accuracy])));
      const [k, n] = [same.length, rung?.accuracies.length];
      const accuracy = same.reduce((sum, one) => sum + one, 0) / k;
      // The record's interval is of one more seed; a mean of k scatters less.
      const narrow = Math.sqrt((1 / n + 1 / k) / (1 / n + 1));
      const [low, high] = ["low", "high"].map((end) =>
        rung && rung.mean + narrow * (rung[end] - rung.mean));
      says.textContent = rung ? words.judged({ ...rung, accuracy, k, n, low, high }) : words.once;
    }

    return { element, setRecord, show };
  }
}

// The mean of neighbours keeps the list short.
function addLoss(run, seen, loss) {
  if (!Number.isFinite(loss)) return;
  run.losses.push([seen, loss]);
  if (run.losses.length < mostLosses) return;
  run.losses = run.losses.flatMap(([seen, loss], i, all) =>
    i % 2 ? [[seen, (loss + all[i - 1][1]) / 2]] : []);
}

function rowOf(name, parameters, macs, accuracy) {
  const cells = [number(parameters), number(macs), accuracy].map((text) => h("td", {}, text));
  return h("tr", {}, h("th", { scope: "row" }, name), ...cells);
}

// The cell and the link, for somewhere else.
function makeTake() {
  const cell = h("pre", { tabindex: 0, role: "region", "aria-label": words.take });
  const said = h("p", { role: "status" });
  const button = (text, what) =>
    h("button", { type: "button", on: { click: () => copy(what()) } }, text);
  const element = h("details", { class: "yournet-take", hidden: true },
    h("summary", {}, words.take), h("p", {}, words.cell), cell,
    h("div", { class: "yournet-buttons" },
      button(words.copy, () => cell.textContent),
      button(words.copyLink, () => location.href)),
    said, h("p", {}, words.link));

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = words.copied;
    } catch {
      said.textContent = words.notCopied;
    }
  }

  function show({ layers, settings, refusal }) {
    element.hidden = Boolean(refusal);
    if (!refusal) cell.textContent = cellCode(layers, settings);
  }

  return { element, show };
}
