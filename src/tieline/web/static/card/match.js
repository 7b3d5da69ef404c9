/** How sure we are who calls, why, and how far that may be trusted. */

import { element, followList, setAttribute, setHidden, setText, setTextOrHide } from "../core/dom.js";
import { percent, say, told } from "../core/texts.js";
import { kindOf } from "./blocks.js";
import { freshnessBadge } from "./freshness.js";

/** Return the part. `whyPart` is the "why this?" panel that belongs to it. */
export function matchPart(whyPart) {
  const state = element("strong", { class: "match-state" });
  const fill = element("span", { class: "confidence-fill" });
  const bar = element("span", { class: "confidence", role: "meter", "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
  const share = element("span", { class: "match-share" });
  const reason = element("span", { class: "match-reason" });
  const level = element("span", { class: "match-level" });
  const sources = element("ul", { class: "match-sources" });
  const node = element(
    "div",
    { class: "match" },
    element("p", { class: "match-line" }, state, bar, share, reason, whyPart.toggle),
    element("div", { class: "match-line" }, level, sources),
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
    const asked = Object.entries(call.pop.blocks ?? {}).filter(([name, block]) => kindOf(name) === "profile" && isWorthTelling(block));
    setHidden(sources, asked.length === 0);
    followList(sources, asked, { key: ([name]) => name, create: sourceRow });
    whyPart.update(call);
  }

  return { node, update };
}

/** A system that answered just now needs no mention; one that did not may be why nobody was found. */
function isWorthTelling(block) {
  return block.pending || block.state !== "live";
}

function sourceRow() {
  const badge = freshnessBadge({ named: true });
  return { node: element("li", {}, badge.node), update: ([, block]) => badge.update(block) };
}
