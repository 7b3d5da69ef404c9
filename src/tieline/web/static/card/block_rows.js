/** The rows inside a block: an order, a ticket, an account, or any record of a kind this page has not met. */

import { element, followList, setAttribute, setHidden, setTextOrHide } from "../core/dom.js";
import { outsideLink } from "../core/links.js";
import { day, moment, money, say, word } from "../core/texts.js";
import { factRow } from "./profile.js";
import { refundPart } from "./refund.js";
import { syncState } from "./sync_state.js";

const ACCOUNT_FACTS = ["level", "points", "balance", "credit_limit", "overdue", "valid_until"];
const NOT_SHOWN = new Set(["ref", "url", "kind"]);

const BUILDERS = { orders: orderRow, tickets: ticketRow, account: accountRow, invoices: invoiceRow, contracts: contractRow };

/** Return a new row for a block of this kind. `host`: what the page can do for it. */
export function rowFor(kind, host) {
  return (BUILDERS[kind] ?? otherRow)(host);
}

function orderRow(host) {
  const row = recordRow();
  const refund = refundPart(host);
  row.node.append(refund.node);
  return {
    node: row.node,
    update: ({ item, call }) => {
      refund.update({ item, call });
      row.head(item.number ?? item.ref?.id, item.url);
      row.status("order_status", item.status);
      row.aside(money(item.total));
      row.main(item.summary);
      const parcel = [item.carrier, item.tracking_number].filter(Boolean).join(" ");
      row.facts([item.placed_at ? day(item.placed_at) : "", item.shop, parcel, item.recipient, item.address]);
    },
  };
}

function ticketRow() {
  const row = recordRow();
  const sync = syncState();
  row.node.append(sync.node);
  return {
    node: row.node,
    update: ({ item, ticket }) => {
      sync.update(ticket);
      row.head(item.number ? `#${String(item.number).replace(/^#/, "")}` : item.ref?.id, item.url);
      row.status("ticket_status", item.status);
      row.aside(item.priority && item.priority !== "normal" ? word("priority", item.priority) : "", item.priority);
      row.main(item.subject);
      row.facts([
        item.opened_at ? say("ticket.opened", { when: moment(item.opened_at) }) : "",
        item.due_at ? say("ticket.due", { when: moment(item.due_at) }) : "",
        item.assignee,
        item.category,
      ]);
    },
  };
}

function invoiceRow() {
  const row = recordRow();
  return {
    node: row.node,
    update: ({ item }) => {
      row.head(item.number ?? item.ref?.id, item.url);
      row.status("invoice_status", item.status);
      row.aside(money(item.total));
      row.main(item.open_amount && Number(item.open_amount.amount) ? say("invoice.open", { amount: money(item.open_amount) }) : "");
      row.facts([item.issued_on ? day(item.issued_on) : "", item.due_on ? say("ticket.due", { when: day(item.due_on) }) : "", item.order_number]);
    },
  };
}

function contractRow() {
  const row = recordRow();
  return {
    node: row.node,
    update: ({ item }) => {
      row.head(item.number ?? item.ref?.id, item.url);
      row.status("contract_status", item.status);
      row.aside(money(item.value));
      row.main(item.covers);
      row.facts([item.level, item.starts_on ? day(item.starts_on) : "", item.ends_on ? say("contract.ends", { when: day(item.ends_on) }) : ""]);
    },
  };
}

/** The common look of an order and a ticket: number, status, an aside, a sentence, a line of facts. */
function recordRow() {
  const number = element("span", { class: "row-number" });
  const status = element("span", { class: "chip status" });
  const aside = element("span", { class: "row-aside" });
  const main = element("p", { class: "row-main", dir: "auto" });
  const facts = element("p", { class: "row-facts", dir: "auto" });
  let linked = null;
  return {
    node: element("li", { class: "row" }, element("p", { class: "row-head" }, number, status, aside), main, facts),
    head: (text, url) => {
      const wanted = `${text} ${url ?? ""}`;
      if (linked !== wanted) number.replaceChildren(outsideLink(text ?? "–", url));
      linked = wanted;
    },
    status: (kind, value) => {
      setTextOrHide(status, value ? word(kind, value) : "");
      setAttribute(status, "data-status", value);
    },
    aside: (text, level) => {
      setTextOrHide(aside, text);
      setAttribute(aside, "data-level", level);
    },
    main: (text) => setTextOrHide(main, text),
    facts: (list) => setTextOrHide(facts, list.filter(Boolean).join(" · ")),
  };
}

function accountRow() {
  return termsRow((item) => ACCOUNT_FACTS.map((name) => ({ name, value: valueText(name, item[name]) })));
}

function otherRow() {
  return termsRow((item) =>
    Object.entries(item)
      .filter(([name]) => !NOT_SHOWN.has(name))
      .map(([name, value]) => ({ name, value: valueText(name, value) })),
  );
}

function termsRow(read) {
  const node = element("dl", { class: "facts-list row" });
  return {
    node,
    update: ({ item }) => {
      const rows = read(item).filter((row) => row.value);
      setHidden(node, rows.length === 0);
      followList(node, rows, { key: (row) => row.name, create: factRow });
    },
  };
}

function valueText(name, value) {
  if (value === null || value === undefined || value === "") return "";
  if (name === "overdue" && Number(value.amount) === 0) return "";
  if (typeof value === "object") return value.currency ? money(value) : "";
  if (name.endsWith("_at")) return moment(value);
  if (name.endsWith("_until") || name.endsWith("_date")) return day(value);
  return String(value);
}
