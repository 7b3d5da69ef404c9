/** Quiet one-line notices about the card itself: it was taken back, you only listen in, it is yours now. */

import { element, setAttribute, setHidden, setText } from "../core/dom.js";
import { icon, swapIcon } from "../core/icons.js";
import { isOwner } from "../core/calls.js";
import { moment, say, sayOr } from "../core/texts.js";

const OWNED_SHOWN_MS = 20_000;

/** Return the part. `host.close(call)` puts a finished card away. */
export function stripsPart(host) {
  let current = null;
  const text = element("span", { class: "strip-text" });
  const close = element("button", { type: "button", class: "button small", on: { click: () => host.close(current) } });
  let mark = icon("check");
  const node = element("div", { class: "strip" }, mark, text, close);

  function update(call) {
    current = call;
    const notice = noticeOf(call, host.now());
    setHidden(node, !notice);
    setHidden(close, !call.over);
    setText(close, say("card.close"));
    if (!notice) return;
    setAttribute(node, "data-kind", notice.kind);
    mark = swapIcon(mark, notice.icon);
    setText(text, notice.text);
  }

  return { node, update };
}

function noticeOf(call, now) {
  const from = call.pop.call?.transferred_from;
  if (call.over) {
    const why = sayOr(`withdrawn.${call.over.reason}`, say("withdrawn.call_over"));
    return { kind: "over", icon: "off", text: `${why} · ${moment(new Date(call.over.at).toISOString())}` };
  }
  if (call.ownedSince && now - call.ownedSince < OWNED_SHOWN_MS) {
    return { kind: "owned", icon: "check", text: from ? say("strip.owned_from", { agent: from }) : say("strip.owned") };
  }
  if (isOwner(call.pop)) return null; // where it came from is told by a hint
  return { kind: "join", icon: "people", text: from ? say("strip.join_from", { agent: from }) : say("strip.join") };
}
