/** The rows behind a figure: calls, tickets, answers, page by page. */

import { element, setHidden, setText } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { moment, say, sayOr, word } from "../core/texts.js";
import { csvOf, save } from "./files.js";
import { rowsBehind } from "./answers.js";
import { nameOf, span, written } from "./figures.js";
import { table } from "./table.js";
import { causeName } from "./tree.js";

const COLUMNS = [
  ...["at", "kind", "name", "answer_kind", "score", "causes", "products", "region", "outcome", "agent", "queue", "line", "tier", "channel", "reason", "status", "priority"],
  ...["wait_s", "talk_s", "wrap_up_s", "response_s", "resolution_s", "loop_s", "connection", "operation", "lag_ms"],
];
const WORDS = new Map([["kind", "kind"], ["answer_kind", "kind"], ["outcome", "outcome"], ["status", "status"], ["priority", "priority"], ["tier", "tier"]]);

/** Return the dialog. `open(wish)` asks for rows; `list({title, columns, rows})` shows rows that are there already. */
export function rowsDialog(host) {
  const title = element("h2", { id: "rows-title" });
  const closeText = element("span", { class: "visually-hidden" });
  const close = element("button", { type: "button", class: "button icon-only", on: { click: () => node.close() } }, icon("close"), closeText);
  const status = element("p", { class: "panel-status quiet", role: "status" });
  const shown = table();
  const more = element("button", { type: "button", class: "button", on: { click: () => next() } });
  const file = element("button", { type: "button", class: "button small plain", on: { click: () => saveRows() } }, "CSV");
  const node = element(
    "dialog",
    { class: "rows-dialog", "aria-labelledby": title.id },
    element("div", { class: "panel-head" }, title, element("div", { class: "panel-tools" }, file, close)),
    status,
    shown.node,
    element("div", { class: "rows-foot" }, more),
  );
  let wish = null;
  let items = [];
  let cursor = null;
  let given = null;

  function open(wanted) {
    [wish, items, cursor] = [wanted, [], null];
    begin(wanted.title);
    next();
  }

  function list({ title: called, columns, rows }) {
    wish = null;
    begin(called);
    setHidden(status, rows.length > 0);
    setText(status, say("rows.none"));
    draw({ columns, rows }, false);
  }

  function begin(called) {
    setText(title, called);
    setText(closeText, say("rows.close"));
    setText(more, say("rows.more"));
    setText(status, say("panel.waiting"));
    setHidden(status, false);
    setHidden(more, true);
    setHidden(shown.node, true);
    setHidden(file, true);
    if (!node.open) node.showModal();
  }

  async function next() {
    const asked = wish;
    try {
      const page = await rowsBehind(host.question(), { ...asked, cursor });
      if (asked !== wish) return;
      items = [...items, ...page.items];
      cursor = page.next ?? null;
      setHidden(status, items.length > 0);
      setText(status, say("rows.none"));
      draw(tableOf(items, host), cursor !== null);
    } catch (refused) {
      if (refused.status === undefined) throw refused;
      setHidden(status, false);
      setText(status, sayOr(`trouble.${refused.code}`, say("trouble.other")));
    }
  }

  function draw(content, goesOn) {
    given = content;
    shown.update({ caption: title.textContent, ...content });
    setHidden(shown.node, content.rows.length === 0);
    setHidden(file, content.rows.length === 0);
    setHidden(more, !goesOn);
  }

  function saveRows() {
    const lines = given.rows.map(({ cells }) => cells.map(({ value, shown: text }) => (typeof value === "number" ? value : text)));
    save(`${host.file("rows")}.csv`, csvOf([given.columns.map(({ label }) => label), ...lines]), "text/csv;charset=utf-8");
  }

  /** Ask for the rows again: what somebody said counts otherwise now. */
  function again() {
    if (node.open && wish) open(wish);
  }

  return { node, open, list, again };
}

function tableOf(items, host) {
  const names = COLUMNS.filter((name) => items.some((item) => (item[name] ?? null) !== null && item[name].length !== 0));
  return {
    columns: names.map((name) => ({ label: sayOr(`column.${name}`, nameOf(name)), number: typeof items.find((item) => (item[name] ?? null) !== null)[name] === "number" })),
    rows: items.map((item) => ({ cells: names.map((name) => cellOf(name, item, host)) })),
  };
}

/** What was said opens to its words, and to what they were taken to mean. */
function cellOf(name, item, host) {
  const cell = { value: valueOf(item[name]), shown: shownOf(name, item[name] ?? null, host) };
  return name === "answer_kind" ? { ...cell, open: () => host.meaning(item.id), label: say("meaning.open", { what: cell.shown, at: moment(item.at) }) } : cell;
}

function shownOf(name, value, host) {
  if (value === null) return "–";
  if (name === "at") return moment(value);
  if (name === "agent") return host.nameOf(value);
  if (name === "causes") return value.map(causeName).join(", ");
  if (Array.isArray(value)) return value.join(", ");
  if (name === "lag_ms") return `${written(value)} ms`;
  if (name.endsWith("_s")) return span(value);
  if (typeof value === "number") return written(value);
  return WORDS.has(name) ? word(WORDS.get(name), value) : String(value);
}

/** What a column is ordered by. */
function valueOf(told) {
  return Array.isArray(told) ? told.join(", ") : (told ?? null);
}
