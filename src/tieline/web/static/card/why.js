/** "Why this?": the call's trace in words, fetched only when asked for. */

import { element, setAttribute, setHidden, setText } from "../core/dom.js";
import { say } from "../core/texts.js";
import { traceNodes } from "./trace.js";

/** Return `{toggle, node, update}`. `host.trace(path)` fetches the trace, or is null where it may not be read. */
export function whyPart(host) {
  let current = null;
  const panel = element("div", { class: "why", hidden: true, id: `why-${Math.random().toString(36).slice(2)}` });
  const toggle = element("button", {
    type: "button",
    class: "button plain small why-toggle",
    "aria-expanded": "false",
    "aria-controls": panel.id,
    on: { click: flip },
  });

  async function flip() {
    const open = panel.hidden;
    setHidden(panel, !open);
    setAttribute(toggle, "aria-expanded", String(open));
    if (open) await fill();
  }

  async function fill() {
    const { trace, pop_id: popId } = current.pop;
    panel.replaceChildren(element("p", { class: "quiet" }, say("why.loading")));
    try {
      panel.replaceChildren(...traceNodes(await host.trace(trace), popId));
    } catch {
      panel.replaceChildren(element("p", { class: "trouble" }, say("why.failed")));
    }
  }

  function update(call) {
    current = call;
    setHidden(toggle, !call.pop.trace || !host.trace);
    setText(toggle, say("why.title"));
  }

  return { toggle, node: panel, update };
}
