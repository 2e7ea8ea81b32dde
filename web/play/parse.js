// Reads a net that is written in Python: text in, a tree of calls out; nothing is run.
const LONGEST = 20000; // characters
const DEEPEST = 50; // brackets inside brackets
const TOKENS = Object.entries({
  space: /(?:[ \t\r\n\f]|#.*)+/y,
  number: /\.?\d(?:e[-+]|[\w.])*/iy,
  name: /[a-z_]\w*(?:\.[a-z_]\w*)*/iy,
  string: /'[^'\\\n]*'|"[^"\\\n]*"/y,
  sign: /\*\*|\/\/|[-+*()[\],=]/y,
});
const INTEGER = /^(?:0|[1-9](?:_?\d)*)$/;
const FLOAT = /^(?=.*[.e])\d*\.?\d*(?:e[-+]?\d+)?$/i;
const CONSTANTS = new Map([["True", true], ["False", false], ["None", null]]);
const SUMS = { "+": (a, b) => a + b, "-": (a, b) => a - b };
const PRODUCTS = { "*": (a, b) => a * b, "//": (a, b) => Math.floor(a / b) };

// What is wrong, where (in characters from the start), and PyTorch's words for it.
export class Problem extends Error {
  constructor(message, position, torch = "") {
    super(message);
    Object.assign(this, { position, torch });
  }
}

// nn.Conv2d(1, 6, kernel_size=5) has two values and a named one.
export class Call {
  constructor(name, position) {
    this.name = name.replace(/^(?:torch\.)?nn\./, "");
    this.position = position;
    this.values = [];
    this.named = new Map();
  }
}

// The value of a text such as "net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))":
// a Call, number, string, true, false, null, or an array of these. Throws Problem.
export function parse(text) {
  if (text.length > LONGEST) throw new Problem("the text is too long", LONGEST);
  const parser = new Parser(tokens(text));
  if (parser.isNamed()) parser.index += 2; // net =
  const value = parser.sum();
  if (!parser.at("end")) parser.fail("only the net itself is read, and this is more");
  return value;
}

function tokens(text) {
  const found = [];
  let position = 0;
  while (position < text.length) {
    const token = tokenAt(text, position);
    if (token.kind !== "space") found.push(token);
    position += token.text.length;
  }
  return [...found, { kind: "end", text: "the end", position }];
}

function tokenAt(text, position) {
  for (const [kind, pattern] of TOKENS) {
    pattern.lastIndex = position;
    const [word] = pattern.exec(text) ?? [];
    if (word) return { kind: kind === "sign" ? word : kind, text: word, position };
  }
  const sign = String.fromCodePoint(text.codePointAt(position));
  const hint = /[\u3000-\u303f\uff01-\uff5e]/.test(sign) ? ": type it half-width" : "";
  throw new Problem(`“${sign}” is not read here${hint}`, position);
}

class Parser {
  index = 0;
  depth = 0;

  constructor(tokens) {
    this.tokens = tokens;
  }

  fail(message, { position } = this.tokens[this.index]) {
    throw new Problem(message, position);
  }

  at(kind, ahead = 0) {
    return this.tokens[this.index + ahead]?.kind === kind;
  }

  take() {
    return this.tokens[this.index++];
  }

  isNamed() {
    return this.at("name") && this.at("=", 1);
  }

  sum() {
    return this.chain(SUMS, () => this.chain(PRODUCTS, () => this.signed()));
  }

  chain(operators, read) {
    let left = read();
    while (Object.hasOwn(operators, this.tokens[this.index].kind)) {
      const sign = this.take();
      left = this.compute(operators[sign.kind], sign, left, read());
    }
    return left;
  }

  compute(operator, sign, left, right) {
    const result = operator(left, right);
    if (typeof left === "number" && typeof right === "number" && isFinite(result)) {
      return result;
    }
    return this.fail(`“${sign.text}” wants whole numbers`, sign);
  }

  signed() {
    if (++this.depth > DEEPEST) this.fail("this is nested too deeply");
    const sign = this.take();
    const value = Object.hasOwn(SUMS, sign.kind)
      ? this.compute(SUMS[sign.kind], sign, 0, this.signed())
      : this.atom(sign);
    this.depth--;
    return value;
  }

  atom(token) {
    const { kind, text } = token;
    if (kind === "name") return this.at("(") ? this.call(token) : this.constant(token);
    if (kind === "string") return text.slice(1, -1);
    if (kind === "[") return this.items(token, "]");
    if (kind === "(") return this.bracket(token);
    if (kind !== "number") this.fail(`a value is wanted, not ${text}`, token);
    const value = Number(text.replaceAll("_", ""));
    if (INTEGER.test(text) && Number.isSafeInteger(value)) return value;
    // To PyTorch 2.0 is not 2; a Number object is neither to typeof nor to ===.
    return FLOAT.test(text) ? Object(value) : this.fail(`what is ${text}?`, token);
  }

  constant(token) {
    const { text } = token;
    if (CONSTANTS.has(text)) return CONSTANTS.get(text);
    if (/nn\./.test(text)) this.fail(`${text} needs its brackets: ${text}()`, token);
    return this.fail(`${text} is not known here: write numbers and layers only`, token);
  }

  // (3) is a number, (3,) and (3, 3) are tuples.
  bracket(open) {
    const items = this.items(open, ")");
    return items.length === 1 && !this.at(",", -2) ? items[0] : items;
  }

  call({ text, position }) {
    const call = new Call(text, position);
    this.items(this.take(), ")", () => this.argument(call));
    return call;
  }

  argument({ values, named }) {
    if (this.isNamed()) {
      const key = this.take();
      this.take();
      if (named.has(key.text)) this.fail(`${key.text} is given twice`, key);
      named.set(key.text, this.sum());
    } else {
      if (named.size) this.fail("a value without a name follows a named one");
      values.push(this.sum());
    }
  }

  // Reads item by item up to the closing bracket.
  items(open, close, read = () => this.sum()) {
    const found = [];
    while (!this.at(close)) {
      if (this.at("end")) this.fail("this bracket is never closed", open);
      found.push(read());
      if (this.at(",")) this.take();
      else if (!this.at(close) && !this.at("end")) {
        const { text } = this.tokens[this.index];
        this.fail(`a comma or ${close} is missing before ${text}`);
      }
    }
    this.take();
    return found;
  }
}
