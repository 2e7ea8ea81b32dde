// Runs the logic of "Dress the net" for test_play_dress.py: tasks as JSON on stdin,
// their results as JSON on stdout.
import { readFileSync } from "node:fs";
import { bytesOf, decodeHalves } from "../../../web/play/half.js";
import { centred, describe, findMaps, findSum } from "../../../web/play/inside.js";
import { painted, receptiveField, shifted } from "../../../web/play/inside.js";
import { lenet } from "../../../web/play/nets.js";

const picturesOf = (base64) => {
  const numbers = Float32Array.from(bytesOf(base64), (byte) => byte / 255);
  return Array.from({ length: numbers.length / 784 }, (_, i) =>
    numbers.subarray(784 * i, 784 * i + 784),
  );
};

const net = lenet({ activation: "sigmoid", pooling: "average", minibatch: 1 });

const tasks = {
  halves: ({ codes }) => Array.from(decodeHalves(bytesOf(codes)), String),

  logits({ parameters, pictures }) {
    net.setParameters(decodeHalves(bytesOf(parameters)));
    const times = [];
    const logits = picturesOf(pictures).map((picture) => {
      const start = performance.now();
      const output = Array.from(net.forward(picture));
      times.push(performance.now() - start);
      return output;
    });
    return { logits, median: times.sort((a, b) => a - b)[times.length >> 1] };
  },

  // How many layers lie in front of a cell, its row and column.
  fields: ({ cells }) =>
    cells.map(([count, ...at]) => receptiveField(net.layers.slice(0, count), ...at)),

  // Number of the map, row, column. In the order of the 44 maps.
  sums({ parameters, pictures, cells }) {
    net.setParameters(decodeHalves(bytesOf(parameters)));
    const [picture] = picturesOf(pictures);
    net.forward(picture);
    const maps = findMaps(net);
    return cells.map(([number, row, column]) => {
      const map = maps[number];
      const input = map.at ? net.layers[map.at - 1].output : picture;
      const { terms, bias, sum } = findSum(map, input, row, column);
      const field = receptiveField(net.layers.slice(0, map.at + 1), row, column);
      const place = (map.map * map.size + row) * map.size + column;
      const text = describe(map, field, { terms, bias, sum }, row, column);
      const { name, map: channel } = map;
      const shown = map.shown.output[place];
      return { name, channel, terms, bias, sum, shown, text };
    });
  },

  moved: ({ pictures, moves }) =>
    picturesOf(pictures).map((picture) =>
      moves.map(([dx, dy]) => Array.from(shifted(picture, dx, dy))),
    ),

  painted: ({ spots }) =>
    spots.map(([x, y]) => Array.from(painted(new Float32Array(784), x, y, 1))),

  centred: ({ pictures }) =>
    picturesOf(pictures).map((picture) => Array.from(centred(picture))),
};

const asked = JSON.parse(readFileSync(0, "utf-8"));
console.log(JSON.stringify(tasks[asked.task](asked)));
