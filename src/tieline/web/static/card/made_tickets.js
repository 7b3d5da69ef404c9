/** The tickets that were made in this call, each with how far every system has it. */

import { element, followList, setAttribute, setHidden, setText } from "../core/dom.js";
import { word } from "../core/texts.js";
import { syncState } from "./sync_state.js";

/** Return the part. */
export function madeTickets() {
  const node = element("div", { class: "tickets-made" });
  return {
    node,
    update: (tickets) => {
      setHidden(node, tickets.length === 0);
      followList(node, tickets, { key: ({ id }) => id, create: madeTicket });
    },
  };
}

/** The tickets of a call that we know of: as last read, and the one just made, until it is read. */
export function ticketsOf(call) {
  const read = (call.tickets ?? []).filter((one) => one.call_id && one.call_id === call.pop.call_id);
  const made = call.ticket?.made;
  const known = (call.tickets ?? []).find((one) => one.id === made?.id);
  return made && !read.some((one) => one.id === made.id) ? [...read, known ?? made] : read;
}

function madeTicket() {
  const number = element("span", { class: "row-number" });
  const status = element("span", { class: "chip status" });
  const subject = element("p", { class: "row-main", dir: "auto" });
  const sync = syncState();
  return {
    node: element("div", { class: "ticket-made" }, element("p", { class: "row-head" }, number, status), subject, sync.node),
    update: (ticket) => {
      setText(number, ticket.number);
      setText(status, word("ticket_status", ticket.status));
      setAttribute(status, "data-status", ticket.status);
      setText(subject, ticket.subject);
      sync.update(ticket);
    },
  };
}
