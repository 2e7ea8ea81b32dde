// Traces what it reads: [[text, shape], ...] in, the traces out.
import { readFileSync } from "node:fs";

const folder = process.argv[2] ?? new URL("../../../web/play", import.meta.url).pathname;
const { trace } = await import(`${folder}/any_net.js`);

const globals = () => [globalThis, Object.prototype].flatMap(Object.getOwnPropertyNames);
const before = globals().length;
const cases = JSON.parse(readFileSync(0, "utf8"));
const answers = cases.map(([text, shape]) => trace(text, shape));
// Whatever a text does, it must not reach JavaScript's own objects.
console.log(JSON.stringify({ answers, clean: globals().length === before }));
