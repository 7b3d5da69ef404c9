/** "Why this?": the call's trace in words, fetched only when asked for. */

import { element, setAttribute, setHidden, setText } from "../core/dom.js";
import { say, sayOr } from "../core/texts.js";

/** Return `{toggle, node, update}`. `host.trace(path)` fetches the trace, or is null where it may not be read. */
export function whyPart(host) {
  let path = null;
  const panel = element("div", { class: "why", hidden: true, id: `why-${Math.random().toString(36).slice(2)}` });
  const toggle = element(
    "button",
    { type: "button", class: "button plain small why-toggle", "aria-expanded": "false", "aria-controls": panel.id, on: { click: flip } },
  );

  async function flip() {
    const open = panel.hidden;
    setHidden(panel, !open);
    setAttribute(toggle, "aria-expanded", String(open));
    if (!open) return;
    panel.replaceChildren(element("p", { class: "quiet" }, say("why.loading")));
    try {
      panel.replaceChildren(...traceNodes(await host.trace(path)));
    } catch {
      panel.replaceChildren(element("p", { class: "trouble" }, say("why.failed")));
    }
  }

  function update(call) {
    path = call.pop.trace ?? null;
    setHidden(toggle, !path || !host.trace);
    setText(toggle, say("why.title"));
  }

  return { toggle, node: panel, update };
}

/** A trace as nested terms: whatever the server knows is shown, in the order it tells it. */
function traceNodes(trace) {
  return [termsOf(trace)];
}

function termsOf(value) {
  if (Array.isArray(value)) return element("ol", { class: "trace-list" }, ...value.map((entry) => element("li", {}, termsOf(entry))));
  if (value === null || typeof value !== "object") return document.createTextNode(String(value ?? "–"));
  const pairs = Object.entries(value).filter(([, inner]) => inner !== null && inner !== "" && !(Array.isArray(inner) && inner.length === 0));
  return element(
    "dl",
    { class: "trace" },
    ...pairs.map(([name, inner]) =>
      element("div", {}, element("dt", {}, sayOr(`trace.${name}`, name.replaceAll("_", " "))), element("dd", { dir: "auto" }, termsOf(inner))),
    ),
  );
}
