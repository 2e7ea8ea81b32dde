// Maps, patches and images as small canvases.
import { h } from "./dom.js";

// 256 colours as the 32-bit numbers that a canvas wants, between those named. A gamma
// below 1 lifts what is dim.
function ramp(gamma, ...stops) {
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) ** gamma * (stops.length - 1);
    const from = Math.min(Math.floor(place), stops.length - 2);
    const mix = (c) =>
      stops[from][c] + (place - from) * (stops[from + 1][c] - stops[from][c]);
    return (255 << 24) | (mix(2) << 16) | (mix(1) << 8) | mix(0);
  });
}

export const ramps = {
  image: ramp(1, [0, 0, 0], [255, 255, 255]),
  lenet: ramp(1, [9, 12, 20], [38, 82, 140], [122, 186, 235], [250, 253, 255]),
  alexnet: ramp(0.6, [16, 9, 5], [142, 56, 8], [245, 150, 66], [255, 250, 240]),
  // As in the window's figure: orange below zero, blue above.
  signed: ramp(
    1,
    [255, 205, 130],
    [200, 90, 10],
    [14, 15, 18],
    [22, 102, 190],
    [120, 200, 255],
  ),
};
const silence = 0xff0b0b0d;
const cross = 0xff5c5c66;

// Tiles of rows x columns cells, `across` of them in a row, and `gap` cells between.
export function makeTiles(tiles, [rows, columns], across, gap = 0) {
  const down = Math.ceil(tiles / across);
  const width = across * (columns + gap) - gap;
  const height = down * (rows + gap) - gap;
  const canvas = h("canvas", { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer); // little-endian, as all machines are
  const corner = (tile) => [
    (tile % across) * (columns + gap),
    Math.floor(tile / across) * (rows + gap),
  ];
  return {
    canvas,

    // Where isCrossed(tile), a cross stands in place of the values.
    paint(values, colours, low, high, isCrossed = () => false) {
      const scale = 255 / (high - low || 1);
      for (let tile = 0, from = 0; tile < tiles; tile++) {
        const [x, y] = corner(tile);
        const crossed = isCrossed(tile);
        for (let row = 0; row < rows; row++) {
          let at = (y + row) * width + x;
          for (let column = 0; column < columns; column++, at++, from++) {
            const level = Math.max(0, Math.min(255, (values[from] - low) * scale));
            pixels[at] = crossed ? silence : colours[level | 0];
          }
          if (crossed) {
            const stripe = Math.round((row * (columns - 1)) / (rows - 1 || 1));
            for (const c of [stripe, columns - 1 - stripe])
              pixels[(y + row) * width + x + c] = cross;
          }
        }
      }
      context.putImageData(image, 0, 0);
    },

    // [tile, row, column] below a pointer, or null.
    find({ clientX, clientY }) {
      const box = canvas.getBoundingClientRect();
      const x = Math.floor(((clientX - box.left) / box.width) * width);
      const y = Math.floor(((clientY - box.top) / box.height) * height);
      const [i, j] = [x / (columns + gap), y / (rows + gap)].map(Math.floor);
      const tile = j * across + i;
      if (i < 0 || i >= across || tile < 0 || tile >= tiles || y < 0) return null;
      const [left, top] = corner(tile);
      return [tile, Math.min(rows - 1, y - top), Math.min(columns - 1, x - left)];
    },

    // Lay a mark over cells of a tile, whatever size it has on the screen.
    lay(mark, tile, [top, bottom], [left, right]) {
      const [x, y] = corner(tile);
      mark.style.left = `${(100 * (x + left)) / width}%`;
      mark.style.top = `${(100 * (y + top)) / height}%`;
      mark.style.width = `${(100 * (right - left + 1)) / width}%`;
      mark.style.height = `${(100 * (bottom - top + 1)) / height}%`;
    },
  };
}
