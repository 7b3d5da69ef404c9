/** Ask for a refund or return of one order: a reason, a confirmation, then what comes of it, as the live channel tells. */

import { element, followList, setAttribute, setHidden, setText, setTextOrHide } from "../core/dom.js";
import { isOwner, isTaken } from "../core/calls.js";
import { newKey } from "../core/keys.js";
import { refText } from "../core/refs.js";
import { say, sayOr, told } from "../core/texts.js";
import { faultText } from "./faults.js";

const KINDS = ["refund", "return"];

/** Return the part of one order's row. `host.askRefund(place, wish, key)` answers a promise; without it nothing is offered. */
export function refundPart(host) {
  let current = null;
  const startText = element("span");
  const because = element("span", { class: "action-because", id: `because-${newKey()}` });
  const start = element("button", { type: "button", class: "button small refund-start", on: { click: () => open() } }, startText);
  const form = refundForm({ ask: (wish) => send(wish), leave: () => close() });
  const outcome = element("p", { class: "refund-outcome", role: "status" });
  const node = element("div", { class: "refund" }, element("p", { class: "refund-offer" }, start, because), form.node, outcome);

  function open() {
    if (start.getAttribute("aria-disabled")) return;
    standing().isOpen = true;
    standing().key ??= newKey();
    redraw();
    form.focus();
  }

  function close() {
    standing().isOpen = false;
    redraw();
    start.focus();
  }

  async function send(wish) {
    const { call, item } = current;
    const mine = standing();
    mine.said = say("action.working");
    redraw();
    try {
      const made = await host.askRefund(placeOf(item), { ...wish, call_id: call.pop.call_id }, mine.key);
      Object.assign(mine, { isOpen: false, made, said: null, key: null });
      host.renewTickets(call);
    } catch (refused) {
      mine.said = sayOr(`problem.${refused.code}`, say("action.failed"));
    }
    redraw();
  }

  /** What is known of this order's request on this card. */
  function standing() {
    const { call, item } = current;
    call.refunds ??= new Map();
    const key = refText(item.ref);
    if (!call.refunds.has(key)) call.refunds.set(key, {});
    return call.refunds.get(key);
  }

  function redraw() {
    update(current);
  }

  function update({ item, call }) {
    current = { item, call };
    const action = (call.pop.actions ?? []).find(({ id }) => id === "refund");
    const mine = standing();
    const { refund, number } = requestOf(item, call) ?? { refund: mine.made };
    const offered = Boolean(host.askRefund && action && call.pop.call_id && isOwner(call.pop) && !isTaken(call) && host.isOpenOrder(item.status) && !isUnderWay(refund));
    setHidden(node, !offered && !refund);
    setText(startText, say("refund.start"));
    setHidden(start, !offered || Boolean(mine.isOpen));
    setAttribute(start, "aria-disabled", action?.enabled ? null : "true");
    setAttribute(start, "aria-describedby", action?.enabled ? null : because.id);
    setTextOrHide(because, offered && !action.enabled ? told(action.because) : "");
    setHidden(form.node, !offered || !mine.isOpen);
    if (offered && mine.isOpen) form.update(item);
    setText(outcome, mine.said ?? (refund ? outcomeOf(refund, number) : ""));
    setAttribute(outcome, "data-refund", refund?.state);
  }

  return { node, update };
}

/** The latest request of an order among the tickets of the card, with its ticket's number. */
function requestOf({ ref }, { tickets }) {
  const wanted = refText(ref);
  return (tickets ?? []).filter(({ refund }) => refund && `${refund.connection}:${refund.order_number}` === wanted).at(-1);
}

function isUnderWay(refund) {
  return Boolean(refund) && ["freezing", "undoing", "confirmed"].includes(refund.state);
}

function outcomeOf({ state, code, connection }, number) {
  return say(`refund.${state}`, { number: number ?? "", why: faultText(code, connection) });
}

function placeOf({ ref }) {
  const [connection, ...rest] = refText(ref).split(":");
  return { connection, number: rest.join(":") };
}

/** Kind and reason first, then one sentence to confirm. What was typed stays until it is sent. */
function refundForm({ ask, leave }) {
  let wish = null;
  let shown = null;
  const kind = element("select", { class: "field" });
  const reason = element("textarea", { class: "field", rows: "2", maxlength: "2000", required: true, dir: "auto" });
  const texts = [element("span", { class: "ticket-label" }), element("span", { class: "ticket-label" })];
  const asked = element("p", { class: "refund-asked" });
  const goText = element("span");
  const backText = element("span");
  const go = element("button", { type: "submit", class: "button primary" }, goText);
  const back = element("button", { type: "button", class: "button plain", on: { click: () => stepBack() } }, backText);
  const fields = [element("label", { class: "ticket-field" }, texts[0], kind), element("label", { class: "ticket-field" }, texts[1], reason)];
  const buttons = element("div", { class: "ticket-buttons" }, go, back);
  const node = element("form", { class: "refund-form", on: { submit: step, keydown: left } }, ...fields, asked, buttons);

  function step(event) {
    event.preventDefault();
    if (wish) return ask(wish);
    if (!reason.value.trim()) return reason.focus();
    wish = { kind: kind.value || KINDS[0], reason: reason.value.trim() };
    update(shown);
    return go.focus();
  }

  function stepBack() {
    if (!wish) return leave();
    wish = null;
    update(shown);
    return reason.focus();
  }

  function left(press) {
    if (press.key === "Escape") stepBack();
  }

  function update(item) {
    shown = item;
    followList(kind, KINDS, {
      key: (value) => value,
      create: (value) => {
        const choice = element("option", { value });
        return { node: choice, update: () => setText(choice, say(`refund.kind_${value}`)) };
      },
    });
    setText(texts[0], say("refund.kind"));
    setText(texts[1], say("refund.reason"));
    for (const field of fields) setHidden(field, Boolean(wish));
    setTextOrHide(asked, wish ? say("refund.confirm", { order: item.number ?? item.ref, kind: say(`refund.kind_${wish.kind}`) }) : "");
    setText(goText, say(wish ? "refund.do" : "refund.next"));
    setText(backText, say(wish ? "refund.back" : "ticket.cancel"));
  }

  return { node, update, focus: () => reason.focus() };
}
