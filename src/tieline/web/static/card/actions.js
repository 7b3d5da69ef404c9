/** What the agent may do on this call. What this page can do itself is a button; a locked action stays and says why. */

import { element, followList, setAttribute, setHidden, setText, setTextOrHide } from "../core/dom.js";
import { icon, swapIcon } from "../core/icons.js";
import { isOwner, isTaken } from "../core/calls.js";
import { say, sayOr, told } from "../core/texts.js";
import { mayLink } from "./linking.js";

const DONE_HERE = new Set(["review_later", "wrong_number", "spam"]);
const SHOWN_ELSEWHERE = new Set(["choose_customer"]); // the candidates themselves are its buttons

/** Return the part. `host.leaveForReview(call, verdict)` answers a promise. */
export function actionsPart(host) {
  let current = null;
  const title = element("h3", { class: "section-title" });
  const allowed = element("ul", { class: "allowed" });
  const buttons = element("ul", { class: "actions-list" });
  const outcome = element("p", { class: "action-outcome", role: "status" });
  const node = element("section", { class: "actions" }, title, allowed, buttons, outcome);

  async function perform(id) {
    const call = current;
    call.outcome = say("action.working");
    update(call);
    try {
      await host.leaveForReview(call, id);
      call.outcome = say(`action.${id}_done`);
    } catch (refused) {
      call.outcome = sayOr(`problem.${refused.code}`, say("action.failed"));
    }
    update(call);
  }

  function update(call) {
    current = call;
    const usable = isOwner(call.pop) && !isTaken(call);
    const actions = (usable ? (call.pop.actions ?? []) : []).filter(({ id }) => !SHOWN_ELSEWHERE.has(id) && !hasItsOwnPart(id, call, host));
    const here = actions.filter(({ id }) => DONE_HERE.has(id));
    const elsewhere = actions.filter(({ id }) => !DONE_HERE.has(id)).sort((one, other) => other.enabled - one.enabled);
    setHidden(node, actions.length === 0);
    setText(title, say("actions.title"));
    setHidden(allowed, elsewhere.length === 0);
    followList(allowed, elsewhere, { key: ({ id }) => id, create: permissionRow });
    setHidden(buttons, here.length === 0);
    followList(buttons, here, { key: ({ id }) => id, create: ({ id }) => buttonRow(() => perform(id)) });
    setText(outcome, call.outcome ?? "");
  }

  return { node, update };
}

function hasItsOwnPart(id, call, host) {
  return Boolean(id === "create_ticket" ? host.openTicket : id === "search_link" && mayLink(call, host));
}

function permissionRow() {
  let mark = icon("check");
  const label = element("span", { class: "action-label" });
  const because = element("span", { class: "action-because" });
  const node = element("li", { class: "permission" }, mark, label, because);
  return {
    node,
    update: (action) => {
      setAttribute(node, "data-locked", !action.enabled);
      mark = swapIcon(mark, action.enabled ? "check" : "lock");
      setText(label, labelOf(action));
      setTextOrHide(because, action.enabled ? "" : told(action.because));
    },
  };
}

function buttonRow(perform) {
  let enabled = false;
  const label = element("span");
  const because = element("span", { class: "action-because", id: `because-${Math.random().toString(36).slice(2)}` });
  const button = element("button", { type: "button", class: "button", on: { click: () => enabled && perform() } }, label);
  return {
    node: element("li", { class: "action" }, button, because),
    update: (action) => {
      enabled = action.enabled;
      setText(label, labelOf(action));
      setAttribute(button, "aria-disabled", enabled ? null : "true");
      setTextOrHide(because, enabled ? "" : told(action.because));
      setAttribute(button, "aria-describedby", enabled ? null : because.id);
    },
  };
}

function labelOf({ id }) {
  return sayOr(`action.${id}`, id.replaceAll("_", " "));
}
