// Runs the arithmetic of the window for test_play_window.py: a task as JSON on stdin,
// its result as JSON on stdout; the maps go into a file, as 64-bit numbers.
import { readFileSync, writeFileSync } from "node:fs";
import { gaps, lookedAt, resize } from "../../../web/play/steps_math.js";
import { words } from "../../../web/play/steps_words.js";
import { patchOf } from "../../../web/play/window.js";
import { convolve, measure, pad } from "../../../web/play/window_math.js";

const sliceOf = (pool, [from, count]) => pool.subarray(from, from + count);

const tasks = {
  // Of each case: what is measured, and the map. All values come out of one pool.
  maps({ pool: numbers, cases, file }) {
    const pool = Float64Array.from(numbers);
    const maps = [];
    const answers = cases.map(({ setting, image, weights, bias }) => {
      const input = pad(sliceOf(pool, image), setting);
      const kernel = Array.from(sliceOf(pool, weights));
      const map = convolve(input, kernel, setting, bias);
      const looked = lookedAt(setting);
      const { size } = measure(setting);
      // The sum as the figure shows it: patch times weights, at the last place.
      const patch = size ? patchOf(input, setting, size - 1, size - 1) : [];
      const sum = patch.reduce((total, value, i) => total + value * kernel[i], bias);
      maps.push(...map);
      const said = words.tooLarge(measure(setting).padded, measure(setting).reach);
      const last = size ? sum : said;
      return { ...measure(setting), looked, gaps: gaps(looked), last };
    });
    writeFileSync(file, Float64Array.from(maps));
    return answers;
  },

  resized: ({ image, sides }) =>
    sides.map((side) => Array.from(resize(image, Math.sqrt(image.length), side))),

  words: () => ({
    lost: [[0, 0], [1, 0], [2, 1], [0, 1]].map((counts) => words.lost(...counts)),
    places: [1, 2].map((size) => words.tell.stride({ stride: size }, { size })),
    dilation: [1, 2, 3, 4].map((dilation) => words.tell.dilation({ dilation })),
  }),
};

const { task, ...settings } = JSON.parse(readFileSync(0, "utf-8"));
console.log(JSON.stringify(tasks[task](settings)));
