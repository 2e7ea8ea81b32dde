// The race: two LeNets train side by side. Here the reader's guess; the rest comes after.
import { h, state, status } from "./dom.js";
import { loadData } from "./host.js";
import { newWorker } from "./new_worker.js";
import { first, netOf } from "./race_nets.js";
import { words } from "./race_words.js";
import { recipe } from "./recipe.js";

// data-images of the figure: after so many a training stops by itself.
export function widget(figure) {
  const limit = Number(figure.dataset.images ?? 12000);
  const line = status();
  const part = h("div", { class: "race" });
  const nets = h("p");
  const link = state("race", first, say);
  const buttons = Object.entries(words.guesses).map(([guess, text]) => makeButton(guess, text));
  const other = makeButton(null, words.other);
  part.append(
    nets,
    h("p", {}, words.ask(recipe.target)),
    h("div", { class: "race-buttons" }, ...buttons, other),
    line,
  );
  figure.querySelector("figcaption").before(part);
  say();

  function say() {
    const { A, B } = link.get();
    nets.textContent = words.invite(
      words.nets(words.net(netOf(A, "A")), words.net(netOf(B, "B"))),
    );
  }

  function makeButton(guess, text) {
    return h("button", { type: "button", on: { click: () => open(guess) } }, text);
  }

  async function open(guess) {
    const all = [...buttons, other];
    all.forEach((button) => (button.disabled = true));
    line.say(words.loading, true);
    try {
      const names = ["race", "race_record", "fashion"];
      const [{ start }, record, images] = await Promise.all(names.map(loadData));
      await start(part, { newWorker, limit, guess, line, record, images });
      // The table says what may be chosen; now the reader chooses.
      for (const child of [...figure.children]) {
        if (child !== part && child.tagName !== "FIGCAPTION") child.hidden = true;
      }
    } catch ({ message }) {
      all.forEach((button) => (button.disabled = false));
      line.say(words.failed(message), true);
    }
  }
}
