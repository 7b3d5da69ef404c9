/** What the agent may do next. A locked action stays where it is and says why. */

import { element, followList, setAttribute, setHidden, setText, setTextOrHide } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { isOwner } from "../core/calls.js";
import { say, sayOr, told } from "../core/texts.js";

/** Return the part. `host.perform(call, action)` does it and answers a promise of the words that confirm it. */
export function actionsPart(host) {
  let current = null;
  const list = element("ul", { class: "actions-list" });
  const outcome = element("p", { class: "action-outcome", role: "status" });
  const node = element("section", { class: "actions" }, list, outcome);

  async function perform(action) {
    setText(outcome, say("action.working"));
    try {
      setText(outcome, (await host.perform(current, action)) || say("action.done"));
    } catch (refused) {
      setText(outcome, sayOr(`problem.${refused.code}`, say("action.failed")));
    }
  }

  function update(call) {
    current = call;
    const usable = isOwner(call.pop) && !call.withdrawn;
    const actions = usable ? (call.pop.actions ?? []) : [];
    setHidden(node, actions.length === 0);
    setAttribute(node, "aria-label", say("actions.title"));
    followList(list, actions, { key: (action) => action.id, create: (action) => actionRow(action, perform) });
  }

  return { node, update };
}

function actionRow({ id }, perform) {
  let enabled = false;
  const label = element("span");
  const lock = icon("lock");
  const because = element("span", { class: "action-because", id: `because-${id}-${crypto.randomUUID?.() ?? Math.random()}` });
  const button = element("button", { type: "button", class: "button", on: { click: () => enabled && perform(id) } }, lock, label);
  return {
    node: element("li", { class: "action" }, button, because),
    update: (action) => {
      enabled = action.enabled;
      setText(label, sayOr(`action.${action.id}`, action.id.replaceAll("_", " ")));
      lock.toggleAttribute("hidden", enabled);
      setAttribute(button, "aria-disabled", enabled ? null : "true");
      setTextOrHide(because, enabled ? "" : told(action.because));
      setAttribute(button, "aria-describedby", because.hidden ? null : because.id);
    },
  };
}
