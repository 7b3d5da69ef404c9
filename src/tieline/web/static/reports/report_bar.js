/** The bar of the reports: where one is, the language, the wall view, printing. */

import { element, setAttribute, setHidden, setText } from "../core/dom.js";
import { LANGUAGES, say, spoken } from "../core/texts.js";

/** Return the bar. `host.speak(language)` changes the language; `mayLeave`: there is a session to end. */
export function reportBar({ mayLeave, host }) {
  const title = element("h1", { class: "bar-agent" });
  const buttons = new Map(
    LANGUAGES.map((language) => [
      language,
      element("button", { type: "button", class: "language", lang: language, on: { click: () => host.speak(language) } }, language === "en" ? "EN" : "中文"),
    ]),
  );
  const languages = element("div", { class: "languages", role: "group" }, ...buttons.values());
  const wallLink = element("a", { class: "button small plain", href: "/reports?wall=1" });
  const print = element("button", { type: "button", class: "button small plain", on: { click: () => window.print() } });
  const leave = element("button", { type: "submit", class: "button plain small" });
  const leaving = element("form", { method: "post", action: "/desk/sign-out", class: "bar-leave" }, leave);
  setHidden(leaving, !mayLeave);
  const node = element(
    "header",
    { class: "bar" },
    element("p", { class: "brand" }, element("span", { class: "brand-mark", "aria-hidden": "true" }), "Tieline"),
    title,
    element("div", { class: "bar-tools" }, wallLink, print, languages, leaving),
  );

  function update() {
    setText(title, say("reports.title"));
    setText(wallLink, say("bar.wall"));
    setText(print, say("bar.print"));
    setText(leave, say("bar.sign_out"));
    setAttribute(languages, "aria-label", say("bar.language"));
    for (const [language, button] of buttons) setAttribute(button, "aria-pressed", String(language === spoken()));
  }

  return { node, update };
}
