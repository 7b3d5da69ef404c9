/** How far an answer may be trusted: its state and age as a coloured badge with words. */

import { element, setAttribute, setText } from "../core/dom.js";
import { icon, swapIcon } from "../core/icons.js";
import { moment, say, sayOr } from "../core/texts.js";

const ICONS = { live: "check", cached: "clock", stale: "warning", unavailable: "off" };

/** Return a badge. `update(block)` shows the block's state; `named` puts the system's name in front. */
export function freshnessBadge({ named = false } = {}) {
  let mark = icon("clock");
  const text = element("span", { class: "freshness-text" });
  const node = element("span", { class: "freshness" }, mark, text);

  function update(block) {
    const looks = looksOf(block);
    setAttribute(node, "data-state", looks);
    mark = swapIcon(mark, ICONS[looks] ?? "clock");
    const words = freshnessOf(block);
    setText(text, named && !words.includes(block.source) ? `${block.source}: ${words}` : words);
    setAttribute(node, "title", detailOf(block));
  }

  return { node, update };
}

/** live, cached, stale, unavailable, or pending while nothing is there yet. */
export function looksOf(block) {
  return block.pending && block.items.length === 0 && block.state === "unavailable" ? "pending" : block.state;
}

/** One line: "live", "as of 14:02, ERP not reachable", "no answer yet". */
function freshnessOf(block) {
  const { source, as_of: asOf, error, pending } = block;
  const looks = looksOf(block);
  if (looks === "pending") return say("fresh.pending", { source });
  if (looks === "live") return say("fresh.live");
  const failure = sayOr(`failure.${error}`, say("fresh.unavailable")).replaceAll("{source}", source);
  if (looks === "unavailable") return failure;
  const since = asOf ? say("fresh.as_of", { when: moment(asOf) }) : say(`fresh.${looks}`);
  const why = pending ? say("fresh.asking") : error ? failure : "";
  return why ? say("fresh.both", { since, why }) : since;
}

function detailOf(block) {
  const took = block.took_ms === null || block.took_ms === undefined ? "" : say("fresh.took", { ms: block.took_ms });
  const since = block.as_of ? say("fresh.as_of", { when: moment(block.as_of) }) : "";
  return [say("fresh.source", { source: block.source }), since, took, block.error ?? ""].filter(Boolean).join(" · ");
}
