// The product of two matrices is all the arithmetic that the layers of a net need.

let Numbers = Float32Array;
let kernel = null; // the two functions of product.wat
let memory = null; // where it finds its matrices
let used = 0; // bytes of it
let counted = null; // bytes, while they are only counted

// Make each new array one of these: Float32Array, or Float64Array for comparisons.
export function useNumbers(kind) {
  Numbers = kind;
  kernel = null;
}

// Let the kernel multiply in nets built from here on. Says whether the browser can.
// bytes: of all their numbers, at once, since a memory that grows takes its arrays away.
export async function useKernel(base64, bytes = 2 ** 25) {
  kernel = null;
  try {
    const code = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    // One page more: the kernel reads on behind a row's end.
    memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) + 1 });
    const { instance } = await WebAssembly.instantiate(code, { page: { memory } });
    kernel = instance.exports;
    used = 0;
  } catch {} // no vectors, or a page that forbids them: JavaScript does it all
  return kernel !== null;
}

export function zeros(n) {
  const bytes = 16 * Math.ceil(n / 4); // vectors begin at multiples of 16 bytes
  if (counted !== null) counted += bytes;
  if (counted !== null || !kernel) return new Numbers(counted === null ? n : 0);
  const array = new Float32Array(memory.buffer, used, n);
  used += bytes;
  return array;
}

// The bytes of all numbers that `make` would make; its arrays are empty.
export function countBytes(make) {
  counted = 0;
  try {
    make();
    return counted;
  } finally {
    counted = null;
  }
}

// A view of a stretch of an array: element (i, j) is data[at + i * down + j * across].
export function matrix(data, at, rows, columns) {
  return { data, at, rows, columns, down: columns, across: 1 };
}

export function transposed({ data, at, rows, columns, down, across }) {
  return { data, at, rows: columns, columns: rows, down: across, across: down };
}

// C = A B, or C += A B. The rows of C lie one after another.
export function product(C, A, B, add = false) {
  const fast = kernel && [A, B, C].every(({ data }) => data.buffer === memory.buffer);
  const steps = (M) => [4 * M.down, 4 * M.across]; // in bytes
  const start = (M) => M.data.byteOffset + 4 * M.at;
  const sizes = [C.rows, C.columns, A.columns];
  const [a, b, c] = [start(A), start(B), start(C)];
  if (fast && B.across === 1) {
    kernel.rows(...sizes, a, ...steps(A), b, 4 * B.down, c, 4 * C.down, +add);
  } else if (fast && A.across === 1 && B.down === 1) {
    kernel.dots(...sizes, a, 4 * A.down, b, 4 * B.across, c, 4 * C.down, +add);
  } else multiply(C, A, B, add);
}

// Two rows times two columns at a time: each number is read once and used twice.
function multiply(C, A, B, add) {
  const [a, b, c] = [A.data, B.data, C.data];
  const { down, across } = A;
  const { down: step, across: next } = B;
  for (let i = 0; i < C.rows; i += 2) {
    for (let j = 0; j < C.columns; j += 2) {
      // At a ragged edge the pair is one and the same, and the second sum is not kept.
      const row = i + 1 < C.rows ? down : 0;
      const column = j + 1 < C.columns ? next : 0;
      let p = A.at + i * down;
      let q = B.at + j * next;
      let s00 = 0;
      let s01 = 0;
      let s10 = 0;
      let s11 = 0;
      for (let k = 0; k < A.columns; k++, p += across, q += step) {
        const x = a[p];
        const y = a[p + row];
        const u = b[q];
        const v = b[q + column];
        s00 += x * u;
        s01 += x * v;
        s10 += y * u;
        s11 += y * v;
      }
      const at = C.at + i * C.down + j;
      c[at] = s00 + (add ? c[at] : 0);
      if (column) c[at + 1] = s01 + (add ? c[at + 1] : 0);
      if (row) c[at + C.down] = s10 + (add ? c[at + C.down] : 0);
      if (row && column) c[at + C.down + 1] = s11 + (add ? c[at + C.down + 1] : 0);
    }
  }
}
