/** Several people could be calling: the agent says who it is, with a click or the keys 1 to 5. */

import { element, followList, setAttribute, setHidden, setText, setTextOrHide } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { isOwner, isTaken } from "../core/calls.js";
import { moment, percent, say, told } from "../core/texts.js";

/** Return the part. `host.choose(call, ref, remember)` answers a promise; `host.keysOn()` says whether the keys work. */
export function candidatesPart(host) {
  let current = null;
  let asked = null;
  const title = element("h3", { class: "section-title" });
  const advice = element("p", { class: "quiet" });
  const list = element("ol", { class: "candidates-list" });
  const more = element("p", { class: "quiet more" });
  const rememberText = element("span");
  const remember = element("input", { type: "checkbox" });
  const rememberRow = element("label", { class: "check" }, remember, rememberText);
  const trouble = element("p", { class: "trouble", role: "alert", hidden: true });
  const node = element("section", { class: "candidates" }, title, advice, list, more, rememberRow, trouble);

  async function choose(ref) {
    if (asked || !current || locked(current)) return;
    asked = ref;
    setHidden(trouble, true);
    update(current);
    try {
      await host.choose(current, ref, remember.checked);
    } catch {
      setText(trouble, say("candidates.failed"));
      setHidden(trouble, false);
    } finally {
      asked = null;
      update(current);
    }
  }

  function update(call) {
    current = call;
    const { pop } = call;
    const candidates = pop.candidates ?? [];
    const open = pop.match.state === "maybe" || node.contains(document.activeElement);
    setHidden(node, candidates.length === 0 || !open);
    setText(title, say("candidates.title"));
    setText(advice, say(host.keysOn() ? "candidates.advice_keys" : "candidates.advice"));
    setTextOrHide(more, pop.more_candidates ? say("candidates.more", { count: pop.more_candidates }) : "");
    setText(rememberText, say("candidates.remember"));
    setHidden(rememberRow, locked(call) || pop.phone.withheld);
    const rows = candidates.map((candidate, index) => ({
      candidate,
      index,
      locked: locked(call),
      state: candidate.ref === asked ? "asked" : candidate.ref === pop.customer?.ref ? "chosen" : "open",
    }));
    followList(list, rows, { key: (row) => row.candidate.ref, create: (row) => candidateRow(row, choose) });
  }

  /** Choose by position, counting from 1; says whether there was such a candidate. */
  function chooseAt(position) {
    const candidate = current?.pop.candidates?.[position - 1];
    if (node.hidden || !candidate) return false;
    choose(candidate.ref);
    return true;
  }

  return { node, update, chooseAt };
}

function locked(call) {
  return isTaken(call) || !isOwner(call.pop);
}

function candidateRow({ candidate }, choose) {
  const key = element("kbd", { class: "key", "aria-hidden": "true" });
  const name = element("span", { class: "candidate-name", dir: "auto" });
  const company = element("span", { class: "candidate-company", dir: "auto" });
  const reason = element("span", { class: "candidate-reason", dir: "auto" });
  const facts = element("span", { class: "candidate-facts" });
  const share = element("span", { class: "candidate-share" });
  const button = element(
    "button",
    { type: "button", class: "candidate", on: { click: () => choose(candidate.ref) } },
    key,
    icon(candidate.kind === "organization" ? "company" : "person"),
    element("span", { class: "candidate-words" }, element("span", { class: "candidate-who" }, name, company), reason, facts),
    share,
  );
  return {
    node: element("li", {}, button),
    update: ({ candidate: shown, index, locked: isLocked, state }) => {
      setText(key, index < 5 ? String(index + 1) : "");
      setText(name, shown.name ?? say("caller.nameless"));
      setTextOrHide(company, shown.company);
      setTextOrHide(reason, told(shown.reason));
      const last = shown.last_contact_at ? say("candidates.last_contact", { when: moment(shown.last_contact_at) }) : "";
      setText(facts, [say("candidates.source", { source: shown.source }), last].filter(Boolean).join(" · "));
      setText(share, state === "asked" ? say("candidates.asked") : percent(shown.confidence));
      setAttribute(button, "data-state", state);
      setAttribute(button, "aria-pressed", String(state === "chosen"));
      setAttribute(button, "aria-disabled", isLocked ? "true" : null);
    },
  };
}
