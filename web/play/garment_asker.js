// Asks the nets in a worker, or here if there is none. One question at a time; the last
// one asked in between comes next.
import { answer } from "./answers.js";

// nets: { net } by name. tell([[name, answer], ...], milliseconds).
export function makeAsker(nets, tell) {
  let worker = null;
  let image = null;
  let busy = false;
  let stale = false;

  function ask(asked) {
    image = asked;
    stale = true;
    if (busy || !Object.keys(nets).length) return;
    stale = false;
    if (worker) {
      busy = true;
      worker.postMessage({ type: "image", image });
      return;
    }
    const begun = performance.now();
    const answers = Object.entries(nets).map(([name, { net }]) => [name, answer(net, image)]);
    requestAnimationFrame(() => tell(answers, performance.now() - begun));
  }

  function heard({ type, answers, milliseconds, message }) {
    busy = false;
    if (type === "answers") tell(answers, milliseconds);
    if (type === "failed") {
      worker = null; // the page does it itself
      console.error(message);
    }
    if (stale || type !== "answers") ask(image);
  }

  return {
    ask,
    setWorker(found) {
      worker = found;
      if (worker) worker.onmessage = ({ data }) => heard(data);
    },
    add(name, bytes) {
      worker?.postMessage({ type: "net", name, bytes });
      busy = Boolean(worker); // it says when it has built it
      if (!worker) ask(image);
    },
  };
}
