// The window's arithmetic: how many places it has, what it looks at, what it writes.
// A setting is { side, kernel, stride, padding, dilation } of a square image.

// padded: the side with its border. reach: from the window's first pixel to its last.
// size: how many places side by side; 0 when it does not fit. rest: pixels left over.
export function measure({ side, kernel, stride, padding, dilation }) {
  const padded = side + 2 * padding;
  const reach = dilation * (kernel - 1) + 1;
  const room = padded - reach;
  const size = room < 0 ? 0 : Math.floor(room / stride) + 1;
  return { padded, reach, room, size, rest: room < 0 ? 0 : room % stride };
}

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

// The image with a border of zeros.
export function pad(image, { side, padding }) {
  const padded = side + 2 * padding;
  const result = new Float64Array(padded ** 2);
  for (let row = 0; row < side; row++) {
    const line = image.subarray(row * side, (row + 1) * side);
    result.set(line, (row + padding) * padded + padding);
  }
  return result;
}

// What the window sees at a place, row by row.
export function patchOf(padded, setting, row, column) {
  const { kernel, stride, dilation } = setting;
  const { padded: length } = measure(setting);
  return Array.from({ length: kernel ** 2 }, (_, i) => {
    const y = row * stride + Math.floor(i / kernel) * dilation;
    return padded[y * length + column * stride + (i % kernel) * dilation];
  });
}

// The feature map, as torch.nn.functional.conv2d makes it.
export function convolve(padded, weights, setting, bias = 0) {
  const { kernel, stride, dilation } = setting;
  const { padded: length, size } = measure(setting);
  const map = new Float64Array(size ** 2).fill(bias);
  weights.forEach((weight, tap) => {
    const down = Math.floor(tap / kernel) * dilation;
    const right = (tap % kernel) * dilation;
    for (let row = 0, to = 0; row < size; row++) {
      let from = (row * stride + down) * length + right;
      for (let column = 0; column < size; column++, from += stride) {
        map[to++] += weight * padded[from];
      }
    }
  });
  return map;
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
