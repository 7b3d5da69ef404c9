/** The head of a card: who calls, on which number, for which line, and for how long. */

import { element, setAttribute, setHidden, setText, setTextOrHide } from "../core/dom.js";
import { icon, swapIcon } from "../core/icons.js";
import { clock, country, say, word } from "../core/texts.js";

const ICONS = { withheld: "hidden", internal: "internal", none: "unknown", maybe: "people" };

/** Return the part. `host.serverNow()` is the server's time in milliseconds; `host.numberShown(call)` guards the number. */
export function callerPart(host) {
  const phase = element("span", { class: "phase" });
  const timer = element("span", { class: "timer", role: "timer", "aria-live": "off" });
  const route = element("span", { class: "route" });
  const queue = element("span", { class: "quiet" });
  const name = element("h2", { class: "caller-name", dir: "auto" });
  const tier = element("span", { class: "chip tier" });
  const risk = element("span", { class: "chip risk" });
  const number = element("span", { class: "number" });
  const origin = element("span", { class: "quiet" });
  const avatar = element("div", { class: "avatar", "aria-hidden": "true" });
  const initial = element("span", { class: "initial" });
  let picture = icon("person");
  avatar.append(picture, initial);
  const node = element(
    "header",
    { class: "caller" },
    avatar,
    element(
      "div",
      { class: "caller-words" },
      element("p", { class: "eyebrow" }, element("span", { class: "phase-pill" }, phase, timer), route, queue),
      element("div", { class: "caller-line" }, name, tier, risk),
      element("p", { class: "caller-number" }, number, origin),
    ),
  );

  function update(call) {
    const { pop } = call;
    const where = phaseOf(call);
    setAttribute(node, "data-phase", where);
    setText(phase, say(`phase.${where}`));
    tick(call);
    setTextOrHide(route, pop.call?.line_name ?? pop.line);
    setTextOrHide(queue, pop.queue ? say("card.queue", { queue: pop.queue }) : "");
    setText(name, callerName(pop));
    const customer = pop.match.state === "known" ? pop.customer : null;
    setTextOrHide(tier, customer?.tier ? word("tier", customer.tier) : "");
    setAttribute(tier, "data-tier", customer?.tier);
    const risky = customer?.churn_risk && customer.churn_risk !== "low" && customer.tier !== "churn_risk";
    setTextOrHide(risk, risky ? say("card.churn_risk", { level: word("risk", customer.churn_risk) }) : "");
    setTextOrHide(number, host.numberShown(call) ? writtenNumber(pop.phone) : "");
    setTextOrHide(origin, host.numberShown(call) ? originOf(pop) : say("card.number_hidden_again"));
    picture = swapIcon(picture, pop.customer?.kind === "organization" ? "company" : (ICONS[pop.match.state] ?? "person"));
    setText(initial, customer && customer.kind !== "organization" ? ([...(customer.name ?? "")][0] ?? "") : "");
    setHidden(initial, !initial.textContent);
    setAttribute(avatar, "data-lettered", Boolean(initial.textContent));
  }

  function tick(call) {
    setTextOrHide(timer, elapsed(call, host.serverNow()));
  }

  return { node, update, tick, name };
}

/** Who calls, in words: a name, or what is known instead of one. */
export function callerName(pop) {
  if (pop.match.state === "withheld") return say("caller.withheld");
  if (pop.match.state === "internal") return pop.customer?.name ?? say("caller.internal");
  if (pop.match.state === "known") return pop.customer?.name ?? pop.customer?.company ?? say("caller.nameless");
  if (pop.match.state === "maybe") {
    const count = (pop.candidates?.length ?? 0) + (pop.more_candidates ?? 0);
    return say("caller.maybe", { count });
  }
  return say("caller.none");
}

/** The number as people in its country write it, with its extension. */
export function writtenNumber(phone) {
  if (phone.withheld) return "";
  const number = phone.national ?? phone.e164 ?? "";
  return phone.extension ? say("card.extension", { number, extension: phone.extension }) : number;
}

/** ringing, queued, talking, held, dialling, joined, wrapup or over. */
export function phaseOf({ pop, over }) {
  if (over) return "over";
  if (pop.mode === "join") return "joined";
  const state = pop.call?.state ?? (pop.mode === "preview" ? "ringing" : "answered");
  if (state === "held" || state === "queued" || state === "wrapup") return state;
  if (state === "answered") return "talking";
  return pop.direction === "outbound" ? "dialling" : "ringing";
}

/** How long the caller has waited, or talked; nothing once it is over or when the start is unknown. */
export function elapsed(call, serverNow) {
  const phase = phaseOf(call);
  if (phase === "over" || phase === "wrapup") return "";
  const talking = phase === "talking" || phase === "held" || phase === "joined";
  const from = Date.parse((talking && call.pop.call?.answered_at) || call.pop.call?.started_at || "");
  const since = Number.isNaN(from) ? call.since : from;
  return clock((serverNow - since) / 1000);
}

function originOf(pop) {
  if (pop.phone.withheld) return "";
  const kind = pop.phone.kind === "unknown" || pop.phone.kind === "other" ? "" : word("phone", pop.phone.kind);
  return [kind, country(pop.phone.country)].filter(Boolean).join(" · ");
}
