/** What an agent may set: when cards open, single-key shortcuts, desktop notifications; and the ways to the reports and to one's sessions. */

import { element, setHidden, setText } from "../core/dom.js";
import { prefer, preference } from "../core/preferences.js";
import { say } from "../core/texts.js";

const OPENINGS = ["answer", "ring", "click"];
const KEYS = [
  ["1–5", "keys.candidate"],
  ["O", "keys.open"],
  ["J / K", "keys.switch"],
  ["T", "keys.ticket"],
  ["N", "keys.note"],
];

/** Return the panel. `notifier` asks the browser for leave to notify. */
export function settingsPanel(notifier) {
  const openTitle = element("legend");
  const openings = OPENINGS.map((value) => {
    const text = element("span");
    const input = element("input", { type: "radio", name: "open", value, on: { change: () => prefer("open", value) } });
    return { value, text, input, node: element("label", { class: "check" }, input, text) };
  });
  const keysText = element("span");
  const keys = element("input", { type: "checkbox", on: { change: () => prefer("keys", keys.checked) } });
  const notify = element("button", { type: "button", class: "button small", on: { click: askToNotify } });
  const notifyText = element("p", { class: "quiet" });
  const keyRows = KEYS.map(([key, text]) => {
    const words = element("dd");
    return { text, words, node: element("div", {}, element("dt", {}, element("kbd", { class: "key" }, key)), words) };
  });
  const reports = element("a", { class: "link", href: "/reports", target: "_blank", rel: "noopener" });
  const sessions = element("a", { class: "link", href: "/desk/sessions", target: "_blank", rel: "noopener" });
  const mayApprove = document.body.dataset.mayApprove === "yes";
  const approvals = element("a", { class: "link", href: "/desk/approvals", target: "_blank", rel: "noopener" });
  const node = element(
    "section",
    { class: "settings", id: "settings", hidden: true },
    element("fieldset", {}, openTitle, ...openings.map((row) => row.node)),
    element("div", { class: "settings-notify" }, notify, notifyText),
    element("label", { class: "check" }, keys, keysText),
    element("dl", { class: "key-list" }, ...keyRows.map((row) => row.node)),
    element("p", {}, reports),
    element("p", {}, sessions),
    element("p", { hidden: !mayApprove }, approvals),
  );

  async function askToNotify() {
    await notifier.ask();
    update();
  }

  function update() {
    node.setAttribute("aria-label", say("bar.settings"));
    setText(reports, say("bar.reports"));
    setText(sessions, say("bar.sessions"));
    setText(approvals, say("bar.approvals"));
    setText(openTitle, say("settings.open"));
    for (const row of openings) {
      setText(row.text, say(`settings.open_${row.value}`));
      row.input.checked = preference("open") === row.value;
    }
    setText(keysText, say("settings.keys"));
    keys.checked = preference("keys");
    const state = notifier.state();
    setHidden(notify, state === "unavailable" || state === "denied");
    setText(notify, say(state === "on" ? "settings.notify_off" : "settings.notify_on"));
    setText(notifyText, say(`settings.notify_${state}_note`));
    for (const row of keyRows) setText(row.words, say(row.text));
  }

  return { node, update };
}
