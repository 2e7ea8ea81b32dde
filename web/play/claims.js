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
  const none = h("p", { class: "claims-none" }, words.none);
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
    h(
      "div",
      { class: "claims-tools" },
      h("button", { type: "button", on: { click: showAll } }, words.all),
      h("button", { type: "button", on: { click: coverAll } }, words.again),
    ),
    h(
      "div",
      { class: "claims-filters", role: "group", "aria-label": words.filter },
      ...filters.map(({ button }) => button),
    ),
    h("div", { class: "claims-head" }, line, makeHead(words)),
    none,
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
    none.hidden = rows.some(tests[chosen]);
  }

  // The answer is read out from where it stands, and the next row is one key away.
  function guess(row, answer) {
    row.show(answer);
    row.found.focus({ preventScroll: true });
    count();
  }

  function showAll() {
    for (const row of rows.filter(tests.covered)) row.show("");
    filter("every");
    count();
  }

  function coverAll() {
    for (const row of rows) if (isRun(row.claim)) row.show(undefined);
    filter("every");
    count();
  }

  function count() {
    for (const { name, size } of filters) {
      size.textContent = rows.filter(tests[name]).length;
    }
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
