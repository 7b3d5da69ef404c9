/** The large area: the card in front, or what there is to say when there is none. */

import { element, followList, setHidden, setText } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { callCard } from "../card/card.js";
import { say } from "../core/texts.js";

/** Return the board. `host` is passed on to the cards; `host.claim()` takes the lead from another tab. */
export function board(host) {
  const cards = element("div", { class: "cards" });
  const idleTitle = element("h2");
  const idleText = element("p", { class: "quiet" });
  const idle = element("section", { class: "idle" }, element("div", { class: "idle-mark" }, icon("incoming")), idleTitle, idleText);
  const elsewhereTitle = element("h2");
  const elsewhereText = element("p", { class: "quiet" });
  const here = element("button", { type: "button", class: "button primary", on: { click: () => host.claim() } });
  const elsewhere = element("section", { class: "idle elsewhere" }, element("div", { class: "idle-mark" }, icon("people")), elsewhereTitle, elsewhereText, here);
  const node = element("main", { id: "main", class: "board", tabindex: "-1" }, elsewhere, idle, cards);
  let rows = new Map();
  let front = null;

  function update(calls, { leads }) {
    front = calls.front;
    setHidden(elsewhere, leads);
    setHidden(cards, !leads);
    setHidden(idle, !leads || front !== null);
    setText(elsewhereTitle, say("elsewhere.title"));
    setText(elsewhereText, say("elsewhere.text"));
    setText(here, say("elsewhere.use_here"));
    setText(idleTitle, say("idle.title"));
    setText(idleText, say("idle.text"));
    const shown = leads ? [...calls.live.values()] : [];
    rows = followList(cards, shown, { key: (call) => call.popId, create: () => callCard(host) });
    for (const [popId, card] of rows) setHidden(card.node, popId !== front);
  }

  return {
    node,
    update,
    card: (popId) => rows.get(popId),
    frontCard: () => rows.get(front),
    tick: () => rows.forEach((card) => card.node.hidden || card.tick()),
  };
}
