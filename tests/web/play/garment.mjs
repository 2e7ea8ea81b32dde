// Runs the logic of "Draw a garment" for test_play_garment.py: a task as JSON on
// stdin, its result as JSON on stdout. AlexNet's weights come as base64 of gzip.
import { readFileSync } from "node:fs";
import { Enlarge } from "../../../web/play/alexnet.js";
import { answer, build, shares, take, unzip } from "../../../web/play/answers.js";
import { bytesOf } from "../../../web/play/bytes.js";
import { findStages, findSum, receptiveField } from "../../../web/play/cells.js";
import * as pad from "../../../web/play/drawing.js";
import { ramps } from "../../../web/play/garment_view.js";
import { Conv2d } from "../../../web/play/layers.js";
import { useKernel } from "../../../web/play/product.js";
import { kernel } from "../../../web/play/product_wasm.js";
import { garment as words } from "../../../web/play/words_en.js";

const pixels = 28 * 28;
const imagesOf = (base64) => {
  const numbers = Float32Array.from(bytesOf(base64), (byte) => byte / 255);
  return Array.from({ length: numbers.length / pixels }, (_, i) =>
    numbers.subarray(pixels * i, pixels * (i + 1)),
  );
};
const readNet = async ({ name, file }) =>
  build(name, await unzip(JSON.parse(readFileSync(file)).weights));
const logitsOf = (net, image) => Array.from(net.forward(image));

const tasks = {
  signs() {
    const rgb = (n) => [n & 255, (n >> 8) & 255, (n >> 16) & 255];
    return { minus: rgb(ramps.signed[0]), plus: rgb(ramps.signed[255]) };
  },

  // With and without the kernel, image after image.
  async logits({ nets, images }) {
    const found = {};
    for (const net of nets) {
      for (const way of ["plain", "kernel"]) {
        await useKernel(way === "kernel" ? kernel : "");
        const built = await readNet(net);
        found[`${net.name} ${way}`] = imagesOf(images).map((image) =>
          logitsOf(built, image),
        );
      }
    }
    return found;
  },

  // A worker's answer gives the page's net the same outputs and shares.
  async answers({ net, images }) {
    const [maker, taker] = [await readNet(net), await readNet(net)];
    return imagesOf(images).map((image) => {
      take(taker, answer(maker, image));
      const same = taker.layers.every(({ output }, i) =>
        output.every((value, j) => value === maker.layers[i].output[j]),
      );
      return { same, shares: shares(taker) };
    });
  },

  async stages({ net }) {
    const built = await readNet(net);
    const name = (i) => built.layers[i].name;
    return findStages(built).map(({ at, shown, ...rest }) => ({
      ...rest,
      at: name(at),
      shown: name(shown),
    }));
  },

  // [stage, map, row, column] of a net on one image.
  async sums({ net, images, cells }) {
    const built = await readNet(net);
    const [image] = imagesOf(images);
    built.forward(image);
    const stages = findStages(built);
    return cells.map(([stage, ...cell]) => {
      const { patch, weights, products, bias, sum, shape } = findSum(
        built,
        stages[stage],
        image,
        ...cell,
      );
      const total = patch.reduce((all, value, i) => all + value * weights[i], bias);
      const field = receptiveField(
        built.layers.slice(0, stages[stage].at + 1),
        ...cell.slice(1),
      );
      return { sum, total, products: products.length, shape, field };
    });
  },

  async strided({
    shape,
    channels,
    kernelSize,
    padding,
    stride,
    x,
    weight,
    bias,
    gradient,
  }) {
    const layer = new Conv2d(shape, 1, channels, kernelSize, padding, stride);
    layer.weight.value.set(weight);
    layer.bias.value.set(bias);
    const output = Array.from(layer.forward(Float32Array.from(x), 1));
    const input = Array.from(layer.backward(Float32Array.from(gradient), 1, true));
    return { output, input, weight: Array.from(layer.weight.gradient) };
  },

  async enlarge({ shape, factor, x }) {
    const layer = new Enlarge(shape, 1, factor);
    return Array.from(layer.forward(Float32Array.from(x), 1));
  },

  moved: ({ images, moves }) =>
    imagesOf(images).map((image) =>
      moves.map((move) =>
        Array.from(pad.moved(image, { ...pad.still, ...move }, false)),
      ),
    ),

  turnedDrawing: ({ images, turn }) =>
    imagesOf(images).map((image) =>
      Array.from(pad.moved(pad.flattened(image), { ...pad.still, turn }, true)),
    ),

  allowed: ({ moves }) => moves.map((move) => pad.allowed({ ...pad.still, ...move })),

  painted: ({ spots }) =>
    spots.map(([x, y]) => Array.from(pad.painted(new Float32Array(pixels), x, y, 1))),

  centred: ({ images }) =>
    imagesOf(images).map((image) => Array.from(pad.centred(image))),

  links: ({ images, texts }) => ({
    drawings: imagesOf(images).map((image) => {
      const drawing = pad.flattened(image);
      const text = pad.encode(drawing);
      return { text, same: pad.decode(text).every((pixel, i) => pixel === drawing[i]) };
    }),
    others: texts.map((text) => pad.decode(text)),
  }),

  words: () => ({
    classes: words.classes,
    grey: pad.grey,
    moves: [
      {},
      { dx: 1 },
      { dx: -3, dy: 2 },
      { dy: -1, turn: -15, thick: 2 },
      { thick: -1 },
    ].map((move) => words.moves({ ...pad.still, ...move })),
    units: [1, 512].map(words.unitOf),
  }),
};

const { task, ...settings } = JSON.parse(readFileSync(0, "utf-8"));
console.log(JSON.stringify(await tasks[task](settings)));
