/** One call's card: its parts in their order, made once and from then on only updated in place. */

import { element, isBeingEdited, setAttribute, setHidden, setText } from "../core/dom.js";
import { say } from "../core/texts.js";
import { actionsPart } from "./actions.js";
import { blocksPart } from "./blocks.js";
import { callerPart } from "./caller.js";
import { candidatesPart } from "./candidates.js";
import { hintsPart } from "./hints.js";
import { historyPart } from "./history.js";
import { linkingPart } from "./linking.js";
import { matchPart } from "./match.js";
import { notePart } from "./note.js";
import { profilePart } from "./profile.js";
import { stripsPart } from "./strips.js";
import { ticketPart } from "./ticket.js";
import { whyPart } from "./why.js";

/** Return the card of a call. `host` offers what the parts ask for, and `isOpen(call)` and `open(call)`. */
export function callCard(host) {
  let current = null;
  const caller = callerPart(host);
  const note = notePart(host);
  const candidates = candidatesPart(host);
  const ticket = ticketPart(host);
  const linking = linkingPart(host);
  const whenOpen = [candidates, profilePart(), note, ticket, blocksPart(host), historyPart(), actionsPart(host), linking];
  const [, profile, , , blocks, history, actions] = whenOpen;
  const always = [caller, stripsPart(host), matchPart(whyPart(host)), hintsPart()];
  const open = element("button", { type: "button", class: "button primary", on: { click: () => host.open(current) } });
  const openKey = element("kbd", { class: "key", "aria-hidden": "true" }, "O");
  const openText = element("span");
  open.append(openText, openKey);
  const glance = element("p", { class: "glance" });
  const preview = element("div", { class: "preview-foot" }, open, glance);
  const side = element("div", { class: "column-side" }, profile.node, note.node);
  const main = element("div", { class: "column-main" }, ticket.node, blocks.node, history.node);
  const columns = element("div", { class: "columns" }, side, main);
  const body = element("div", { class: "card-body" }, candidates.node, linking.node, columns, actions.node);
  const node = element("article", { class: "card" }, ...always.map((part) => part.node), preview, body);
  caller.name.id = `caller-${Math.random().toString(36).slice(2)}`;
  node.setAttribute("aria-labelledby", caller.name.id);

  function update(call) {
    current = call;
    const isOpen = host.isOpen(call);
    setAttribute(node, "data-view", isOpen ? "open" : "preview");
    setAttribute(node, "data-match", call.pop.match.state);
    setAttribute(node, "data-over", Boolean(call.over));
    setHidden(preview, isOpen);
    setHidden(body, !isOpen);
    setText(openText, say("card.open"));
    setText(glance, glanceOf(call.pop));
    setHidden(openKey, !host.keysOn());
    for (const part of always) part.update(call);
    for (const part of whenOpen) part.update(call);
    const single = blocks.node.hidden && history.node.hidden && ticket.node.hidden;
    setHidden(main, single);
    setAttribute(columns, "data-single", single);
  }

  return {
    node,
    update,
    tick: () => caller.tick(current),
    chooseAt: (position) => !body.hidden && candidates.chooseAt(position),
    focusNote: () => note.focus(),
    openTicketForm: () => !body.hidden && !ticket.node.hidden && Boolean(ticket.openForm()),
    isBusy: () => isBeingEdited(node),
  };
}

/** What the closed card promises: how many orders, how many tickets. */
function glanceOf(pop) {
  if (pop.match.state !== "known") return "";
  return Object.entries(pop.blocks ?? {})
    .filter(([name, block]) => name !== "account" && block.items.length)
    .map(([name, block]) => say(`glance.${name.split("@")[0]}`, { count: block.items.length }))
    .join(" · ");
}
