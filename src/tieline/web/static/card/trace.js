/** A call's trace as sections: what decided, who might have been meant, who was asked, what the exchange told, who saw it. */

import { element } from "../core/dom.js";
import { moment, percent, reason, say, sayOr, told, word } from "../core/texts.js";

/** Return the nodes that tell why this pop shows what it shows. */
export function traceNodes(trace, popId) {
  const pop = trace.pops?.find((one) => one.pop_id === popId) ?? trace.pops?.[0] ?? {};
  const sections = [
    ["why.decided", decision(pop.decided)],
    ["why.candidates", (pop.candidates ?? []).map(candidate)],
    ["why.sources", (pop.sources ?? []).map(source)],
    ["why.events", (trace.events ?? []).map(event)],
    ["why.delivered", delivery(pop)],
  ];
  const known = sections.filter(([, lines]) => lines.length);
  if (!known.length) return [element("p", { class: "quiet" }, say("why.nothing"))];
  return known.map(([title, lines]) => section(say(title), lines));
}

function section(title, lines) {
  const rows = lines.map(([main, ...facts]) => {
    const detail = facts.filter(Boolean).join(" · ");
    return element("li", { dir: "auto" }, element("span", { class: "trace-main" }, main), detail ? element("span", { class: "quiet" }, detail) : null);
  });
  return element("section", { class: "trace" }, element("h3", { class: "trace-title" }, title), element("ul", {}, ...rows));
}

function decision(decided) {
  if (!decided) return [];
  const sure = decided.confidence ? percent(decided.confidence) : "";
  return [[say(`match.${decided.state}`), told(decided.reason), sure, decided.ref]];
}

function candidate({ ref, score, rule, because = [] }) {
  return [ref, percent(score), reason(rule), ...because.map(reason)];
}

function source({ source: name, operation, state, error, pending, took_ms: took, records }) {
  const outcome = pending ? say("fresh.pending", { source: name }) : error ? sayOr(`failure.${error}`, error).replaceAll("{source}", name) : say(`fresh.${state}`);
  const found = records ? say("why.records", { count: records }) : "";
  return [name, operation, outcome, took === null || took === undefined ? "" : say("fresh.took", { ms: took }), found];
}

function event({ type, at, agent, queue, effect }) {
  return [word("event", type), moment(at), agent, queue, effectOf(effect)];
}

/** `show 1001: rang, withdraw 1002: missed` or `suppressed: internal`, in words where we have them. */
function effectOf(effect) {
  return (effect ?? "").split(", ").map(oneEffect).join(", ");
}

function oneEffect(text) {
  const [, kind, agent, why] = /^(show|join|update|withdraw) (\S+): (\w+)$/.exec(text) ?? [];
  if (!kind) return sayOr(`effect.${text}`, text.replaceAll("_", " "));
  return say(`effect.${kind}`, { agent, why: word("reason", why) });
}

function delivery(pop) {
  const steps = ["promised", "shown", "acked", "withdrawn"].filter((step) => pop[`${step}_at`]);
  return steps.map((step) => [say(`why.${step}`), moment(pop[`${step}_at`]), step === "acked" ? pop.acked_by : ""]);
}
