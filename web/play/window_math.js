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
