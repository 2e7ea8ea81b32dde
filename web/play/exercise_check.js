// Checks an answer as `check` does in a notebook, by the key that the notebook stored.
import { words } from "./exercise_words.js";

// Says it in the line, and keeps what is right on this device: what was said, and the
// answer. Without an answer it is forgotten.
export function answer(form, line) {
  const { key } = form.dataset;
  const fields = [...form.querySelectorAll("input, select")];
  const texts = fields.map(({ value }) => value.trim());
  const { right, said } = check(JSON.parse(key), texts);
  line.textContent = said;
  form.toggleAttribute("data-right", right);
  try {
    if (right) localStorage.setItem(key, [said, ...texts].join("\n"));
    if (said === words.open) localStorage.removeItem(key);
  } catch {
    // A browser may refuse to remember.
  }
}

// targets: of each field, the right number and the slips: [number, margin, fault].
export function check({ inputs, targets, why }, texts) {
  for (const [i, text] of texts.entries()) {
    const fault = text && findFault(text, targets[i]);
    if (fault) {
      const said = inputs ? words.at(inputs[i], text, targets[i][0][0], fault) : fault;
      return { right: false, said: words.wrong(said) };
    }
  }
  const right = !texts.includes("");
  return { right, said: right ? words.right(why) : words.open };
}

function findFault(text, targets) {
  const answer = numberIn(text, targets[0][1] > 0);
  if (Number.isNaN(answer)) return words.number(text);
  const [[right, exact]] = targets;
  const fits = Number.isInteger(answer) || exact > 0;
  const hits = ([number, margin]) => Math.abs(answer - number) <= margin;
  const hit = targets.slice(fits ? 0 : 1).find(hits);
  if (hit) return hit[2];
  if (!fits) return words.whole(text);
  return answer > right ? words.large : words.small;
}

// A number, or arithmetic with + - * / and brackets; NaN for what is neither. Blanks may
// part its digits, and commas by threes, unless one may mean a decimal point.
function numberIn(text, mayBeFraction) {
  const plain = text.replace(/[\s_'’]/g, "").replace(/[−–]/g, "-")
    .replace(/[×·]/g, "*").replace(/÷/g, "/");
  if (mayBeFraction && /^-?\d+,\d+$/.test(plain)) return NaN;
  const joined = plain.replace(/(?<![\d.,])[1-9]\d{0,2}(,\d{3})+(?![\d,])/g, (digits) =>
    digits.replaceAll(",", ""),
  );
  const parts = joined.match(/(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[^]/gi) ?? [];
  const found = sum();
  if (parts.length || !Number.isFinite(found)) return NaN;
  const whole = Math.round(found);
  return Math.abs(found - whole) < 1e-12 * Math.abs(whole) ? whole : found;

  // Each takes what it reads off the parts.
  function sum() {
    let value = product();
    while (/^[-+]$/.test(parts[0])) {
      value += parts.shift() === "+" ? product() : -product();
    }
    return value;
  }
  function product() {
    let value = factor();
    while (/^[*/]$/.test(parts[0])) {
      value = parts.shift() === "*" ? value * factor() : value / factor();
    }
    return value;
  }
  function factor() {
    const part = parts.shift();
    if (part === "-") return -factor();
    if (part === "+") return factor();
    if (part !== "(") return /\d/.test(part) ? Number(part) : NaN;
    const value = sum();
    return parts.shift() === ")" ? value : NaN;
  }
}
