// The claims: guess each verdict, then see it, its interval on one axis for all.
import { makeHead, makeMark } from "./claims_axis.js";
import { makeRow, readRow } from "./claims_row.js";
import { words } from "./claims_words.js";
import { h, status } from "./dom.js";

const store = "claims"; // on this device: what was answered, by sentence

// The figure holds a table: sentence, source, points, p, verdict.
export function widget(figure) {
  const table = figure.querySelector("table");
  const claims = [...table.tBodies[0].rows].map(readRow);
  // What was not run cannot be guessed, and stands last.
  const isRun = ({ kind }) => kind !== "unrun";
  const sorted = [...claims.filter(isRun), ...claims.filter((claim) => !isRun(claim))];
  const rows = sorted.map((claim, i) => makeRow(claim, i, guess));
  const line = status();
  const tool = (name, click) => h("button", { type: "button", on: { click } }, words[name]);
  const tools = {
    all: tool("all", () => change((row) => row.answer ?? "")),
    again: tool("again", () => change(() => undefined)),
    undo: tool("undo", () => change((row) => before.get(row), null)),
  };
  let before = null; // the answers by row, until "Undo"
  const tests = { every: () => true, covered: ({ answer }) => answer === undefined };
  for (const name in words.kinds) {
    tests[name] = (row) => row.claim.kind === name && !tests.covered(row);
  }
  const filters = Object.keys(tests).map(makeFilter);
  const kept = load();
  for (const row of rows) {
    row.show(isRun(row.claim) ? kept[row.claim.sentence] : "");
  }
  table.replaceWith(
    h("p", { class: "claims-invite" }, words.invite),
    h("div", { class: "claims-tools" }, ...Object.values(tools)),
    h(
      "div",
      { class: "claims-filters", role: "group", "aria-label": words.filter },
      ...filters.map(({ button }) => button),
    ),
    h("div", { class: "claims-head" }, line, makeHead(words)),
    h("ol", { class: "claims-list" }, ...rows.map(({ element }) => element)),
  );
  filter("every");
  count();

  function makeFilter(name) {
    const mark = name in words.kinds ? [makeMark(name)] : [];
    const size = h("b");
    const button = h(
      "button",
      { type: "button", on: { click: () => filter(name) } },
      ...mark,
      h("span", {}, words.filters[name] ?? words.kinds[name], " ", size),
    );
    return { name, button, size };
  }

  // A row that is opened later stays, whatever the filter: nothing slips away.
  function filter(chosen) {
    for (const { name, button } of filters) {
      button.setAttribute("aria-pressed", name === chosen);
    }
    for (const row of rows) row.element.hidden = !tests[chosen](row);
  }

  // The answer is read out from where it stands, and the next row is one key away.
  function guess(row, answer) {
    row.show(answer);
    before?.set(row, answer);
    row.found.focus({ preventScroll: true });
    count();
  }

  // Each row gets its answer; those from before can be had back.
  function change(answerOf, old = new Map(rows.map((row) => [row, row.answer]))) {
    for (const row of rows) if (isRun(row.claim)) row.show(answerOf(row));
    before = old;
    filter("every");
    count();
    const usable = Object.values(tools).filter(({ disabled }) => !disabled);
    usable.at(-1).focus({ preventScroll: true });
  }

  function count() {
    for (const { name, size, button } of filters) {
      const n = rows.filter(tests[name]).length;
      size.textContent = n;
      button.disabled = !n;
    }
    tools.all.disabled = !rows.some(tests.covered);
    tools.again.disabled = rows.filter(({ claim }) => isRun(claim)).every(tests.covered);
    tools.undo.disabled = !before;
    const given = rows.filter(({ answer }) => answer);
    const right = given.filter(({ claim, answer }) => claim.kind === answer);
    const holds = given.filter(({ claim }) => claim.kind === "holds");
    line.say(words.score(given.length, right.length, holds.length), true);
    save(rows.map(({ claim, answer }) => [claim.sentence, answer]));
  }
}

function load() {
  try {
    return JSON.parse(localStorage.getItem(store)) ?? {};
  } catch {
    return {};
  }
}

function save(answers) {
  try {
    localStorage.setItem(store, JSON.stringify(Object.fromEntries(answers)));
  } catch {
    // A browser may refuse to remember.
  }
}
