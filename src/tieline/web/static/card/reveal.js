/** A masked fact that this agent may have shown in full: with a reason, written down, and for some facts after signing in once more. */

import { element, setHidden, setText } from "../core/dom.js";
import { post } from "../core/requests.js";
import { say, sayOr } from "../core/texts.js";

const REASONS = ["callback", "delivery", "identity_check", "complaint", "correction", "data_subject_request", "legal"];
const SIGN_IN_ONCE_MORE = "step_up_required";

/** Say whether the server named this fact, for whoever this page is of. */
export function mayBeRevealed(name) {
  return (document.body.dataset.mayReveal ?? "").split(" ").includes(name);
}

/** Return the row of one fact. `callNow()` is the call the card shows. */
export function revealRow(name, callNow) {
  const term = element("dt");
  const value = element("span", { dir: "auto" });
  const ask = element("button", { type: "button", class: "button small", on: { click: open } });
  const reasons = REASONS.map((reason) => ({ reason, node: element("option", { value: reason }) }));
  const reason = element("select", {}, ...reasons.map((each) => each.node));
  const label = element("label", {}, element("span"), reason);
  const confirm = element("button", { type: "submit", class: "button small" });
  const form = element("form", { class: "fact-reveal", hidden: true, on: { submit: send } }, label, confirm);
  const trouble = element("p", { class: "quiet", role: "status", hidden: true });
  const signIn = element("a", { class: "link", href: "/desk/sign-in/step-up", hidden: true });
  const node = element("div", { class: "fact", "data-fact": name }, term, element("dd", {}, value, ask, form, trouble, signIn));
  let masked = "";

  function open() {
    setHidden(ask, true);
    setHidden(form, false);
    reason.focus();
  }

  async function send(submitted) {
    submitted.preventDefault();
    const call = callNow();
    confirm.disabled = true;
    try {
      const path = `/v1/customers/${encodeURIComponent(call.pop.customer.ref)}/reveal`;
      const answer = await post(path, { field: name, reason: reason.value });
      call.revealed = { ...call.revealed, [name]: [answer.value ?? []].flat().join(", ") };
      tell(null);
    } catch (refused) {
      tell(refused.code ?? "");
    }
    confirm.disabled = false;
    draw();
  }

  function tell(code) {
    setText(trouble, code === null ? "" : sayOr(`reveal.${code}`, say("reveal.failed")));
    setHidden(trouble, code === null);
    setHidden(signIn, code !== SIGN_IN_ONCE_MORE);
  }

  function draw() {
    const shown = callNow()?.revealed?.[name];
    setText(term, say(`field.${name}`));
    setText(value, shown ?? masked);
    setText(ask, say("reveal.show"));
    ask.setAttribute("aria-label", `${say("reveal.show")}: ${say(`field.${name}`)}`);
    setText(label.firstChild, say("reveal.reason"));
    setText(confirm, say("reveal.confirm"));
    setText(signIn, say("reveal.sign_in"));
    for (const each of reasons) setText(each.node, say(`reveal.because_${each.reason}`));
    const hidden = shown !== undefined || !masked.includes("*");
    if (hidden) setHidden(form, true);
    setHidden(ask, hidden || !form.hidden);
  }

  return {
    node,
    update: (row) => {
      masked = row.value;
      draw();
    },
  };
}
