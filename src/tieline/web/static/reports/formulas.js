/** How the figures of a panel are worked out, in which unit, and where that comes from. */

import { element, setHidden, setText } from "../core/dom.js";
import { outsideLink, safeAddress } from "../core/links.js";
import { say, sayOr } from "../core/texts.js";
import { nameOf } from "./figures.js";

/** Return `{node, update}`; `update(formulas)` takes `{figure: {unit, formula, source}}` and hides itself when there are none. */
export function formulaList() {
  const summary = element("summary");
  const list = element("dl", { class: "formulas" });
  const node = element("details", { class: "how" }, summary, list);

  function update(formulas) {
    setText(summary, say("panel.how"));
    setHidden(node, Object.keys(formulas).length === 0);
    list.replaceChildren(...Object.entries(formulas).flatMap(([name, formula]) => [element("dt", {}, nameOf(name)), told(name, formula)]));
  }

  return { node, update };
}

function told(name, { unit, formula, source }) {
  const sentence = sayOr(`formula.${name}`, formula);
  const from = source ? [" ", say("panel.source"), " ", safeAddress(source) ? outsideLink(new URL(source).hostname, source) : source] : [];
  return element("dd", {}, `${sentence} (${sayOr(`unit.${unit}`, unit)}).`, ...from);
}
