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
  const answer = numberIn(text);
  if (Number.isNaN(answer)) return words.number(text);
  const [[right, exact]] = targets;
  const fits = Number.isInteger(answer) || exact > 0;
  const hits = ([number, margin]) => Math.abs(answer - number) <= margin;
  const hit = targets.slice(fits ? 0 : 1).find(hits);
  if (hit) return hit[2];
  if (!fits) return words.whole(text);
  return answer > right ? words.large : words.small;
}

// A number as in Python, or a fraction of two; blanks may part its digits.
function numberIn(text) {
  const plain = text.replace(/[\s_]/g, "").replace(/−/g, "-");
  return plain.split("/").map(Number).reduce((over, under) => over / under);
}
