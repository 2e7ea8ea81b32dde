// Test images, the same of each class, that turn right.
import { pixels } from "./data.js";
import { h } from "./dom.js";

const each = 2; // images of a class
const classes = 10;

// says(n, of): that n of so many are right.
export function makeImages({ images, labels, training }, says) {
  const found = Array.from({ length: classes }, () => []);
  for (let i = training; i < labels.length; i++) {
    if (found[labels[i]].length < each) found[labels[i]].push(i);
  }
  const places = Array.from({ length: each }, (_, row) => found.map((of) => of[row])).flat();
  const tiles = places.map((place) => {
    const canvas = h("canvas", { width: 28, height: 28 });
    const context = canvas.getContext("2d");
    const image = context.createImageData(28, 28);
    for (let p = 0; p < pixels; p++) {
      const level = images[place * pixels + p] * 17;
      image.data.set([level, level, level, 255], 4 * p);
    }
    context.putImageData(image, 0, 0);
    return canvas;
  });
  const row = h("div", { class: "race-images", role: "img" }, ...tiles);
  const count = h("p", { class: "race-count", "aria-hidden": "true" });
  const element = h("div", {}, row, count);
  show([]);

  // answers: a class for each test image.
  function show(answers) {
    const isRight = places.map((place) => answers[place - training] === labels[place]);
    tiles.forEach((tile, i) => tile.classList.toggle("race-right", isRight[i]));
    count.textContent = says(isRight.filter(Boolean).length, places.length);
    row.setAttribute("aria-label", count.textContent);
  }

  return { element, show };
}
