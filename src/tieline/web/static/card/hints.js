/** What the agent should know or say first: banners, warnings, a transfer's story, scripts. */

import { element, followList, setAttribute, setHidden, setText, setTextOrHide } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { say, sayOr, told } from "../core/texts.js";

const FAMILIES = { churn_risk: "risk" };
const ICONS = { banner: "bell", warning: "warning", transfer: "transfer", script: "speech" };

/** Return the part. */
export function hintsPart() {
  const node = element("ul", { class: "hints" });

  function update(call) {
    const hints = call.pop.hints ?? [];
    setHidden(node, hints.length === 0);
    setAttribute(node, "aria-label", say("hints.title"));
    const rows = hints.map((hint) => ({ hint, because: becauseOf(hint.because, call.pop.match.reason) }));
    followList(node, rows, { key: ({ hint }) => `${hint.kind} ${hint.text}`, create: hintRow });
  }

  return { node, update };
}

/** `churn_risk=high` in words; what the match has said already, or what has no words, is left out. */
function becauseOf(because, matchReason) {
  const [, name, value, mark] = /^(\w+)=([^,]*)(,.*)?$/.exec(because) ?? [];
  if (!name) return because === matchReason || !because.includes(" ") ? "" : told(because);
  const words = sayOr(`because.${name}`, "").replace("{value}", sayOr(`${FAMILIES[name] ?? name}.${value}`, value));
  return mark ? say("hints.aged", { why: words }) : words;
}

function hintRow({ hint: { kind } }) {
  const text = element("span", { class: "hint-text", dir: "auto" });
  const because = element("span", { class: "hint-because" });
  const node = element("li", { class: "hint", "data-kind": kind }, element("span", { class: "hint-mark" }, icon(ICONS[kind] ?? "bell")), element("div", {}, text, because));
  return {
    node,
    update: ({ hint, because: why }) => {
      setText(text, told(hint.text));
      setTextOrHide(because, why);
    },
  };
}
