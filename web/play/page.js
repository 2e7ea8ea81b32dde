// Brings the page's figures to life: each names its part in `data-play`.
import { parts as linkParts } from "./dom.js";
import { setFolder } from "./host.js";

// parts: the widget of each part, by its name.
export function start(parts) {
  setFolder(document.currentScript.src);
  if (document.readyState !== "loading") begin(parts);
  else document.addEventListener("DOMContentLoaded", () => begin(parts));
}

// A part that fails leaves its figure as it was, and the others alone.
function begin(parts) {
  for (const figure of document.querySelectorAll("[data-play]")) {
    const still = figure.innerHTML;
    try {
      parts[figure.dataset.play](figure);
      // A link to a state of this part leads to it.
      const [first = ""] = linkParts();
      if (first.startsWith(`${figure.dataset.play}:`)) figure.scrollIntoView();
    } catch (error) {
      figure.innerHTML = still;
      console.error(error);
    }
  }
}
