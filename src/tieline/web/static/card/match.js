/** How sure we are who calls, why, and how far that may be trusted. */

import { element, setAttribute, setHidden, setText, setTextOrHide } from "../core/dom.js";
import { percent, say, told } from "../core/texts.js";

/** Return the part. `whyPart` is the "why this?" panel that belongs to it. */
export function matchPart(whyPart) {
  const state = element("strong", { class: "match-state" });
  const fill = element("span", { class: "confidence-fill" });
  const bar = element("span", { class: "confidence", role: "meter", "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
  const share = element("span", { class: "match-share" });
  const reason = element("span", { class: "match-reason" });
  const level = element("p", { class: "match-level" });
  const node = element(
    "div",
    { class: "match" },
    element("p", { class: "match-line" }, state, bar, share, reason, whyPart.toggle),
    level,
    whyPart.node,
  );

  function update(call) {
    const { match } = call.pop;
    setAttribute(node, "data-match", match.state);
    setText(state, say(`match.${match.state}`));
    const measured = match.state === "known" || match.state === "maybe";
    setHidden(bar, !measured);
    const hundredths = Math.round(match.confidence * 100);
    setAttribute(bar, "aria-valuenow", hundredths);
    fill.style.inlineSize = `${hundredths}%`;
    setAttribute(bar, "aria-label", say("match.confidence"));
    setTextOrHide(share, measured ? percent(match.confidence) : "");
    setTextOrHide(reason, told(match.reason));
    setTextOrHide(level, measured ? say(`identity.${match.identity_level ?? 0}`) : "");
    setAttribute(level, "data-level", match.identity_level ?? 0);
    whyPart.update(call);
  }

  return { node, update };
}
