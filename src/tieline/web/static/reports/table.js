/** A table that can be ordered by any column, and whose counts open to their rows. */

import { element, setAttribute } from "../core/dom.js";
import { say } from "../core/texts.js";

/**
 * Return `{node, update}`. `columns` `[{label, number, rows}]`; `rows` `[{cells: [{value, shown, open}]}]`, where `value` orders,
 * `shown` is read and `open()`, if there is one, opens the rows behind it. The order stays as long as the columns do.
 */
export function table() {
  const head = element("thead");
  const body = element("tbody");
  const caption = element("caption", { class: "visually-hidden" });
  const node = element("div", { class: "table-frame", tabindex: "0", role: "region" }, element("table", { class: "figures" }, caption, head, body));
  let given = { columns: [], rows: [] };
  let order = null;

  function update(next) {
    if (next.columns.length !== given.columns.length) order = null;
    given = next;
    caption.textContent = next.caption;
    setAttribute(node, "aria-label", next.caption);
    head.replaceChildren(element("tr", {}, ...next.columns.map(heading)));
    fill();
  }

  function heading(column, index) {
    const by = order?.index === index ? order.direction : null;
    const button = element("button", { type: "button", class: "order", on: { click: () => orderBy(index) } }, column.label, element("span", { class: "order-mark", "aria-hidden": "true" }, by ? (by > 0 ? "▲" : "▼") : ""));
    return element("th", { scope: "col", class: column.number ? "amount" : null, "aria-sort": by ? (by > 0 ? "ascending" : "descending") : null }, button);
  }

  function orderBy(index) {
    const first = given.columns[index].number ? -1 : 1;
    order = order?.index === index ? { index, direction: -order.direction } : { index, direction: first };
    update(given);
    head.querySelectorAll("button")[index].focus();
  }

  function fill() {
    const rows = order ? [...given.rows].sort((one, other) => compared(one.cells[order.index].value, other.cells[order.index].value) * order.direction) : given.rows;
    const empty = element("tr", {}, element("td", { colspan: String(given.columns.length), class: "quiet" }, say("table.empty")));
    body.replaceChildren(...(rows.length ? rows.map(line) : [empty]));
  }

  function line({ cells }) {
    return element("tr", {}, ...cells.map((cell, index) => element(index ? "td" : "th", { scope: index ? null : "row", class: given.columns[index].number ? "amount" : null }, content(cell, given.columns[index], cells[0]))));
  }

  return { node, update };
}

function content({ shown, open, label: own }, column, first) {
  if (!open) return shown;
  const label = own ?? say("rows.open_for", { what: column.label, group: first.shown, value: shown });
  return element("button", { type: "button", class: "opens", "aria-label": label, on: { click: open } }, shown);
}

/** Nothing comes last whichever way; numbers by size, words as the language orders them. */
function compared(one, other) {
  if (one === null || other === null) return (one === null) - (other === null);
  return typeof one === "number" ? one - other : String(one).localeCompare(String(other), document.documentElement.lang);
}
