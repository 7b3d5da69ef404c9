/** The frame around a chart or table: its title, what can be done with it, how it is worked out, and what to say when it fails. */

import { element, setAttribute, setHidden, setText, setTextOrHide } from "../core/dom.js";
import { say, sayOr } from "../core/texts.js";
import { picture } from "../charts/picture.js";
import { csvOf, save } from "./files.js";
import { formulaList } from "./formulas.js";
import { table } from "./table.js";

/** Return a panel named `id`. `chart` is null where the table is all there is; `extra` are controls beside the buttons. */
export function panel({ id, chart = null, extra = [], wide = false }) {
  const title = element("h2", { id: `panel-${id}` });
  const asPicture = element("button", { type: "button", class: "button small plain", hidden: !chart, on: { click: savePicture } }, "PNG");
  const asTable = element("button", { type: "button", class: "button small plain", on: { click: saveTable } }, "CSV");
  const status = element("p", { class: "panel-status quiet", role: "status" });
  const figures = table();
  const summary = element("summary");
  const folded = chart ? element("details", { class: "as-table" }, summary, figures.node) : figures.node;
  const formulas = formulaList();
  const note = element("p", { class: "quiet panel-note", hidden: true });
  const content = element("div", { class: "panel-content", hidden: true }, chart?.node, note, folded, formulas.node);
  const tools = element("div", { class: "panel-tools" }, ...extra, asPicture, asTable);
  const node = element(
    "section",
    { class: wide ? "panel report-panel wide" : "panel report-panel", "data-panel": id, "data-state": "waiting", "aria-labelledby": title.id },
    element("div", { class: "panel-head" }, title, tools),
    status,
    content,
  );
  let shown = null;

  /** Name everything in the present language. */
  function name() {
    const called = say(`panel.${id}`);
    setText(title, called);
    setText(summary, say("panel.table"));
    setAttribute(asPicture, "aria-label", say("panel.png", { what: called }));
    setAttribute(asTable, "aria-label", say("panel.csv", { what: called }));
  }

  /** Show `{drawing, columns, rows, formulas, file, note}`; `empty` when there is nothing to draw. `note`: what cannot be told yet. */
  function show(next) {
    shown = next;
    name();
    const empty = next.rows.length === 0;
    setAttribute(node, "data-state", empty ? "empty" : "shown");
    setText(status, empty ? say("panel.empty") : "");
    setHidden(status, !empty);
    setHidden(content, empty);
    setHidden(tools, empty);
    if (empty) return;
    chart?.update({ ...next.drawing, label: say("chart.label", { what: title.textContent }), hint: say("chart.hint") });
    figures.update({ caption: title.textContent, columns: next.columns, rows: next.rows });
    formulas.update(next.formulas);
    setTextOrHide(note, next.note ?? "");
  }

  /** Say why there is nothing to see. What was seen before is taken away: it answered another question. */
  function fail(code) {
    name();
    setAttribute(node, "data-state", "failed");
    setText(status, sayOr(`trouble.${code}`, say("trouble.other")));
    setHidden(status, false);
    setHidden(content, true);
    setHidden(tools, true);
  }

  function wait() {
    name();
    setAttribute(node, "aria-busy", "true");
    if (node.dataset.state === "waiting") setText(status, say("panel.waiting"));
  }

  function saveTable() {
    const rows = shown.rows.map(({ cells }) => cells.map(({ value, shown: text }) => (value === null ? null : typeof value === "number" ? value : text)));
    save(`${shown.file}.csv`, csvOf([shown.columns.map(({ label }) => label), ...rows]), "text/csv;charset=utf-8");
  }

  async function savePicture() {
    const drawing = chart.node.querySelector("svg.chart");
    save(`${shown.file}.png`, await picture(drawing, [title.textContent, ...shown.about], chart.node.querySelector(".legend")), "image/png");
  }

  /** Show what `ask()` brings, or why it brought nothing. Answers that come after a newer question are dropped. */
  let turn = 0;
  async function load(ask) {
    turn += 1;
    const mine = turn;
    wait();
    try {
      const found = await ask();
      if (mine === turn) show(found);
    } catch (refused) {
      if (!refused.code && refused.status === undefined) throw refused;
      if (mine === turn) fail(refused.code || refused.status);
    } finally {
      if (mine === turn) setAttribute(node, "aria-busy", false);
    }
  }

  return { node, load };
}
