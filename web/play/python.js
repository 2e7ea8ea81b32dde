// Reads what stands around a net: names, loops, functions and classes.
// It walks over the text with its own small rules; nothing of it is run by JavaScript.
import { BATCH, Flow, Method, Parser, Unknown, childrenOf } from "./expressions.js";
import { LEVELS, complaint, tokens } from "./expressions.js";
import { Call, Problem } from "./parse.js";
import { words } from "./python_words.js";
import { truth } from "./truth.js";

const DEEPEST = 40; // calls inside calls
const LAYERS_MOST = 500;
const MAKES_LAYERS = /\b(?:nn\s*\.\s*[A-Z](?!\w*Loss)\w*|Sequential|Linear|\w+2d)\s*\(/;
const KEEPS = /^(?:to|eval|train|cuda|cpu|float|half|double|contiguous|clone|detach|apply|requires_grad_|type|type_as)$/;
const USES = /^(?:for|print|if|while|try|assert|summary)$/; // of a net that is there
const NO_LAYER = /Loss|Load|Data|Tensor|Compose|Variable|Writer|Parameter|^[a-z]/;
const HARMLESS = /^(?:import|from|@|pass|assert|global|nonlocal|del)$/;
const SKIPS = /^(?:[-+*/%@&|^]|\*\*|\/\/)?=$/;
const NUMBER = (work) => (...values) => {
  const list = values.flat().map(Number);
  const result = work(...list);
  return values.flat().some((value) => typeof value === "object") ? Object(result) : result;
};
const range = (start, stop, step = 1) => {
  if (stop === undefined) return range(0, start);
  const length = Math.min(Math.max(Math.ceil((stop - start) / step), 0), 10000);
  return Array.from({ length }, (_, i) => start + i * step);
};
const plain = (values) => (values instanceof Map ? [...values.keys()] : [...(values ?? [])]);
const FUNCTIONS = {
  range,
  len: (list) => (list instanceof Call ? childrenOf(list).length : plain(list).length),
  list: plain,
  tuple: plain,
  reversed: (list) => plain(list).reverse(),
  enumerate: (list, start = 0) => plain(list).map((value, i) => [i + start, value]),
  zip: (...lists) => plain(lists[0]).slice(0, Math.min(...lists.map((list) => plain(list).length)))
    .map((_, i) => lists.map((list) => plain(list)[i])),
  OrderedDict: (pairs) => (pairs instanceof Map ? pairs : new Map(pairs)),
  int: (value) => Math.trunc(Number(value)),
  float: (value) => Object(Number(value)),
  str: (value) => String(value),
  max: NUMBER(Math.max),
  min: NUMBER(Math.min),
  abs: NUMBER(Math.abs),
  sum: NUMBER((...list) => list.reduce((a, b) => a + b, 0)),
};
FUNCTIONS["collections.OrderedDict"] = FUNCTIONS.OrderedDict;
const LISTS = /^(?:nn\.)?ModuleList$/;

class Func {
  constructor(parts) {
    Object.assign(this, parts);
  }
}

class Class {
  constructor(name, scope, bases, column) {
    Object.assign(this, { name, scope, bases, column });
  }

  get isModule() {
    return this.bases.some((one) => one.isModule ?? /Module|Sequential|Classifier/.test(one.path));
  }

  find(name) {
    if (this.scope.has(name)) return this.scope.get(name);
    const base = this.bases.find((one) => one instanceof Class && one.find(name));
    return base?.find(name);
  }
}

class Instance {
  scope = new Map();

  constructor(type, position) {
    Object.assign(this, { type, position });
  }
}

// The layers of the net in `text`, in order, and notes for the reader. Throws Problem.
export function read(text) {
  const program = new Program(text);
  try {
    const net = program.net();
    const { layers } = program.through(net, new Flow(), { position: 0 });
    program.findUnused(net, layers);
    return { layers, notes: program.notes(text) };
  } catch (error) {
    throw program.problemOf(error);
  }
}

class Program extends Parser {
  self = null;
  isDone = false; // a return was reached
  guess = ""; // a class without forward, of which one part is shown
  jump = "";
  calls = 0;
  found = []; // { value, rank, name, position } of what may be the net
  unused = []; // names of layers that no image passes
  left = []; // positions of statements that were left out
  problem = null;

  constructor(text) {
    super(tokens(text));
    this.text = text;
    this.isPrinted = this.tokens.some((token) => token.mayFollow);
    this.scope.set("__name__", "__main__");
    this.globals = this.scope;
  }

  // The net: the last of what is most like one.
  net() {
    while (!this.at("end")) this.statement(true);
    const best = Math.max(0, ...this.found.map(({ rank }) => rank));
    const nets = this.found.filter(({ rank, value }, i) =>
      rank === best && !this.found.slice(i + 1).some((other) => other.value === value));
    if (best) {
      this.several = best === 3 ? nets : nets.slice(-1);
      return nets.at(-1).value;
    }
    const made = this.define();
    if (made) return made;
    if (this.problem) throw this.problem;
    const [last] = this.tokens.slice(-2);
    if (this.lonely) this.known(this.lonely);
    throw new Problem(words.noNet, last.kind === "end" ? 0 : this.tokens[0].position);
  }

  // Without a net there may be a class or a function that makes one. If the last class
  // wants to be told something, a function may know it.
  define() {
    const all = [...this.globals.values()].reverse();
    const nets = all.filter((one) => one instanceof Class && one.find("forward"));
    // What another class calls is a part, wherever it stands.
    const isPart = ({ name }) =>
      this.tokens.some(({ text }, i) => text === name && this.tokens[i + 1].kind === "(" &&
        this.tokens[i - 1]?.text !== "class");
    const type = nets.find((one) => !isPart(one)) ?? nets[0]
      ?? all.find((one) => one instanceof Class && one.isModule);
    const isFree = ({ parameters }) => parameters.every((one) => one.standard || one.star);
    const init = type?.find("__init__");
    const makers = all.filter((one) => one instanceof Func && isFree(one));
    const wants = init && init.parameters.slice(1).some((one) => !one.standard && !one.star);
    const last = all.find((one) => one instanceof Func);
    const ways = [...(wants ? makers : []), type, ...(type ? [] : [...makers, last])];
    for (const way of ways.filter(Boolean)) {
      try {
        const value = this.apply(way, [], new Map(), way);
        if (this.rank(value)) return value;
      } catch (problem) {
        if (way === type || !type) throw problem;
        Object.assign(this, { calls: 0, depth: 0, scope: this.globals });
      }
    }
    return null;
  }

  notes(text) {
    const lines = [...new Set(this.left)].map((position) => text.slice(0, position).split("\n").length);
    const names = this.several ?? [];
    const curly = /^\w*[‘’“”]|[‘’“”]$/;
    const isCurly = ({ kind, text: { length }, position }) =>
      kind === "string" && curly.test(text.slice(position, position + length));
    return [
      this.tokens.some(isCurly) && words.notes.quotes,
      text.includes("\xa0") && words.notes.spaces,
      this.isPrinted && words.notes.printed,
      names.length > 1 && words.notes.several(names.length, names.at(-1).name),
      this.guess && words.notes.noForward(this.guess),
      this.unused.length && words.notes.unused(this.unused),
      lines.length && words.notes.left(lines),
    ].filter(Boolean);
  }

  findUnused(net, layers) {
    if (!(net instanceof Instance) || this.guess) return;
    const inside = (one) => {
      if (one instanceof Instance) return [...one.scope.values(), ...(one.children ?? [])];
      return one instanceof Call ? childrenOf(one) : Array.isArray(one) ? one : [];
    };
    const isPassed = (one) => layers.includes(one) || inside(one).some(isPassed);
    for (const [name, value] of net.scope) {
      const isLayer = value instanceof Call && !NO_LAYER.test(value.name);
      if (isLayer && !isPassed(value)) this.unused.push(`self.${name}`);
    }
  }

  rank(value) {
    if (value instanceof Instance || value instanceof Flow) return 3;
    if (Array.isArray(value)) {
      return value.length && value.every((one) => this.rank(one) && !Array.isArray(one)) ? 2 : 0;
    }
    if (!(value instanceof Call)) return 0;
    return value.name === "Sequential" ? 3 : NO_LAYER.test(value.name) ? 0 : 1;
  }

  note(value, name, position) {
    const rank = this.rank(value);
    if (rank) this.found.push({ value, rank, name, position });
  }

  statement(isTop = false) {
    this.step();
    const start = this.index;
    const { column } = this.token;
    const { scope } = this;
    try {
      this.read(isTop);
    } catch (error) {
      const problem = this.problemOf(error);
      this.index = start;
      Object.assign(this, { scope, depth: 0 });
      this.skip(column);
      // What makes no layer may be left out; what it would have set is not known then.
      const isUse = USES.test(this.tokens[start].text) && this.found.length;
      if (this.calls || (MAKES_LAYERS.test(this.textFrom(start)) && !isUse)) throw problem;
      this.problem ??= problem;
      this.left.push(this.tokens[start].position);
      this.forget(start);
    }
  }

  // What is done to a value of the wrong kind, Python and JavaScript both refuse.
  problemOf(error) {
    if (error instanceof Problem) return error;
    const isWrongKind = error instanceof TypeError || error instanceof RangeError;
    if (!isWrongKind) throw error;
    return new Problem(words.wrongKind, this.token.position);
  }

  // Over a statement and the block under it.
  skip(column) {
    this.pass("line");
    this.may("line");
    while (!this.at("end") && this.token.column > column) {
      this.pass("line");
      this.may("line");
    }
  }

  read(isTop) {
    const { kind, text, column } = this.token;
    if (kind === "line" || kind === ";") return this.take();
    const word = kind === "name" && !this.at(".", 1) && !this.at("=", 1) && text;
    if (word === "def") return this.function();
    if (word === "class") return this.class();
    if (kind === "for") return this.for(column);
    if (kind === "if") return this.if(column, isTop);
    if (word === "return") return this.return(isTop);
    if (word === "break" || word === "continue") return (this.jump = this.take().text);
    if (HARMLESS.test(kind === "@" ? kind : word)) {
      while (!this.at("line") && !this.at(";") && !this.at("end")) this.take();
      return null;
    }
    if (word === "with") {
      this.index = Math.max(this.find(":"), this.index);
      this.must(":");
      return this.block(column, true, isTop);
    }
    if (/^(?:while|try|except|finally|elif|raise|async|yield|match)$/.test(word) && !this.at("(", 1)) {
      return this.fail(words.statement(word));
    }
    if (kind === "else") return this.fail(words.statement(kind));
    return this.simple(isTop);
  }

  simple(isTop) {
    const { token, index } = this;
    const isAugmented = this.find("+=", "-=", "*=", "/=", "//=") >= 0;
    let equals = this.find("=");
    const colon = this.find(":");
    if (isAugmented || equals >= 0 || colon >= 0) {
      const sets = [];
      let value;
      if (isAugmented) {
        value = this.trailed();
        const sign = this.take();
        const more = this.tuple();
        const kind = sign.text.slice(0, -1);
        const level = "+-".includes(kind) ? 3 : 4;
        const sums = { ...LEVELS[3], ...LEVELS[4] };
        // += puts more into the same list.
        if (kind === "+" && Array.isArray(value) && Array.isArray(more)) value.push(...more);
        else value = this.compute(sums[kind], sign, value, more, level);
        this.elsewhere(index, () => sets.push(this.targets()));
      } else {
        while ((equals = this.find("=", ":")) >= 0) {
          sets.push(this.targets());
          if (this.may(":")) {
            equals = this.find("=");
            if (equals < 0) return this.pass("line"); // x: int
            this.index = equals;
          }
          this.must("=");
        }
        value = this.tuple();
      }
      this.end();
      sets.forEach((set) => set(value));
      const { text } = token.text === "self" ? this.tokens[index + 2] : token;
      if (isTop) this.note(value, text, token.position);
      return null;
    }
    const value = this.tuple();
    this.end();
    if (isTop) this.loose(value, token);
    return null;
  }

  // Layers that stand below one another are a net, too.
  loose(value, token) {
    const layers = (Array.isArray(value) ? value : [value]).filter((one) => this.rank(one));
    if (layers.length && Array.isArray(value)) value.forEach((one) => this.known(one));
    if (layers.length && layers.every((one) => one instanceof Call && !/[a-z]/.test(one.name[0]))) {
      if (this.stack && value.name !== "Sequential") this.stack.push(...layers);
      else {
        this.stack = value.name === "Sequential" ? null : layers;
        this.note(this.stack ?? value, token.text, token.position);
      }
    } else this.note(value, token.text, token.position);
    if (value instanceof Unknown) this.lonely = value;
  }

  // 3, 4
  tuple() {
    const first = this.spread();
    if (!this.at(",")) return first[0];
    while (this.may(",")) {
      if (this.at("line") || this.at(";") || this.at("end")) break;
      first.push(...this.spread());
    }
    return first;
  }

  end() {
    if (this.at("line") || this.at(";") || this.at("end")) return;
    if (this.at("?")) this.known(null, this.fail(words.sign(this.token.text)));
    this.fail(words.more(this.token.text));
  }

  if(column, isTop) {
    this.take();
    const isSo = this.value();
    if (isSo instanceof Unknown || isSo instanceof Method) return this.unsure(column, isSo);
    let runs = truth(isSo);
    this.must(":");
    this.block(column, runs, isTop);
    while (this.token.column === column && (this.at("else") || this.token.text === "elif")) {
      const isElse = this.take().kind === "else";
      const next = !runs && (isElse || truth(this.known(this.value())));
      if (runs && !isElse) this.index = this.find(":");
      this.must(":");
      this.block(column, next, isTop);
      runs ||= next;
    }
    return null;
  }

  // Neither way is taken, so what it sets is not known, and it may make no layer.
  unsure(column, value) {
    const start = this.index;
    do this.skip(column); while (
      this.token.column === column && (this.at("else") || this.token.text === "elif"));
    const text = this.textFrom(start);
    if ((this.calls && /\breturn\b/.test(text)) || MAKES_LAYERS.test(text)) this.known(value);
    this.forget(start, value);
  }

  textFrom(start) {
    return this.text.slice(this.tokens[start].position, this.token.position);
  }

  forget(start, why) {
    for (let i = start; i < this.index; i++) {
      const { kind, text: name, position } = this.tokens[i];
      if (kind === "name" && SKIPS.test(this.tokens[i + 1].kind)) {
        this.scope.set(name, why ?? new Unknown(name, position));
      }
    }
  }

  for(column) {
    this.take();
    const set = this.targets();
    this.must("in");
    const values = this.tuple();
    if (values instanceof Unknown || values instanceof Method) return this.unsure(column, values);
    const items = this.list(values, this.token);
    this.must(":");
    const body = this.index;
    for (const item of [...items]) {
      this.step();
      this.index = body;
      set(item);
      this.block(column);
      if (this.isDone || this.jump === "break") break;
      this.jump = "";
    }
    this.jump = "";
    this.index = body;
    return this.block(column, false);
  }

  // The statements that stand further to the right, or behind the colon.
  block(column, runs = true, isTop = false) {
    const goesOn = () => runs && !this.isDone && !this.jump;
    if (!this.at("line")) {
      if (goesOn()) this.statement(isTop);
      return this.pass("line");
    }
    this.take();
    while (!this.at("end") && this.token.column > column) {
      if (goesOn()) this.statement(isTop);
      else this.skip(this.token.column);
    }
    return null;
  }

  function() {
    const { column } = this.take();
    const name = this.must("name");
    const parameters = [];
    this.items(this.must("("), () => {
      const star = this.may("*") || this.may("**");
      if (star && (this.at(",") || this.at(")"))) return;
      if (this.may("/")) return;
      const parameter = { name: this.must("name").text, star: star?.text };
      const next = this.find(",", "=");
      if (this.may(":")) {
        if (next >= 0) this.index = next;
        else this.pass(")");
      }
      if (this.may("=")) {
        parameter.standard = this.index;
        this.value();
      }
      parameters.push(parameter);
    });
    if (this.may("->")) this.index = this.find(":");
    this.must(":");
    const outer = this.scope.isClass ? this.scope.outer : this.scope;
    const type = this.scope.isClass;
    const { text, position } = name;
    const made = new Func({ name: text, parameters, body: this.index, column, outer, type });
    made.position = position;
    this.scope.set(name.text, made);
    this.block(column, false);
  }

  class() {
    const { column } = this.take();
    const name = this.must("name");
    const bases = this.at("(") ? this.items(this.take(), (found) => {
      if (this.at("=", 1)) this.index += 2;
      found.push(this.value());
    }) : [];
    this.must(":");
    const scope = new Map();
    const type = new Class(name.text, scope, bases, column);
    Object.assign(type, { position: name.position });
    this.within(Object.assign(scope, { outer: this.scope, isClass: type }), () => this.block(column));
    this.scope.set(name.text, type);
  }

  within(scope, work) {
    const before = this.scope;
    this.scope = scope;
    work();
    this.scope = before;
  }

  return(isTop) {
    const { position } = this.take();
    const isEmpty = this.at("line") || this.at(";") || this.at("end");
    const value = isEmpty ? null : this.tuple();
    this.end();
    if (isTop) return this.note(value, "return", position);
    this.result = value;
    this.isDone = true;
    return null;
  }

  run(made, values, named, self) {
    if (++this.calls > DEEPEST) this.fail(words.tooDeep);
    const { scope, index, depth, self: before } = this;
    this.self = self ? { self, type: made.type } : null;
    this.scope = Object.assign(new Map(), { outer: made.outer });
    this.depth = 0;
    const given = self ? [self, ...values] : [...values];
    const rest = new Map(named);
    for (const { name, star, standard } of made.parameters) {
      if (star === "*") this.scope.set(name, given.splice(0));
      else if (star) this.scope.set(name, new Map(rest)) && rest.clear();
      else if (given.length) this.scope.set(name, given.shift());
      else if (rest.has(name)) this.scope.set(name, rest.get(name)) && rest.delete(name);
      else if (standard) this.scope.set(name, this.elsewhere(standard, () => this.value()));
      else this.lack(made, name);
    }
    const [extra] = rest.keys();
    this.index = index;
    if (extra) this.fail(words.noArgument(made.name, extra));
    this.index = made.body;
    this.block(made.column);
    const { result = null } = this;
    Object.assign(this, { scope, index, depth, self: before, isDone: false, result: undefined });
    this.calls--;
    return result;
  }

  // An argument that nobody gives, unless a name above the net is meant.
  lack(made, name) {
    const found = this.lookup({ text: name, position: made.position });
    if (!(found instanceof Unknown)) return;
    const wanted = made.parameters.filter((one) => one.name !== "self" && !one.standard && !one.star);
    const callee = made.name === "__init__" ? made.type.name : made.name;
    found.wants = words.wants(callee, wanted.map((one) => one.name));
    this.scope.set(name, found);
  }

  apply(callee, values, named, start) {
    this.step();
    if (callee instanceof Func) return this.run(callee, values, named, callee.bound);
    if (callee instanceof Class) return this.make(callee, values, named, start);
    if (callee instanceof Method) return this.method(callee, values, named, start);
    const isLayer = callee instanceof Call || callee instanceof Instance;
    const [first] = values;
    const isNoFlow = first instanceof Unknown || (first instanceof Call && NO_LAYER.test(first.name));
    if (isLayer && isNoFlow) return first;
    if (isLayer && first instanceof Flow) return this.through(callee, first, start);
    if (callee instanceof Instance) return callee;
    if (isLayer) this.fail(words.notImage, start);
    if (!(callee instanceof Unknown)) return new Unknown(start.text, start.position, true);
    const isAlias = start.text !== callee.path.split(".")[0]; // block = what is not known
    if (isAlias && !callee.path.startsWith("nn.") && start.kind) return callee;
    if (callee.path === "isinstance") return this.isInstance(...values);
    const path = callee.path?.replace(/^torch\.(?=nn\.)/, "") ?? "";
    if (first instanceof Flow) return this.functional(path, values, named, start);
    if (path === "super") return new Method(this.self, "super", start.position);
    if (LISTS.test(path)) return first ? [...this.list(first, start)] : [];
    if (path === "dict") return new Map([...(first ?? []), ...named]);
    const ODD = [Unknown, Method, Instance];
    const isPlain = (value) => !ODD.some((kind) => value instanceof kind);
    const isLayerIn = values.some((one) => one instanceof Call && one.name !== "Sequential");
    const unknown = values.flat().find((value) => value instanceof Unknown);
    if (Object.hasOwn(FUNCTIONS, path) && unknown) return unknown;
    if (path.endsWith("is_available")) return false;
    if (!(first instanceof Flow) && values.flat(2).some((one) => one instanceof Flow)) {
      this.fail(words.fork, start);
    }
    if (Object.hasOwn(FUNCTIONS, path) && values.flat().every(isPlain) && !isLayerIn) {
      return FUNCTIONS[path](...values);
    }
    const made = super.apply(callee, values, named, start);
    // In its printed form a net has the name of its class.
    const isNet = this.isPrinted && values.length && values.every((one) => one instanceof Call);
    if (isNet) made.name = "Sequential";
    return made;
  }

  isInstance(value, type) {
    const kinds = { int: Number.isInteger, str: (one) => typeof one === "string" };
    kinds.list = kinds.tuple = Array.isArray;
    const isKnown = type instanceof Unknown && Object.hasOwn(kinds, type.path);
    if (value instanceof Unknown || !isKnown) return new Unknown("isinstance", this.token.position, true);
    return kinds[type.path](value);
  }

  make(type, values, named, { position }) {
    const made = new Instance(type, position);
    const init = type.find("__init__");
    const slip = !init && [...type.scope.keys()].find((name) => /^_+in[it]{1,3}_*$|^init$/.test(name));
    if (slip) this.fail(words.init(slip), type.scope.get(slip));
    if (init) this.run(init, values, named, made);
    else if (values.length) made.children = values;
    return made;
  }

  // What `layer` adds to the way of the image.
  through(layer, flow, start) {
    this.step();
    const go = (layers) => layers.reduce((way, one) => this.through(one, way, start), flow);
    if (layer instanceof Flow) return new Flow([...flow.layers, ...layer.layers]);
    if (Array.isArray(layer) && start.position === 0 && !flow.layers.length) return go(layer);
    if (Array.isArray(layer)) this.fail(words.list, start);
    if (layer instanceof Instance) return this.forward(layer, flow, start);
    if (!(layer instanceof Call)) {
      this.known(layer);
      this.fail(words.nothingLayer, start);
    }
    if (layer.name !== "Sequential") {
      if (flow.layers.length >= LAYERS_MOST) this.fail(words.tooMany(LAYERS_MOST), start);
      return new Flow([...flow.layers, layer]);
    }
    const place = { position: layer.position };
    const layers = [...childrenOf(layer), ...layer.named.keys()];
    return layers.reduce((way, one) => {
      if (Array.isArray(one)) this.fail(words.list, place);
      return this.through(one, way, place);
    }, flow);
  }

  forward(net, flow, start) {
    const forward = net.type.find("forward");
    if (forward) {
      const out = this.run(forward, [flow], new Map(), net);
      if (out instanceof Flow) return out;
      this.known(out);
      return this.fail(words.results, { position: forward.position });
    }
    const nets = [...net.scope.values()].filter((value) => this.rank(value) === 3);
    if (net.children) return net.children.reduce((way, one) => this.through(one, way, start), flow);
    if (nets.length !== 1) this.fail(words.noForward(net.type.name), net.type);
    this.guess = net.type.name;
    return this.through(nets[0], flow, start);
  }

  // F.relu(x), torch.flatten(x, 1)
  functional(path, [flow, ...values], named, { position }) {
    const name = path.split(".").at(-1);
    if (/^(?:cat|concat|add|mul|stack|matmul|chunk|split)$/.test(name)) this.fail(words.fork, { position });
    for (const key of ["training", "name"]) named.delete(key);
    if (name === "flatten" && !values.length && !named.has("start_dim")) values.push(0);
    if (/dropout/.test(name)) values.splice(1);
    const isKnown = !/^[A-Z]/.test(name) && /^(?:torch|F|nn\.functional|functional|x)\b/.test(path);
    if (!isKnown && !/^\w+$/.test(path)) this.fail(complaint({ path, isCall: true }), { position });
    const layer = new Call(name, position, values, named);
    layer.isFunction = true;
    return new Flow([...flow.layers, layer]);
  }

  method({ owner, name, position }, values, named, start) {
    const [first] = values;
    if (name === "super") return owner;
    if (owner?.type && owner.self) return this.parent(owner, name, values, named);
    if (owner instanceof Flow) {
      if (KEEPS.test(name)) return owner;
      if (name === "size" && !values.length) return new Method(owner, "shape", position);
      if (name === "size") return first === 0 ? BATCH : new Unknown("size", position, true);
      return this.functional(`x.${name}`, [owner, ...values], named, start);
    }
    const list = Array.isArray(owner) ? owner : owner instanceof Call && owner.name === "Sequential" ? owner.values : null;
    if (/^(?:children|modules)$/.test(name) && (owner instanceof Instance || owner instanceof Call)) {
      return owner instanceof Call ? childrenOf(owner) : [...owner.scope.values()].filter((one) => this.rank(one));
    }
    if (owner instanceof Instance && name === "add_module") return this.keep(owner, first, values[1]);
    if (list && name === "append") list.push(first);
    else if (list && name === "extend") list.push(...this.list(first, start));
    else if (list && name === "add_module") list.push(values[1]);
    else if (list && name === "insert") list.splice(first, 0, values[1]);
    else if (Array.isArray(owner) && name === "pop") return owner.splice(first ?? -1, 1)[0] ?? null;
    else if (owner instanceof Map && /^(?:items|keys|values)$/.test(name)) {
      return [...(name === "items" ? owner : name === "keys" ? owner.keys() : owner.values())];
    } else if (/^(?:pop|remove|clear|reverse|register_module|update)$/.test(name)) {
      this.fail(words.method(name), { position });
    } else if (!KEEPS.test(name)) {
      return new Unknown(`${start.text ?? ""}.${name}`, position, true);
    }
    return /^(?:append|extend|add_module|insert)$/.test(name) && Array.isArray(owner) ? null : owner;
  }

  list(value, at) {
    return value instanceof Instance && value.children ? value.children : super.list(value, at);
  }

  keep(owner, name, value) {
    owner.scope.set(name, value);
    if (owner.type.bases.some((base) => /Sequential$/.test(base.path))) (owner.children ??= []).push(value);
    return null;
  }

  // super().__init__(...)
  parent({ self, type }, name, values, named) {
    const base = type?.bases.find((one) => one instanceof Class && one.find(name));
    if (base) return this.run(base.find(name), values, named, self);
    const [path = ""] = (type?.bases ?? []).map((one) => one.path ?? "");
    if (name === "__init__" && values.some((value) => this.rank(value))) self.children = values;
    else if (name === "__init__" && values.length && /^(?:torch\.)?nn\.(?!Module|Sequential)/.test(path)) {
      self.children = [new Call(path.replace(/^.*\./, ""), self.position, values, named)];
    }
    if (name === "forward") {
      return (self.children ?? []).reduce((way, one) => this.through(one, way, self), values[0]);
    }
    return null;
  }

  attribute(value, name, start) {
    if (value instanceof Instance) {
      if (value.scope.has(name)) return value.scope.get(name);
      if (name === "training") return false;
      const found = value.type.find(name);
      if (found instanceof Func) return new Bound(value, found);
      if (found !== undefined) return found;
      if (KEEPS.test(name) || /^(?:add_module|children|modules)$/.test(name)) return new Method(value, name, start.position);
      return new Unknown(`self.${name}`, start.position);
    }
    if (value instanceof Class) return value.find(name) ?? new Unknown(value.name, start.position);
    const own = `${value.path}.${name}`; // self.net without its class
    if (value instanceof Unknown && this.globals.has(own)) return this.globals.get(own);
    if (value instanceof Method && value.name === "super") return new Method(value.owner, name, start.position);
    return super.attribute(value, name, start);
  }

  // net.fc = ..., net[0] = ...
  target() {
    const start = this.index;
    if (!this.at("name") || !(this.at(".", 1) || this.at("[", 1))) return super.target();
    // self.x.y = ...: all but the last are read.
    let owner = this.lookup(this.take());
    for (;;) {
      if (this.at("[")) {
        const list = owner instanceof Call ? childrenOf(owner) : owner;
        const isSlice = this.elsewhere(this.index + 1, () => this.find(":", ",")) >= 0;
        if (isSlice || !(Array.isArray(list) || list instanceof Map)) this.take();
        if (isSlice || this.at("]", -1)) return this.fail(words.method("[…] ="));
        if (!(Array.isArray(list) || list instanceof Map)) {
          this.pass("]");
          this.must("]");
          return () => null;
        }
        const [key] = this.items(this.take());
        if (this.at(".") || this.at("[")) owner = Array.isArray(list) ? list.at(key) : list.get(key);
        else return (value) => (Array.isArray(list) ? list.splice(key, 1, value) : list.set(key, value));
        continue;
      }
      this.must(".");
      const key = this.must("name");
      if (!this.at(".") && !this.at("[")) {
        const base = this.tokens[start].text;
        return (value) => {
          if (owner instanceof Instance) owner.scope.set(key.text, value);
          else if (!(owner instanceof Unknown)) this.fail(words.method(key.text), key);
          else this.globals.set(`${base}.${key.text}`, value);
        };
      }
      owner = this.attribute(owner, key.text, key);
    }
  }
}

class Bound extends Func {
  constructor(self, made) {
    super({ ...made, bound: self });
  }
}
