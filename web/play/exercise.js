// An exercise's field. What was right before is shown; all else waits for a click.
import { loadData } from "./host.js";

// The form has its key; after it stands what `check` says without an answer.
export function widget(form) {
  const line = form.nextElementSibling.querySelector("pre");
  form.hidden = false;
  line.setAttribute("role", "status");
  form.onsubmit = (event) => {
    event.preventDefault();
    loadData("exercise").then(
      ({ answer }) => answer(form, line),
      ({ message }) => (line.textContent = message),
    );
  };
  const kept = localStorage.getItem(form.dataset.key);
  if (kept) {
    const [said, ...texts] = kept.split("\n");
    line.textContent = said;
    texts.forEach((text, i) => (form[i].value = text));
    form.dataset.right = "";
  }
}
