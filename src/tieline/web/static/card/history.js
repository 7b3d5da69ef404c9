/** What happened with this customer, or on this number, before. */

import { element, followList, setAttribute, setHidden, setText, setTextOrHide } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { moment, say, sayOr, told, word } from "../core/texts.js";

const ICONS = { call: "incoming", ticket: "ticket", feedback: "speech" };

/** Return the part. A shared number's past is the line's, never the person's, and is titled so. */
export function historyPart() {
  const title = element("h3", { class: "section-title" });
  const list = element("ol", { class: "timeline" });
  const node = element("section", { class: "history panel" }, element("header", { class: "block-head" }, icon("history"), title), list);

  function update(call) {
    const entries = call.pop.history ?? [];
    setHidden(node, entries.length === 0);
    setText(title, say(call.pop.match.state === "known" ? "history.title" : "history.title_line"));
    const rows = entries.map((entry, index) => ({ entry, id: `${entry.kind} ${entry.at} ${entry.call_id ?? index}` }));
    followList(list, rows, { key: (row) => row.id, create: entryRow });
  }

  return { node, update };
}

function entryRow({ entry: { kind } }) {
  const when = element("time", { class: "timeline-when" });
  const summary = element("span", { class: "timeline-summary", dir: "auto" });
  const facts = element("span", { class: "quiet" });
  const node = element(
    "li",
    { class: "timeline-entry", "data-kind": kind },
    icon(ICONS[kind] ?? "history"),
    element("div", {}, element("p", {}, summary), element("p", { class: "timeline-facts" }, when, facts)),
  );
  return {
    node,
    update: ({ entry }) => {
      setAttribute(when, "datetime", entry.at);
      setText(when, moment(entry.at));
      setText(summary, entry.kind === "call" ? sayOr(`direction.${entry.summary.split(" ")[0]}`, told(entry.summary)) : told(entry.summary));
      const agent = entry.agent ? say("history.agent", { agent: entry.agent }) : "";
      setTextOrHide(facts, [entry.outcome ? word("outcome", entry.outcome) : "", agent].filter(Boolean).join(" · "));
    },
  };
}
