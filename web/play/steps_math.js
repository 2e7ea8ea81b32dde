// What the steps of the window leave out, and images of other sides.
import { measure } from "./window_math.js";

// For each column of the padded image, and so for each row: is it ever looked at?
export function lookedAt(setting) {
  const { padded, size } = measure(setting);
  const looked = Array(padded).fill(false);
  for (let place = 0; place < size; place++) {
    for (let tap = 0; tap < setting.kernel; tap++) {
      looked[place * setting.stride + tap * setting.dilation] = true;
    }
  }
  return looked;
}

// [first, length] of each run of columns that are never looked at.
export function gaps(looked) {
  const runs = [];
  looked.forEach((seen, i) => {
    if (seen) return;
    if (i && !looked[i - 1]) runs.at(-1)[1]++;
    else runs.push([i, 1]);
  });
  return runs;
}

// Bilinear, as torch.nn.functional.interpolate does it without aligned corners.
export function resize(image, from, to) {
  const ends = Array.from({ length: to }, (_, i) => {
    const place = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.floor(place);
    return [low, Math.min(low + 1, from - 1), place - low];
  });
  return Float64Array.from({ length: to ** 2 }, (_, i) => {
    const [top, bottom, down] = ends[Math.floor(i / to)];
    const [left, right, across] = ends[i % to];
    const line = (row) =>
      image[row * from + left] * (1 - across) + image[row * from + right] * across;
    return line(top) * (1 - down) + line(bottom) * down;
  });
}
