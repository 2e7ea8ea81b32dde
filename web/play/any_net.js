// Traces what people have: all layers, in real Python. A page loads it after a click.
import { ALL, wantKnown } from "./more_layers.js";
import { read } from "./python.js";
import { words } from "./python_words.js";
import { fail, trace as follow } from "./trace.js";
import { words as core } from "./tracer_words.js";
import { truth } from "./truth.js";

// As trace.js does it.
export function trace(text, inputShape) {
  return follow(text, inputShape, read, build);
}

function build({ name: written, position, values, named, isFunction }) {
  const name = isFunction ? layerFor(written) : written;
  if (!Object.hasOwn(ALL, name)) {
    const known = Object.keys(ALL).filter((one) => /^[A-Z]/.test(one));
    const slips = name.length > 5 ? [0, 1, 2] : [0, 1];
    const near = slips.map((n) => known.find((one) => isNear(one, name, n))).find(Boolean);
    fail(core.notHere + (near ? words.near(near) : words.these(known)));
  }
  const { slots, forward, check } = ALL[name];
  const bound = slots ? bind(slots, values, named) : {};
  if (truth(bound.return_indices)) fail(words.notHereAlone("return_indices"));
  check?.(bound);
  return { name, position, values: bound, forward };
}

// The same but for so many slips of a letter; Conv1d is another layer than Conv2d.
function isNear(known, name, slips) {
  const digits = (text) => text.replace(/\D/g, "");
  const isSame = (a, b, left) => {
    if (!a || a[0] === b[0]) return !a ? b.length <= left : isSame(a.slice(1), b.slice(1), left);
    const [x, y] = [a.slice(1), b.slice(1)];
    return left > 0 && [[x, y], [a, y], [x, b]].some(([a, b]) => isSame(a, b, left - 1));
  };
  return digits(known) === digits(name) && isSame(known.toLowerCase(), name.toLowerCase(), slips);
}

// F.max_pool2d is what nn.MaxPool2d does; what has weights is not the same.
function layerFor(name) {
  if (/norm|linear|conv|prelu/.test(name)) return name;
  const isIt = (known) => known.toLowerCase() === name.replaceAll("_", "");
  return Object.keys(ALL).find(isIt) ?? name;
}

// Give each argument its name, and what is left out what PyTorch takes for it.
function bind(slots, values, named) {
  const names = slots.map(([name]) => name);
  const isAny = names.at(-1) === "...";
  if (values.length > slots.length && !isAny) fail(words.tooManyArguments(slots.length));
  for (const name of named.keys()) {
    const place = names.indexOf(name);
    const shown = names.filter((one) => one !== "device" && one !== "dtype");
    if (place < 0) fail(words.hasNoArgument(name, shown));
    if (place < values.length) fail(words.argumentTwice(name));
  }
  const given = [...values.map((value, i) => [names[i], value]), ...named];
  for (const [name, value] of given) {
    const isFree = name === "device" || name === "dtype" || name === "sizes";
    if (!isFree) [value].flat(9).forEach(wantKnown);
  }
  if (isAny) return { all: values };
  return Object.fromEntries(slots.map(([name, standard], place) => {
    if (place < values.length) return [name, values[place]];
    if (named.has(name)) return [name, named.get(name)];
    if (standard === undefined) fail(words.missing(name));
    return [name, standard];
  }));
}
