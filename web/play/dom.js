// Small helpers for the live parts: elements, a calm status line, a state in the link.
const QUIET = 3000; // ms from one announcement to the next
const PAUSE = 500; // ms without a change before the link is written

// h("button", { class: "play-go", on: { click: go } }, "Go")
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  const { on = {}, ...plain } = attributes;
  for (const [name, value] of Object.entries(plain)) {
    if (typeof value === "boolean") element.toggleAttribute(name, value);
    else element.setAttribute(name, value);
  }
  for (const [event, listener] of Object.entries(on)) {
    element.addEventListener(event, listener);
  }
  element.append(...children);
  return element;
}

// The same for a drawing: svg("svg", { class: "play-chart" }, svg("path", { d }))
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const name in attributes) element.setAttribute(name, attributes[name]);
  element.append(...children);
  return element;
}

export function labelled(text, control) {
  return h("label", { class: "play-label" }, h("span", {}, text), control);
}

// A line that screen readers read out: seldom, but always the last text.
export function status() {
  const line = h("p", { class: "play-status", role: "status" });
  let last = -QUIET;
  let waiting;
  line.say = (text, now = false) => {
    const show = () => {
      last = performance.now();
      line.textContent = text;
    };
    clearTimeout(waiting);
    const wait = last + QUIET - performance.now();
    if (now || wait <= 0) show();
    else waiting = setTimeout(show, wait);
  };
  return line;
}

// A part's state in the link: #NAME:key=value&key=value, parts apart by ";".
export function state(name, defaults, onChange = () => {}) {
  const prefix = `${name}:`;
  let current = { ...defaults, ...read() };
  let waiting;

  function read() {
    const part = parts().find((text) => text.startsWith(prefix));
    return part === undefined ? null : decode(part.slice(prefix.length), defaults);
  }

  function write() {
    const changed = Object.entries(current).filter(([key, v]) => v !== defaults[key]);
    const others = parts().filter((part) => !part.startsWith(prefix));
    if (changed.length) others.push(prefix + new URLSearchParams(changed));
    const link = others.length ? `#${others.join(";")}` : location.pathname + location.search;
    history.replaceState(null, "", link);
  }

  addEventListener("hashchange", () => {
    const found = read();
    if (!found) return; // an ordinary anchor
    clearTimeout(waiting);
    current = { ...defaults, ...found };
    onChange(current);
  });
  return {
    get: () => ({ ...current }),
    // Browsers refuse many writes in a row, so the link follows after a pause.
    set(partial) {
      current = { ...current, ...partial };
      clearTimeout(waiting);
      waiting = setTimeout(write, PAUSE);
    },
  };
}

// What the link holds, a text for each part.
export function parts() {
  return location.hash.slice(1).split(";").filter((text) => text.includes(":"));
}

// Values of the kind that the defaults have; what is unknown or malformed is left out.
function decode(text, defaults) {
  const found = {};
  for (const [key, value] of new URLSearchParams(text)) {
    if (!Object.hasOwn(defaults, key)) continue;
    const kind = typeof defaults[key];
    if (kind === "string") found[key] = value;
    if (kind === "boolean") found[key] = value === "true";
    if (kind === "number" && value.trim() && Number.isFinite(Number(value))) {
      found[key] = Number(value);
    }
  }
  return found;
}

export function number(n) {
  return n.toLocaleString("en");
}

export function reducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
