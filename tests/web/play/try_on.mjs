// Runs the logic of "Dress the net" for test_play_try_on.py: tasks as JSON on stdin,
// their results as JSON on stdout.
import { readFileSync } from "node:fs";
import { bytesOf, decodeFloat16 } from "../../../web/play/float16.js";
import { centred, describe, findMaps, findSum } from "../../../web/play/feature_maps.js";
import { painted, receptiveField, shifted } from "../../../web/play/feature_maps.js";
import { lenet } from "../../../web/play/nets.js";

const imagesOf = (base64) => {
  const numbers = Float32Array.from(bytesOf(base64), (byte) => byte / 255);
  return Array.from({ length: numbers.length / 784 }, (_, i) =>
    numbers.subarray(784 * i, 784 * i + 784),
  );
};

const net = lenet({ activation: "sigmoid", pooling: "average", minibatch: 1 });

const tasks = {
  float16: ({ codes }) => Array.from(decodeFloat16(bytesOf(codes)), String),

  logits({ parameters, images }) {
    net.setParameters(decodeFloat16(bytesOf(parameters)));
    return imagesOf(images).map((image) => Array.from(net.forward(image)));
  },

  // How many layers lie in front of a cell, its row and column.
  fields: ({ cells }) =>
    cells.map(([count, ...at]) => receptiveField(net.layers.slice(0, count), ...at)),

  // Number of the map, row, column. In the order of the 44 maps.
  sums({ parameters, images, cells }) {
    net.setParameters(decodeFloat16(bytesOf(parameters)));
    const [image] = imagesOf(images);
    net.forward(image);
    const maps = findMaps(net);
    return cells.map(([number, row, column]) => {
      const map = maps[number];
      const input = map.at ? net.layers[map.at - 1].output : image;
      const { terms, bias, sum } = findSum(map, input, row, column);
      const field = receptiveField(net.layers.slice(0, map.at + 1), row, column);
      const place = (map.map * map.size + row) * map.size + column;
      const text = describe(map, field, { terms, bias, sum }, row, column);
      const { name, map: channel } = map;
      const shown = map.shown.output[place];
      return { name, channel, terms, bias, sum, shown, text };
    });
  },

  moved: ({ images, moves }) =>
    imagesOf(images).map((image) =>
      moves.map(([dx, dy]) => Array.from(shifted(image, dx, dy))),
    ),

  painted: ({ spots }) =>
    spots.map(([x, y]) => Array.from(painted(new Float32Array(784), x, y, 1))),

  centred: ({ images }) =>
    imagesOf(images).map((image) => Array.from(centred(image))),
};

const question = JSON.parse(readFileSync(0, "utf-8"));
console.log(JSON.stringify(tasks[question.task](question)));
