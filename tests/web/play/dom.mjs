// Uses the helpers of dom.js on a page that is only pretended; prints what happened.
import { number, state, status } from "../../../web/play/dom.js";

// A clock that stands still but while the page waits.
let now = 0;
const timers = new Set();
performance.now = () => now;
globalThis.setTimeout = (run, ms) => {
  const timer = { run, due: now + ms };
  timers.add(timer);
  return timer;
};
globalThis.clearTimeout = (timer) => timers.delete(timer);
function wait(ms) {
  now += ms;
  for (const timer of timers) {
    if (timer.due <= now && timers.delete(timer)) timer.run();
  }
}

const listeners = {};
globalThis.location = { hash: "" };
globalThis.addEventListener = (event, listener) => (listeners[event] = listener);
globalThis.history = {
  writes: 0,
  replaceState(_, __, hash) {
    this.writes++;
    location.hash = hash;
  },
};
globalThis.document = {
  createElement: () => ({ setAttribute() {}, append() {}, textContent: "" }),
};

const defaults = { side: 224, net: "a", on: false };
const read = (hash, name = "tracer") => {
  location.hash = hash;
  return state(name, defaults).get();
};
const odd = [
  "", "#", "#training", "#tracer", "#tracer:", "#tracer:side=", "#tracer:side=x",
  "#tracer:%%%=%", "#tracer:__proto__=1", "#tracer:side=Infinity", "#;;:;tracer:",
  "#xtracer:side=3", "#other:side=3", "#tracer:constructor=3&toString=4", "#tracer:on=1",
].map((hash) => [hash, read(hash)]);

const text = "nn.Sequential(\n  nn.ReLU(),  # a; b: c&d=e +é%\n)";
location.hash = "#race:seed=3";
const link = state("tracer", defaults);
for (let side = 1; side <= 150; side++) link.set({ side });
link.set({ side: 64, net: text, on: true });
wait(700);
const written = { hash: location.hash, writes: history.writes };
const again = state("tracer", defaults).get();
link.set(defaults);
wait(700);
const cleared = location.hash;

const heard = [];
location.hash = "#training";
const other = state("sides", { side: 1 }, (now) => heard.push(now));
listeners.hashchange();
const untouched = { hash: location.hash, heard: [...heard] };
location.hash = "#race:seed=3;sides:side=7";
listeners.hashchange();

const line = status();
const said = [];
Object.defineProperty(line, "textContent", { set: (words) => said.push(words) });
line.say("one");
line.say("two");
line.say("three");
const first = [...said];
line.say("now", true);
line.say("last");
wait(3300);

console.log(JSON.stringify({
  odd, text, written, again, cleared, untouched, heard, side: other.get(), first, said,
  numbers: [0, 999, 1234567].map(number),
}));
