// Your net: what is typed is trained in the page. Here its box and its recipe; what trains
// comes with the reader's first touch (yournet_app.js), the images with "Start".
import { h, labelled, parts, state, status } from "./dom.js";
import { loadData } from "./host.js";
import { newWorker } from "./new_worker.js";
import { trace as tracePlain } from "./trace.js";
import { words } from "./yournet_form_words.js";
import { plan } from "./yournet_plan.js";
import { rates, rungs } from "./yournet_rungs.js";

const IMAGE = [1, 1, 28, 28];
const LONGEST_LINK = 7800; // characters, of the net
const OPTIMIZERS = ["Adam", "SGD"];
const NUMBERS = ["lr", "momentum", "minibatch", "seed"];
const PAUSE = 700; // ms without a keystroke before the reader is told of a mistake
const TALLEST = 24; // lines of the box
const first = {
  net: rungs.maximum, optimizer: "Adam", lr: 3e-3, momentum: 0.9, minibatch: 32, seed: 0,
};

// data-images of the figure: how many a training sees; data-every: how many from one test
// to the next.
export function widget(figure) {
  const [images, testEvery] = ["images", "every"].map((name) => Number(figure.dataset[name]));
  takeOver();
  const link = state("yournet", first, fill);
  let trace = null; // reads any net, once it is loaded
  let app = null; // trains, once it is loaded
  let [reading, loading] = [null, null];
  let waiting;
  let now = null; // the net and the recipe, as they were last read

  const box = h("textarea", {
    id: "yournet-box", wrap: "off", spellcheck: "false", autocapitalize: "off",
    autocomplete: "off", autocorrect: "off", "aria-describedby": "yournet-facts",
    on: { input: edit, change: settle },
  });
  const names = Object.keys(rungs).map((name) => h("option", {}, name));
  const preset = h("select", { on: { change: choose } },
    h("option", { value: "" }, words.own), ...names);
  const optimizer = h("select", { on: { change: settle } },
    ...OPTIMIZERS.map((name) => h("option", {}, name)));
  const on = { input: edit, change: settle };
  const fields = Object.fromEntries(NUMBERS.map((name) =>
    [name, h("input", { type: "number", step: "any", min: 0, inputmode: "decimal", on })]));
  const labels = NUMBERS.map((name) => labelled(words.recipe[name], fields[name]));
  const facts = h("p", { id: "yournet-facts" });
  const line = status();
  const [main, step, stop] = ["start", "step", "stop"].map((name) =>
    h("button", { type: "button", disabled: name !== "start" }, words[name]));
  const place = h("div");
  const form = { read: () => now, set, line, main, step, stop, place };

  main.addEventListener("click", press);
  figure.querySelector("figcaption").before(
    h("div", { class: "yournet" },
      h("div", { class: "yournet-top" },
        h("label", { for: box.id }, words.box), labelled(words.presets, preset)),
      box, facts,
      h("fieldset", { class: "yournet-recipe" },
        h("legend", {}, words.trained), labelled(words.optimizer, optimizer), ...labels),
      h("div", { class: "yournet-buttons" }, main, step, stop),
      line, place));
  figure.classList.add("yournet-live");
  for (const event of ["focusin", "pointerdown"]) {
    figure.addEventListener(event, () => load().catch(() => {}), { once: true });
  }
  fill(link.get());

  // A net that comes from the shape trace.
  function takeOver() {
    const [given = ""] = parts();
    if (!given.startsWith("tracer:")) return;
    history.replaceState(null, "", `#yournet:${given.slice("tracer:".length)}`);
  }

  function fill(saved) {
    box.value = saved.net;
    optimizer.selectedIndex = Math.max(0, OPTIMIZERS.indexOf(saved.optimizer));
    for (const name of NUMBERS) fields[name].value = saved[name];
    show(true);
  }

  function edit() {
    clearTimeout(waiting);
    waiting = setTimeout(settle, PAUSE);
    show(false);
  }

  function settle() {
    clearTimeout(waiting);
    show(true);
    const { text: net, settings: { images, testEvery, ...recipe } } = now;
    const isLong = new URLSearchParams({ net }).toString().length > LONGEST_LINK;
    link.set({ ...recipe, net: isLong ? first.net : net });
    if (isLong) facts.append(` ${words.noLink}`);
  }

  function choose() {
    if (!preset.value) return;
    box.value = rungs[preset.value];
    optimizer.value = first.optimizer;
    fields.lr.value = rates[preset.value];
    fields.minibatch.value = first.minibatch;
    settle();
  }

  function set(name, value) {
    fields[name].value = value;
    settle();
  }

  function show(isSettled) {
    const text = box.value;
    const name = Object.keys(rungs).find((name) => rungs[name] === text) ?? "";
    preset.value = name;
    labels[1].hidden = optimizer.value !== "SGD";
    box.rows = Math.min(text.split("\n").length + 1, TALLEST);
    const numbers = NUMBERS.map((name) => [name, parseFloat(fields[name].value)]);
    const settings = {
      optimizer: optimizer.value, ...Object.fromEntries(numbers), images, testEvery,
    };
    now = { text, name, settings, refusal: words.reading };
    if (!trace && !name) {
      say(words.reading, false);
      read();
      return;
    }
    const traced = (trace ?? tracePlain)(text, IMAGE);
    const planned = plan(traced, settings);
    const { layers, parameters, macs } = planned;
    const wrong = planned.refusal ? where(traced, planned) : faultOf(settings);
    now = { ...now, layers, parameters, macs, refusal: wrong, traced };
    // While a line is being typed it is not wrong.
    if (wrong && !isSettled) return;
    box.setAttribute("aria-invalid", Boolean(planned.refusal));
    const more = planned.refusal && traced.failure ? words.small : "";
    say(wrong ? `${wrong} ${more}` : words.fits(traced.rows.length, parameters, macs), wrong);
    main.disabled = Boolean(wrong) && !app?.isRunning();
    if (isSettled) app?.changed();
  }

  function say(text, isWrong) {
    facts.textContent = text.trim();
    facts.classList.toggle("play-wrong", Boolean(isWrong));
  }

  function where({ layers, failure }, { refusal, layer }) {
    const position = failure ? failure.position : layers[layer]?.position;
    const lines = position === undefined ? 0 : box.value.slice(0, position).split("\n").length;
    const start = lines ? words.line(lines) : "";
    return start + refusal + (failure?.torch ? words.torch(failure.torch) : "");
  }

  function faultOf({ optimizer, lr, momentum, seed }) {
    if (!(lr > 0 && lr < Infinity)) return words.wrongRate;
    if (optimizer === "SGD" && !(momentum >= 0 && momentum < 1)) return words.wrongMomentum;
    return Number.isSafeInteger(seed) && seed >= 0 ? null : words.wrongSeed;
  }

  // What reads any net comes when there is one that is none of the presets.
  function read() {
    reading ??= loadData("any_net").then((found) => {
      trace = found.trace;
      settle();
    }, ({ message }) => {
      reading = null;
      say(words.failed(message), true);
    });
  }

  function load() {
    loading ??= loadData("yournet").then(({ open }) => {
      app = open(form, { newWorker, loadData });
      app.changed();
    }).catch((problem) => {
      loading = null;
      figure.classList.remove("yournet-live"); // the still picture is seen again
      throw problem;
    });
    return loading;
  }

  async function press() {
    if (!app) line.say(words.loading, true);
    try {
      await load();
      await app.press();
    } catch ({ message }) {
      line.say(words.failed(message), true);
    }
  }
}
