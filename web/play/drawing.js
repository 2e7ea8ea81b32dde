// The pad: images of 28 x 28, drawings of one bit a pixel, and how both are moved.

export const side = 28;
const size = side ** 2;
export const grey = 0.7; // of a drawing: both nets know flat garments of this grey well
const threshold = 0.1; // what is lighter than that belongs to the garment
const brush = 1.5; // pixels, its radius

export const clamp = (n, low, high) => Math.min(high, Math.max(low, n));
const range = (length) => [...Array(length).keys()];

// The moves, and how far each may go. A garment is never wholly out of sight.
export const limits = { thick: 3, turn: 180, dx: side / 2, dy: side / 2 };
export const still = { thick: 0, turn: 0, dx: 0, dy: 0 };

// A link may ask for anything; half a circle to the left is half a circle to the right.
export function allowed(moves) {
  const found = Object.keys(limits).map((name) => {
    const whole = Math.round(moves[name]) || 0;
    if (name === "turn") return [name, ((((whole + 179) % 360) + 360) % 360) - 179];
    return [name, clamp(whole, -limits[name], limits[name])];
  });
  return Object.fromEntries(found);
}

// A garment thickened, then turned, then shifted. A drawing stays one of one bit.
export function moved(image, { thick, turn, dx, dy }, isDrawing) {
  const turned = rotated(thickened(image, thick), turn);
  if (isDrawing && turn)
    turned.forEach((p, i) => (turned[i] = p > grey / 2 ? grey : 0));
  return shifted(turned, dx, dy);
}

// An image of pixels from places of another; beyond its edges all is black.
const redrawn = (image, source) =>
  image.map((_, i) => {
    const [x, y] = source(i % side, Math.floor(i / side));
    return (x === clamp(x, 0, side - 1) && image[y * side + x]) || 0;
  });

export function shifted(image, dx, dy) {
  return redrawn(image, (x, y) => [x - dx, y - dy]);
}

// Pixel by pixel the largest of it and its four neighbours, n times; n < 0: the smallest.
export function thickened(image, n) {
  if (!n) return image.slice();
  const best = n > 0 ? Math.max : Math.min;
  const at = (x, y) =>
    (x === clamp(x, 0, 27) && y === clamp(y, 0, 27) && image[y * side + x]) || 0;
  const next = image.map((pixel, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    return best(pixel, at(x - 1, y), at(x + 1, y), at(x, y - 1), at(x, y + 1));
  });
  return thickened(next, n - Math.sign(n));
}

// Turned clockwise about the middle, between pixels by bilinear interpolation.
export function rotated(image, degrees) {
  if (!degrees) return image.slice();
  const [cos, sin] = [Math.cos, Math.sin].map((f) => f((degrees * Math.PI) / 180));
  const at = (x, y) =>
    (x === clamp(x, 0, 27) && y === clamp(y, 0, 27) && image[y * side + x]) || 0;
  return image.map((_, i) => {
    const [x, y] = [(i % side) - 13.5, Math.floor(i / side) - 13.5];
    const [fromX, fromY] = [cos * x + sin * y + 13.5, cos * y - sin * x + 13.5];
    const [left, top] = [fromX, fromY].map(Math.floor);
    const [far, down] = [fromX - left, fromY - top];
    const row = (y) => at(left, y) * (1 - far) + at(left + 1, y) * far;
    return row(top) * (1 - down) + row(top + 1) * down;
  });
}

// With a round spot about (x, y); pixel (0, 0) reaches from 0 to 1.
export function painted(image, x, y, tone) {
  const far = (i) => Math.hypot((i % side) + 0.5 - x, Math.floor(i / side) + 0.5 - y);
  return image.map((old, i) => (far(i) > brush ? old : tone));
}

// What is left of an image where a pixel has one bit.
export function flattened(image) {
  return image.map((pixel) => (pixel > threshold ? grey : 0));
}

// In the middle, and as large as the frame allows: so the data were made, too.
export function centred(image) {
  const drawn = range(size).filter((i) => image[i]);
  const ends = (places) => [Math.min(...places), Math.max(...places) + 1];
  const [left, right] = ends(drawn.map((i) => i % side));
  const [top, bottom] = ends(drawn.map((i) => Math.floor(i / side)));
  const scale = Math.max(right - left, bottom - top) / side;
  const from = (to, middle) => Math.floor(middle + scale * (to + 0.5 - side / 2));
  return redrawn(image, (x, y) => [
    from(x, (left + right) / 2),
    from(y, (top + bottom) / 2),
  ]);
}

// A drawing in a link: 98 bytes, the first pixel the highest bit, in base64url.
export function encode(drawing) {
  const bytes = new Uint8Array(size / 8);
  drawing.forEach((pixel, i) => (bytes[i >> 3] |= (pixel > 0) << (7 - (i & 7))));
  const text = btoa(String.fromCharCode(...bytes));
  return text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

// null for a text that no drawing has.
export function decode(text) {
  if (!/^[\w-]{131}$/.test(text)) return null;
  const bytes = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  const bit = (i) => (bytes.charCodeAt(i >> 3) >> (7 - (i & 7))) & 1;
  return Float32Array.from({ length: size }, (_, i) => bit(i) * grey);
}
