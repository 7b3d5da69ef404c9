/** The bar above everything: whose desk this is, whether it is connected, the language, the settings. */

import { element, setAttribute, setHidden, setText } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { LANGUAGES, say, spoken } from "../core/texts.js";

/** Return the bar. `host.speak(language)` changes the language; `settings` is the panel behind the button. */
export function topBar({ agent, agentName, mayLeave, settings, host }) {
  const who = element("span", { class: "bar-agent", dir: "auto" }, agentName || agent);
  const dot = element("span", { class: "link-dot", "aria-hidden": "true" });
  const words = element("span", { class: "link-words" });
  const connection = element("p", { class: "link-state", role: "status" }, dot, words);
  const buttons = new Map(
    LANGUAGES.map((language) => [
      language,
      element("button", { type: "button", class: "language", lang: language, on: { click: () => host.speak(language) } }, language === "en" ? "EN" : "中文"),
    ]),
  );
  const languages = element("div", { class: "languages", role: "group" }, ...buttons.values());
  const settingsText = element("span", { class: "visually-hidden" });
  const toggle = element(
    "button",
    { type: "button", class: "button icon-only", "aria-expanded": "false", "aria-controls": settings.node.id, on: { click: flip } },
    icon("settings"),
    settingsText,
  );
  const leave = element("button", { type: "submit", class: "button plain" });
  const leaving = element("form", { method: "post", action: "/desk/sign-out", class: "bar-leave", hidden: !mayLeave }, leave);
  const node = element(
    "header",
    { class: "bar" },
    element("p", { class: "brand" }, element("span", { class: "brand-mark", "aria-hidden": "true" }), "Tieline"),
    who,
    connection,
    languages,
    toggle,
    leaving,
    settings.node,
  );
  node.addEventListener("keydown", (press) => {
    if (press.key === "Escape" && !settings.node.hidden) {
      flip();
      toggle.focus();
    }
  });

  function flip() {
    setHidden(settings.node, !settings.node.hidden);
    setAttribute(toggle, "aria-expanded", String(!settings.node.hidden));
  }

  function update(state) {
    setAttribute(connection, "data-state", state);
    setText(words, say(`link.${state}`));
    setAttribute(languages, "aria-label", say("bar.language"));
    for (const [language, button] of buttons) setAttribute(button, "aria-pressed", String(language === spoken()));
    setText(settingsText, say("bar.settings"));
    setAttribute(toggle, "title", say("bar.settings"));
    setText(leave, say("bar.sign_out"));
    settings.update();
  }

  return { node, update };
}
