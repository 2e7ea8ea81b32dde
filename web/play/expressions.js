// Reads Python's expressions: text in, values out; of the text nothing is ever run.
import { Call, Problem } from "./parse.js";
import { words } from "./python_words.js";
import { truth } from "./truth.js";

const LONGEST = 20000; // characters
const DEEPEST = 50; // brackets inside brackets, and calls inside calls
const MOST = 20000; // steps
const TOKENS = Object.entries({
  space: /(?:[ \t\r\f\xa0\ufeff]|\\\r?\n|#.*)+/y,
  line: /\n/y,
  number: /\.?\d(?:e[-+]|[\w.])*/iy,
  string: /[bfru]{0,2}(?:"""[^]*?"""|'''[^]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')/iy,
  name: /[\p{L}_][\p{L}\p{M}\p{N}_]*/uy,
  sign: /(?:\*\*|\/\/|[-+*/%@&|^=!<>])=|->|\*\*|\/\/|[-+*/%@()[\]{},:;.=<>&|^~]/y,
});
const WORDS = /^(?:and|or|not|in|is|if|else|for|lambda)$/;
const CLOSING = { "(": ")", "[": "]", "{": "}" };
const INTEGER = /^(?:0|[1-9](?:_?\d)*)$/;
const FLOAT = /^(?=.*[.e])\d*\.?\d*(?:e[-+]?\d+)?$/i;
const CONSTANTS = { True: true, False: false, None: null };
const LAYER = /^(?:nn\.\w+|[A-Z]\w*)$/;
const same = (a, b) => String(a) === String(b);
// From the loosest to the tightest; the result is whole where both sides are.
export const LEVELS = [
  { or: (a, b) => (truth(a) ? a : b) },
  { and: (a, b) => (truth(a) ? b : a) },
  {
    "==": same, "!=": (a, b) => !same(a, b), is: same,
    "<": (a, b) => a < b, ">": (a, b) => a > b,
    "<=": (a, b) => a <= b, ">=": (a, b) => a >= b,
    in: (a, b) => [...(b.keys && !Array.isArray(b) ? b.keys() : b)].some((x) => same(a, x)),
  },
  { "+": (a, b) => a + b, "-": (a, b) => a - b },
  {
    "*": (a, b) => a * b,
    "//": (a, b) => Math.floor(a / b),
    "/": (a, b) => Object(a / b),
    "%": (a, b) => a - b * Math.floor(a / b),
    "@": () => NaN,
  },
];
const COMPARING = 2;

// What this page does not know: it does no harm until a layer needs it.
export class Unknown {
  constructor(path, position, isCall = false) {
    Object.assign(this, { path, position, isCall });
  }
}

// What goes through the net: the layers that it has passed.
export class Flow {
  constructor(layers = []) {
    this.layers = layers;
  }
}

// x.view, layers.append
export class Method {
  constructor(owner, name, position) {
    Object.assign(this, { owner, name, position });
  }
}

export const BATCH = new Unknown(words.batch, 0); // x.size(0)

export function tokens(text) {
  if (text.length > LONGEST) {
    throw new Problem(words.tooLong(text.length, LONGEST), 0);
  }
  const plain = text.replace(/[‘’]/g, "'").replace(/[“”]/g, '"');
  const found = [];
  let start = 0; // of the line
  let depth = 0;
  for (let position = 0; position < text.length;) {
    const token = tokenAt(plain, position);
    const { kind } = token;
    const isNewLine = kind === "line";
    token.column = position - start;
    if (kind in CLOSING) depth++;
    if (")]}".includes(kind) && --depth < 0) throw new Problem(words.notOpened, position);
    const isEmpty = isNewLine && (depth > 0 || (found.at(-1)?.kind ?? "line") === "line");
    if (kind !== "space" && !isEmpty) found.push(token);
    position += token.text.length;
    if (isNewLine) start = position;
  }
  const end = { kind: "end", text: words.end, position: text.length, column: -1 };
  return [...unprinted(found, text), end];
}

function tokenAt(text, position) {
  for (const [kind, pattern] of TOKENS) {
    pattern.lastIndex = position;
    const [word] = pattern.exec(text) ?? [];
    if (!word) continue;
    const isOwn = kind === "sign" || WORDS.test(word);
    return { kind: isOwn ? word : kind, text: word, position };
  }
  return { kind: "?", text: String.fromCodePoint(text.codePointAt(position)), position };
}

// print(net) writes "(0): Conv2d(...)", without commas.
function unprinted(found, text) {
  if (!/^\s*\([\w.-]+\): [A-Z]/m.test(text)) return found;
  const dropped = new Set();
  found.forEach((_, i) => {
    const isName = ["(", ")", ":"].every((kind, n) => found[i + [0, 2, 3][n]]?.kind === kind);
    if (!isName || !found[i + 4]) return;
    for (const n of [0, 1, 2, 3]) dropped.add(found[i + n]);
    found[i + 4].mayFollow = true;
  });
  return found.filter((token) => !dropped.has(token));
}

export class Parser {
  index = 0;
  depth = 0;
  steps = 0;
  scope = new Map();

  constructor(tokens) {
    this.tokens = tokens;
  }

  get token() {
    return this.tokens[this.index];
  }

  fail(message, { position } = this.token) {
    throw new Problem(message, position);
  }

  at(kind, ahead = 0) {
    return this.tokens[this.index + ahead]?.kind === kind;
  }

  take() {
    return this.tokens[this.index++];
  }

  // Take this sign if it is here.
  may(kind) {
    return this.at(kind) && this.take();
  }

  must(kind) {
    return this.may(kind) || this.fail(words.comma(kind, this.said()));
  }

  // As in nn.ReLU
  said(token = this.token) {
    const { kind, text } = token;
    if (kind === "line") return words.lineEnd;
    const place = this.tokens.indexOf(token);
    const goesOn = kind === "name" && this.tokens[place + 1].kind === ".";
    return goesOn ? `${text}.${this.said(this.tokens[place + 2])}` : text;
  }

  step() {
    if (++this.steps > MOST) this.fail(words.tooMuch);
  }

  // Work at another place, and come back.
  elsewhere(index, work) {
    const here = this.index;
    this.index = index;
    const value = work();
    this.index = here;
    return value;
  }

  // Where one of these signs comes next, outside of brackets and in this statement.
  find(...kinds) {
    let depth = 0;
    for (let i = this.index; ; i++) {
      const { kind } = this.tokens[i];
      if (!depth && kinds.includes(kind)) return i;
      if (kind in CLOSING) depth++;
      if (")]}".includes(kind)) depth--;
      if (depth < 0 || kind === "end" || kind === "line" || (!depth && kind === ";")) return -1;
    }
  }

  // What a layer or a sum needs must be known.
  known(value, at) {
    if (value instanceof Method) this.fail(words.method(value.name), value);
    if (!(value instanceof Unknown)) return value;
    return this.fail(complaint(value), at ?? value);
  }

  // What a condition does not take need not be known.
  value() {
    const start = this.index;
    const place = this.find("if", "for", ",", ":", "=");
    if (this.tokens[place]?.kind !== "if") return this.level(0);
    this.index = place + 1;
    const isSo = this.level(0);
    this.must("else");
    const isKnown = !(isSo instanceof Unknown || isSo instanceof Method);
    const value = isKnown && truth(isSo) && this.elsewhere(start, () => this.level(0));
    const other = this.value();
    if (!isKnown) return isSo;
    return truth(isSo) ? value : other;
  }

  level(n) {
    if (n === LEVELS.length) return this.signed();
    if (n === COMPARING && this.at("not") && this.take()) return this.invert(this.level(n));
    let left = this.level(n + 1);
    for (;;) {
      const sign = this.token;
      const isNot = sign.kind === "not" && this.at("in", 1);
      const kind = isNot ? "in" : sign.kind;
      if (!Object.hasOwn(LEVELS[n], kind)) return left;
      this.index += isNot ? 2 : 1;
      const turns = isNot || (kind === "is" && this.may("not"));
      left = this.compute(LEVELS[n][kind], sign, left, this.level(n + 1), n);
      if (turns) left = this.invert(left);
    }
  }

  invert(value) {
    return value instanceof Unknown ? value : !truth(value);
  }

  compute(operator, sign, left, right, level) {
    this.step();
    const sides = [left, right];
    const unknown = sides.find((side) => side instanceof Unknown || side instanceof Method);
    const flow = sides.find((side) => side instanceof Flow);
    if (flow && level > COMPARING) {
      // x / 255 has the shape of x.
      return sides.some(isNumber) ? flow : this.fail(words.fork, sign);
    }
    if (unknown) return unknown;
    if (level <= COMPARING) return operator(left, right);
    const isSum = sign.text[0] === "+";
    if (isSum && sides.every(Array.isArray)) return [...left, ...right];
    if (sign.text[0] === "*" && Array.isArray(left) && right >= 0 && right <= MOST) {
      this.steps += right;
      return Array.from({ length: right }, () => left).flat();
    }
    if (isSum && sides.every((side) => typeof side === "string")) return left + right;
    // "%d" % n
    if (typeof left === "string") return new Unknown(sign.text, sign.position, true);
    const result = sides.every(isNumber) ? operator(Number(left), Number(right)) : NaN;
    if (!isFinite(result)) return this.fail(words.numbers(sign.text), sign);
    // To PyTorch 2.0 is not 2; a Number object is neither to typeof nor to ===.
    return sides.some((side) => typeof side === "object") ? Object(Number(result)) : result;
  }

  signed() {
    if (++this.depth > DEEPEST) this.fail(words.tooDeep);
    const sign = this.may("-") || this.may("+");
    let value;
    if (sign) {
      const times = sign.text === "-" ? -1 : 1;
      value = this.compute((a, b) => a * b || 0, sign, times, this.signed());
    } else {
      value = this.trailed();
      const power = this.may("**");
      const raise = (a, b) => (b < 0 ? Object(a ** b) : a ** b);
      if (power) value = this.compute(raise, power, value, this.signed());
    }
    this.depth--;
    return value;
  }

  // An atom and what hangs on it: .name, (...), [...]
  trailed() {
    const start = this.token;
    let value = this.atom(this.take());
    for (;;) {
      if (this.may(".")) {
        const name = this.must("name");
        value = this.attribute(value, name.text, value instanceof Unknown ? value : start);
      } else if (this.at("(")) {
        value = this.call(value, start);
      } else if (this.at("[")) {
        value = this.element(value, this.take());
      } else return value;
    }
  }

  atom(token) {
    const { kind, text } = token;
    if (kind === "name") return this.lookup(token);
    if (kind === "string") return text.replace(/^\w*("""|'''|.)([^]*)\1$/, "$2");
    if (kind === "[") return this.items(token);
    if (kind === "{") return this.map(token);
    if (kind === "(") return this.bracket(token);
    if (kind === "?") this.fail(signMessage(text), token);
    if (kind === "end" || kind !== "number") this.fail(words.value(this.said(token)), token);
    const value = Number(text.replaceAll("_", ""));
    if (INTEGER.test(text) && Number.isSafeInteger(value)) return value;
    return FLOAT.test(text) ? Object(value) : this.fail(words.what(text), token);
  }

  lookup({ text, position }) {
    if (Object.hasOwn(CONSTANTS, text)) return CONSTANTS[text];
    for (let scope = this.scope; scope; scope = scope.outer) {
      if (scope.has(text)) return scope.get(text);
    }
    return new Unknown(text, position);
  }

  // (3) is a number, (3,) and (3, 3) are tuples.
  bracket(open) {
    const isEach = this.find("for") >= 0;
    const items = this.items(open);
    return items.length === 1 && !isEach && !this.at(",", -2) ? items[0] : items;
  }

  // Reads item by item up to the closing bracket.
  items(open, read = (found) => found.push(...this.spread())) {
    const close = CLOSING[open.kind];
    const found = [];
    if (this.find("for") >= 0) return this.each(close);
    while (!this.at(close)) {
      if (this.at("end")) this.unclosed(open);
      read(found);
      if (this.may(",") || this.at(close) || this.token.mayFollow) continue;
      if (this.at("end")) this.unclosed(open);
      const isSign = this.at("?");
      this.fail(isSign ? signMessage(this.token.text) : words.comma(close, this.said()));
    }
    this.take();
    return found;
  }

  unclosed(open) {
    const problem = new Problem(words.bracket, open.position);
    problem.isOpen = true; // the reader may still be typing
    throw problem;
  }

  // *layers are its items.
  spread() {
    const star = this.may("*");
    const value = this.value();
    return star ? this.list(value, star) : [value];
  }

  list(value, at) {
    if (Array.isArray(value)) return value;
    if (value instanceof Map) return [...value.keys()];
    if (value instanceof Call && value.name === "Sequential") return childrenOf(value);
    if (typeof value === "string") return [...value];
    this.known(value);
    return this.fail(words.star, at);
  }

  // [f(x) for x in values if x > 1]
  each(close) {
    const start = this.index;
    const found = [];
    this.index = this.find("for");
    const loop = () => {
      this.must("for");
      const set = this.targets();
      this.must("in");
      const values = this.list(this.level(0), this.token);
      const next = this.index;
      const run = (value) => {
        this.step();
        set(value);
        this.index = next;
        while (this.may("if")) {
          if (!truth(this.known(this.level(0)))) return this.pass(close);
        }
        if (this.at("for")) return loop();
        const end = this.index;
        this.index = start;
        found.push(this.value());
        this.index = end;
        return null;
      };
      values.forEach(run);
      if (!values.length) this.pass(close);
    };
    loop();
    this.must(close);
    return found;
  }

  // Go on to this sign, or to the end of the statement.
  pass(kind) {
    let depth = 0;
    while (!this.at("end") && (depth || !this.at(kind))) {
      const token = this.take();
      if (token.kind in CLOSING) depth++;
      if (")]}".includes(token.kind)) depth--;
    }
  }

  // {"a": 1}; {1, 2} is a list here.
  map(open) {
    const found = new Map();
    const read = () => {
      const key = this.value();
      found.set(key, this.may(":") ? this.value() : key);
    };
    this.items(open, read);
    return found;
  }

  element(value, open) {
    const parts = [];
    const isSlice = this.find(":") >= 0;
    while (!this.at("]")) {
      if (this.at("end")) this.unclosed(open);
      if (this.may(",")) continue;
      parts.push(this.at(":") ? null : this.value());
      if (!this.may(":") && !this.at(",") && !this.at("]")) this.must("]");
    }
    this.take();
    const [key, stop] = parts;
    if (isShape(value) && key === 0) return BATCH;
    const shape = value instanceof Call ? childrenOf(value) : value;
    const isList = Array.isArray(shape) || typeof shape === "string";
    if (isSlice && isList) {
      const part = shape.slice(key ?? 0, stop ?? undefined);
      return value instanceof Call ? new Call("Sequential", value.position, part) : part;
    }
    if (key instanceof Unknown) return key;
    const found = isList ? shape.at(key) : value instanceof Map ? value.get(key) : undefined;
    if (found !== undefined) return found;
    return value instanceof Unknown ? value : new Unknown("[…]", open.position, true);
  }

  call(callee, start) {
    const values = [];
    const named = new Map();
    const open = this.take();
    const isEach = this.find("for") >= 0;
    const found = this.items(open, () => {
      if (this.may("**")) {
        const more = this.value();
        if (!(more instanceof Map)) this.known(more);
        for (const [key, value] of more) named.set(key, value);
      } else if (this.at("name") && this.at("=", 1)) {
        const key = this.take();
        this.take();
        if (named.has(key.text)) this.fail(words.twice(key.text), key);
        named.set(key.text, this.value());
      } else {
        const isStar = this.at("*");
        if (named.size && !isStar) this.fail(words.unnamed);
        values.push(...this.spread());
      }
    });
    if (isEach) values.push(found);
    return this.apply(callee, values, named, start);
  }

  // Without statements there are only layers.
  apply(callee, values, named, { position }) {
    const path = callee.path?.replace(/^torch\./, "");
    if (!LAYER.test(path)) return new Unknown(callee.path ?? words.result, position, true);
    return new Call(path.replace("nn.", ""), position, values, named);
  }

  attribute(value, name, { position }) {
    if (value instanceof Unknown && value.isCall) return value;
    if (value instanceof Unknown) return new Unknown(`${value.path}.${name}`, position);
    return new Method(value, name, position);
  }

  // What is assigned to: a function that does it.
  targets() {
    const found = [this.target()];
    let isList = false;
    while (this.may(",")) {
      isList = true;
      if (!this.at("=") && !this.at("in") && !this.at(")")) found.push(this.target());
    }
    if (!isList) return found[0];
    return (values) => {
      const isKnown = Array.isArray(values);
      if (isKnown && values.length !== found.length) this.fail(words.unpack);
      found.forEach((set, i) =>
        set(isKnown ? values[i] : isShape(values) && !i ? BATCH : values));
    };
  }

  target() {
    if (this.may("(") || this.may("[")) {
      const set = this.targets();
      this.take();
      return set;
    }
    const { text } = this.must("name");
    return (value) => this.scope.set(text, value);
  }
}

// The layers of nn.Sequential, by whatever they are given.
export function childrenOf({ values }) {
  const [first] = values;
  return first instanceof Map ? [...first.values()] : values;
}

// What would make this known.
export function complaint({ path, isCall, wants }) {
  if (wants) return words.unknown(path, wants);
  if (LAYER.test(path)) return words.brackets(path);
  if (path.startsWith("self.")) return words.unknownSelf(path);
  if (isCall) return words.unknownCall(path);
  const [name, ...more] = path.split(".");
  return more.length ? words.unknownPart(path) : words.unknown(name);
}

// x.shape
function isShape(value) {
  const isOfFlow = value instanceof Method && value.owner instanceof Flow;
  return isOfFlow && /^(?:shape|size)$/.test(value.name);
}

function isNumber(value) {
  return typeof value === "number" || value instanceof Number;
}

export function signMessage(sign) {
  const isWide = /[\u3000-\u303f\uff01-\uff5e]/.test(sign);
  return words.sign(sign) + (isWide ? words.halfWidth : "");
}
