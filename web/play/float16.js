// float16 from text: so the book keeps LeNet's parameters.

// Few browsers read float16 (IEEE 754 binary16, little-endian) themselves.
export function decodeFloat16(bytes) {
  return Float32Array.from(new Uint16Array(bytes.buffer), decodeOne);
}

// 1 bit of sign, 5 of exponent, 10 of fraction.
function decodeOne(code) {
  const sign = code >> 15 ? -1 : 1;
  const exponent = (code >> 10) & 31;
  const fraction = (code & 1023) / 1024;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  // The smallest numbers have no hidden 1 before the fraction.
  return sign * (exponent ? 1 + fraction : 2 * fraction) * 2 ** (exponent - 15);
}
