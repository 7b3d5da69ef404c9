/** How far each system has one of our tickets: in sync, on its way, waiting, or a person's turn, with every conflict named. */

import { element, followList, setAttribute, setHidden, setText, setTextOrHide } from "../core/dom.js";
import { outsideLink } from "../core/links.js";
import { moment, say, word } from "../core/texts.js";
import { faultText } from "./faults.js";

const OVER = new Set(["resolved", "closed", "cancelled"]);
const SAYS_WHY = new Set(["failed", "waiting"]);
const WORDS = { status: "ticket_status", priority: "priority" };

/** Return the part. `update(ticket)` shows a ticket of ours with its copies; none hides it. */
export function syncState() {
  const systems = element("ul", { class: "ticket-systems" });
  const conflicts = element("ul", { class: "ticket-conflicts" });
  const elsewhere = element("p", { class: "quiet ticket-elsewhere" });
  const node = element("div", { class: "ticket-sync" }, systems, conflicts, elsewhere);

  function update(ticket) {
    const links = ticket?.links ?? [];
    setHidden(node, links.length === 0);
    followList(systems, links, { key: (link) => link.connection, create: systemRow });
    const open = ticket?.conflicts ?? [];
    setHidden(conflicts, open.length === 0);
    followList(conflicts, open, { key: (one) => `${one.connection} ${one.field}`, create: conflictRow });
    setTextOrHide(elsewhere, ticket ? endedElsewhere(ticket) : "");
  }

  return { node, update };
}

function endedElsewhere({ status, status_by: by, links }) {
  if (!OVER.has(status) || !links.some((link) => link.connection === by)) return "";
  return say("sync.ended_there", { system: by, status: word("ticket_status", status) });
}

function systemRow() {
  const name = element("span", { class: "ticket-system" });
  const state = element("span", { class: "chip sync" });
  const fault = element("span", { class: "quiet" });
  let shown = null;
  return {
    node: element("li", { class: "ticket-system-row" }, name, state, fault),
    update: (link) => {
      const text = link.external_id ? `${link.connection} ${link.external_id}` : link.connection;
      if (shown !== `${text} ${link.url}`) name.replaceChildren(outsideLink(text, link.url));
      shown = `${text} ${link.url}`;
      setText(state, say(`sync.${link.state}`));
      setAttribute(state, "data-sync", link.state);
      setTextOrHide(fault, SAYS_WHY.has(link.state) && link.fault ? faultText(link.fault, link.connection) : "");
    },
  };
}

function conflictRow() {
  const node = element("li", { class: "ticket-conflict", dir: "auto" });
  return {
    node,
    update: ({ field, connection, ours, theirs }) => {
      const values = { ours: valueOf(field, ours.value), theirs: valueOf(field, theirs.value) };
      setText(node, say("sync.both_changed", { field: say(`field.${field}`), system: connection, ...values }));
    },
  };
}

function valueOf(field, value) {
  if (value === null || value === "") return "–";
  if (WORDS[field]) return word(WORDS[field], value);
  return field.endsWith("_at") ? moment(value) : String(value);
}
