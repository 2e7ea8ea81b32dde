// Draw a garment: the button, and what it loads. All else comes after the click.
import { h, parts, status } from "./dom.js";
import { loadData } from "./host.js";
import { newWorker } from "./new_worker.js";
import { garment as words } from "./words_en.js";

// <figure data-play="garment">; with data-nets="lenet" only LeNet answers.
export function widget(figure) {
  const only = figure.dataset.nets === "lenet" ? "lenet" : "both";
  const line = status();
  const part = h("div", { class: "garment" });
  const click = async () => {
    const clicked = document.activeElement === open;
    open.disabled = true;
    line.say(words.loading, true);
    try {
      const { start } = await loadData("garment");
      await start(part, { loadData, newWorker, only });
      const pad = part.querySelector("[role=application]");
      if (clicked) pad.focus({ preventScroll: true }); // the button is gone
      // The table shows one answer; now the reader has them all.
      for (const child of [...figure.children]) {
        if (child !== part && child.tagName !== "FIGCAPTION") child.hidden = true;
      }
    } catch ({ message }) {
      line.say(words.failed(message), true);
      open.disabled = false;
    }
  };
  const label = [h("b", {}, words.open[only]), " ", h("small", {}, words.size[only])];
  const open = h(
    "button",
    { type: "button", class: "garment-open", on: { click } },
    ...label,
  );
  part.append(open, line);
  figure.querySelector("figcaption").before(part);
  // A link to a garment opens on it.
  if (parts().some((text) => /^(garment|dress):/.test(text))) click();
}
