/** A ticket for this call: a short form, then the ticket with how far each system has it, as the live channel tells. */

import { element, followList, setAttribute, setHidden, setText } from "../core/dom.js";
import { isOwner, isTaken } from "../core/calls.js";
import { newKey } from "../core/keys.js";
import { say, sayOr, word } from "../core/texts.js";
import { madeTickets, ticketsOf } from "./made_tickets.js";

const PRIORITIES = ["low", "normal", "high", "urgent"];

/** Return the part. `host.openTicket(call, wish, key)` and `host.ticketForm()` answer promises; `host.renewTickets(call)` reads. */
export function ticketPart(host) {
  let current = null;
  let categories = [];
  const title = element("h3", { class: "section-title" });
  const startText = element("span");
  const startKey = element("kbd", { class: "key", "aria-hidden": "true" }, "T");
  const start = element("button", { type: "button", class: "button", on: { click: () => openForm() } }, startText, startKey);
  const form = ticketForm({ send, cancel: closeForm });
  const outcome = element("p", { class: "ticket-outcome", role: "status" });
  const made = madeTickets();
  const node = element("section", { class: "ticket panel" }, element("header", { class: "block-head" }, title, start), form.node, made.node, outcome);

  async function openForm() {
    if (start.hidden || start.getAttribute("aria-disabled")) return false;
    const call = current;
    call.ticket ??= { key: newKey() };
    call.ticket.isOpen = true;
    update(call);
    form.focus();
    categories = (await host.ticketForm().catch(() => ({ categories: [] }))).categories;
    update(current);
    return true;
  }

  function closeForm() {
    current.ticket.isOpen = false;
    update(current);
    start.focus();
  }

  async function send(wish) {
    const call = current;
    call.ticket.outcome = say("action.working");
    update(call);
    try {
      call.ticket.made = await host.openTicket(call, wish, call.ticket.key);
      call.ticket.outcome = say(call.ticket.made.reused ? "ticket.reused" : "ticket.made");
      call.ticket.isOpen = false;
      call.ticket.key = newKey();
      host.renewTickets(call);
    } catch (refused) {
      call.ticket.outcome = sayOr(`problem.${refused.code}`, say("action.failed"));
    }
    update(current);
  }

  function update(call) {
    current = call;
    const action = (call.pop.actions ?? []).find(({ id }) => id === "create_ticket");
    const offered = Boolean(host.openTicket && action && isOwner(call.pop) && !isTaken(call));
    const { isOpen, outcome: said } = call.ticket ?? {};
    const tickets = ticketsOf(call);
    setHidden(node, !offered && tickets.length === 0);
    setText(title, say("ticket.title"));
    setText(startText, say(tickets.length ? "ticket.another" : "action.create_ticket"));
    setHidden(start, !offered || Boolean(isOpen));
    setHidden(startKey, !host.keysOn?.());
    setAttribute(start, "aria-disabled", action?.enabled ? null : "true");
    setHidden(form.node, !isOpen);
    if (isOpen) form.update(call, categories);
    made.update(tickets);
    setText(outcome, said ?? "");
  }

  return { node, update, openForm };
}

/** The form. It keeps what is typed until it is sent or left. */
function ticketForm({ send, cancel }) {
  const subject = element("input", { class: "field", type: "text", required: true, maxlength: "200", dir: "auto" });
  const details = element("textarea", { class: "field", rows: "3", maxlength: "20000", dir: "auto" });
  const category = element("select", { class: "field" });
  const priority = element("select", { class: "field" });
  const order = element("select", { class: "field" });
  const other = element("input", { type: "checkbox" });
  const otherText = element("span");
  const submitText = element("span");
  const cancelText = element("span");
  const submit = element("button", { type: "submit", class: "button primary" }, submitText);
  const leave = element("button", { type: "button", class: "button plain", on: { click: cancel } }, cancelText);
  const labels = [["subject", subject], ["category", category], ["priority", priority], ["order", order], ["details", details]].map(labelled);
  const node = element(
    "form",
    { class: "ticket-form", on: { submit: submitted, keydown: left } },
    ...labels.map((row) => row.node),
    element("label", { class: "ticket-other" }, other, otherText),
    element("div", { class: "ticket-buttons" }, submit, leave),
  );
  priority.value = "normal";

  function submitted(event) {
    event.preventDefault();
    if (!subject.value.trim()) return subject.focus();
    send({
      subject: subject.value.trim(),
      priority: priority.value || "normal",
      ...(details.value.trim() ? { description: details.value.trim() } : {}),
      ...(category.value ? { category: category.value } : {}),
      ...(order.value ? { order_number: order.value } : {}),
      other_matter: other.checked,
    });
    return undefined;
  }

  function left(press) {
    if (press.key === "Escape") cancel();
  }

  function update(call, categories) {
    for (const row of labels) row.update();
    const orders = Object.entries(call.pop.blocks ?? {})
      .filter(([name]) => name.split("@")[0] === "orders")
      .flatMap(([, block]) => block.items.map((item) => item.number))
      .filter(Boolean);
    choices(category, ["", ...categories], (value) => value || say("ticket.no_category"));
    choices(priority, PRIORITIES, (value) => word("priority", value), "normal");
    choices(order, ["", ...new Set(orders)], (value) => value || say("ticket.no_order"));
    setText(otherText, say("ticket.other_matter"));
    setText(submitText, say("action.create_ticket"));
    setText(cancelText, say("ticket.cancel"));
  }

  return { node, update, focus: () => subject.focus() };
}

function labelled([name, field]) {
  const text = element("span", { class: "ticket-label" });
  const node = element("label", { class: "ticket-field" }, text, field);
  return { node, update: () => setText(text, say(`ticket.${name}`)) };
}

/** Fill a list of choices, keeping what was chosen. */
function choices(list, values, textOf, usual = "") {
  const chosen = list.value || usual;
  followList(list, values, {
    key: (value) => value,
    create: (value) => {
      const node = element("option", { value });
      return { node, update: () => setText(node, textOf(value)) };
    },
  });
  if (values.includes(chosen) && list.value !== chosen) list.value = chosen;
}
