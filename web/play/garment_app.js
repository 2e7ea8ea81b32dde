// Draw, choose or move a garment: both nets answer, layer by layer, cell by cell.
import { build, shares, take, unzip } from "./answers.js";
import { findStages } from "./cells.js";
import { status } from "./dom.js";
import { makeAsker } from "./garment_asker.js";
import { makeCell } from "./garment_cell.js";
import { makeDares } from "./garment_dares.js";
import { makeLayers } from "./garment_layers.js";
import { makePad } from "./garment_pad.js";
import { div } from "./garment_parts.js";
import { makeStrip } from "./garment_strip.js";
import { makeSubject } from "./garment_subject.js";
import { makeVerdicts } from "./garment_verdicts.js";

export async function start(part, { loadData, newWorker, only }) {
  const lenet = await loadData("nets_lenet");
  const pixels = await unzip(lenet.images);
  const images = Float32Array.from(pixels, (byte) => byte / 255);
  const labels = await unzip(lenet.labels);
  const names = only === "lenet" ? ["lenet"] : ["lenet", "alexnet"];
  const figure = show(part, { names, images, labels, record: lenet.record });
  figure.setWorker(await newWorker("answerer").catch(() => null));
  figure.addNet("lenet", await unzip(lenet.weights));
  if (only === "lenet") return;
  // The figure is in use while AlexNet is on its way.
  loadData("nets_alexnet")
    .then(({ weights }) => unzip(weights))
    .then((bytes) => figure.addNet("alexnet", bytes))
    .catch(({ message }) => figure.fail("alexnet", message));
}

function show(part, { names, images, labels, record }) {
  const nets = {}; // by name: { net, stages, views, shares }
  const line = status();
  line.classList.add("garment-hidden");
  const subject = makeSubject(images, labels, changed);
  const strip = makeStrip(subject);
  const pad = makePad(subject);
  const verdicts = makeVerdicts(names, record.accuracy);
  const asker = makeAsker(nets, tell);
  const cell = makeCell(names, nets, subject, { layField: pad.layField, tell: line.say });
  const layers = makeLayers(names, cell.look, cell.come);
  const dares = makeDares(names, subject, record.silhouettes, () => {
    pad.setTool("draw");
    pad.box.focus();
  });
  part.replaceChildren(
    strip.element,
    div("top", div("left", pad.box, pad.caption), pad.toolBox, verdicts.element),
    line,
    dares.element,
    cell.element,
    layers.element,
  );
  subject.follow();

  function changed() {
    strip.show();
    pad.show();
    cell.follow();
    asker.ask(subject.image);
  }

  function tell(answers, milliseconds) {
    const said = answers.map(([name, outputs]) => {
      const one = nets[name];
      take(one.net, outputs);
      one.shares = shares(one.net);
      for (const view of one.views) view.paint();
      return verdicts.tell(name, one.shares, subject.label());
    }).join(" ");
    verdicts.tellTime(milliseconds);
    line.say(said);
    dares.tell(said);
    cell.show();
  }

  function addNet(name, bytes) {
    const net = build(name, bytes);
    const stages = findStages(net);
    nets[name] = { net, stages, views: layers.add(name, net, stages) };
    cell.add(name, stages);
    cell.follow();
    asker.add(name, bytes);
  }

  return { addNet, setWorker: asker.setWorker, fail: verdicts.fail };
}
