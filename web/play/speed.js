// "How long on your machine?" Two seconds of work in a worker, then two epochs' time.
import { h, number, status } from "./dom.js";
import { newWorker } from "./new_worker.js";

const trainingSet = 60_000;
const forwardAndBackward = 3; // a training step costs three times a forward pass

// The figure holds a table of recorded epochs; data-macs are AlexNet's for an image.
export function widget(figure) {
  const body = figure.querySelector("tbody");
  const line = status();
  const click = { type: "button", on: { click: begin } };
  const button = h("button", click, "Measure this browser");
  figure.querySelector("figcaption").before(h("p", {}, button), line);

  async function begin() {
    button.disabled = true;
    line.say("Measuring for two seconds …", true);
    try {
      line.say(show(await measured()), true);
    } catch ({ message }) {
      line.say(`It could not be measured: ${message}.`, true);
    }
    button.disabled = false;
    button.textContent = "Measure again";
    button.focus();
  }

  function show({ simd, imagesPerSecond, macsPerSecond }) {
    const lenet = trainingSet / imagesPerSecond;
    const work = trainingSet * forwardAndBackward * figure.dataset.macs;
    const alexnet = work / macsPerSecond;
    const how = simd ? "this browser" : "this browser, without vectors";
    body.querySelector(".play-own")?.remove();
    const cells = [how, time(lenet), time(alexnet)].map((text) => h("td", {}, text));
    body.append(h("tr", { class: "play-own" }, ...cells));
    const rate = number(Math.round(imagesPerSecond));
    const billions = (macsPerSecond / 1e9).toFixed(1);
    return (
      `Here an epoch of LeNet would take about ${time(lenet)}, one of AlexNet ` +
      `${time(alexnet)}: ${rate} images a second through LeNet, and ${billions} ` +
      "billion multiply-adds a second in a large product."
    );
  }
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

// Seconds in the unit that a person would use.
function time(seconds) {
  const units = [["days", 86400], ["hours", 3600], ["minutes", 60], ["seconds", 1]];
  const [unit, length] = units.find(([, size]) => seconds >= 2 * size) ?? units[3];
  return `${(seconds / length).toFixed(seconds / length < 10 ? 1 : 0)} ${unit}`;
}
