/** The agent's scratch pad for one call. It stays in this browser's memory and is never stored or sent. */

import { element, setAttribute, setText } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { say } from "../core/texts.js";

/** Return the part. `host.noted(call)` hears of every change, so that the other tabs can take the note over. */
export function notePart(host) {
  let current = null;
  const title = element("span");
  const advice = element("p", { class: "quiet note-advice" });
  const field = element("textarea", { class: "note-field", rows: "4", dir: "auto", spellcheck: "true", on: { input: write } });
  const copyText = element("span");
  const copy = element("button", { type: "button", class: "button plain small", on: { click: copyOut } }, icon("copy"), copyText);
  const label = element("label", { class: "section-title note-title" }, title);
  const node = element("section", { class: "note panel" }, element("header", { class: "block-head" }, icon("note"), label, copy), field, advice);
  field.id = `note-${Math.random().toString(36).slice(2)}`;
  label.htmlFor = field.id;

  function write() {
    current.note = field.value;
    host.noted(current);
  }

  async function copyOut() {
    try {
      await navigator.clipboard.writeText(field.value);
      setText(copyText, say("note.copied"));
    } catch {
      field.select();
    }
  }

  function update(call) {
    current = call;
    setText(title, say("note.title"));
    setText(copyText, say("note.copy"));
    setText(advice, say("note.advice"));
    setAttribute(field, "placeholder", say("note.placeholder"));
    if (document.activeElement !== field && field.value !== call.note) field.value = call.note;
  }

  return { node, update, focus: () => field.focus() };
}
