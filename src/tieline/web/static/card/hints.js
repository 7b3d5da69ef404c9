/** What the agent should know or say first: banners, warnings, a transfer's story, scripts. */

import { element, followList, setAttribute, setHidden, setText, setTextOrHide } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { say, told } from "../core/texts.js";

const ICONS = { banner: "bell", warning: "warning", transfer: "transfer", script: "speech" };

/** Return the part. */
export function hintsPart() {
  const node = element("ul", { class: "hints" });

  function update(call) {
    const hints = call.pop.hints ?? [];
    setHidden(node, hints.length === 0);
    setAttribute(node, "aria-label", say("hints.title"));
    followList(node, hints, { key: (hint) => `${hint.kind} ${hint.text}`, create: hintRow });
  }

  return { node, update };
}

function hintRow({ kind }) {
  const text = element("span", { class: "hint-text", dir: "auto" });
  const because = element("span", { class: "hint-because" });
  const node = element("li", { class: "hint", "data-kind": kind }, icon(ICONS[kind] ?? "bell"), element("div", {}, text, because));
  return {
    node,
    update: (hint) => {
      setText(text, told(hint.text));
      setTextOrHide(because, hint.because ? say("hints.because", { why: told(hint.because) }) : "");
    },
  };
}
