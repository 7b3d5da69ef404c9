/** What happened with this customer, or on this number, before. */

import { element, followList, setAttribute, setHidden, setText, setTextOrHide } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { moment, say, sayOr, told, word } from "../core/texts.js";

const ICONS = { call: "incoming", ticket: "ticket", feedback: "speech" };
const FOLDED_ENTRIES = 5;
const LINE_RULES = new Set(["choice", "remembered", "shared"]);

/** Return the part. A shared number's past is the line's, never the person's, and is titled so. */
export function historyPart() {
  let current = null;
  let unfolded = false;
  const title = element("h3", { class: "section-title" });
  const list = element("ol", { class: "timeline" });
  const fold = element("button", { type: "button", class: "button plain small", on: { click: toggle } });
  const head = element("header", { class: "block-head" }, icon("history"), title);
  const node = element("section", { class: "history panel" }, head, list, element("p", { class: "block-foot" }, fold));

  function toggle() {
    unfolded = !unfolded;
    update(current);
  }

  function update(call) {
    current = call;
    const entries = call.pop.history ?? [];
    setHidden(node, entries.length === 0);
    setText(title, say(isOnePersons(call.pop.match) ? "history.title" : "history.title_line"));
    const rows = entries.map((entry, index) => ({ entry, id: `${entry.kind} ${entry.at} ${entry.call_id ?? index}` }));
    followList(list, unfolded ? rows : rows.slice(0, FOLDED_ENTRIES), { key: (row) => row.id, create: entryRow });
    setHidden(fold, entries.length <= FOLDED_ENTRIES);
    setText(fold, unfolded ? say("block.fewer") : say("block.all", { count: entries.length }));
    setAttribute(fold, "aria-expanded", String(unfolded));
  }

  return { node, update };
}

/** Where several share the number, its past is not known to be this person's, even when one of them was chosen. */
function isOnePersons({ state, rule }) {
  return state === "known" && !LINE_RULES.has(rule);
}

function entryRow({ entry: { kind } }) {
  const when = element("time", { class: "timeline-when" });
  const summary = element("span", { class: "timeline-summary", dir: "auto" });
  const facts = element("span", { class: "timeline-facts" });
  const words = element("p", { class: "timeline-words" }, summary, when, facts);
  return {
    node: element("li", { class: "timeline-entry", "data-kind": kind }, icon(ICONS[kind] ?? "history"), words),
    update: ({ entry }) => {
      setAttribute(when, "datetime", entry.at);
      setText(when, moment(entry.at));
      setText(summary, summaryOf(entry));
      const agent = entry.agent ? say("history.agent", { agent: entry.agent }) : "";
      setTextOrHide(facts, [entry.outcome ? word("outcome", entry.outcome) : "", agent].filter(Boolean).join(" · "));
    },
  };
}

/** A call's summary begins with its direction; its outcome is told beside it. */
function summaryOf({ kind, summary }) {
  return kind === "call" ? sayOr(`direction.${summary.split(" ")[0]}`, told(summary)) : told(summary);
}
