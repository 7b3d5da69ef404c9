/** What a customer meant: their words, what they were taken to mean and why, and the reader's own word, which counts instead. */

import { element, setAttribute, setHidden, setText } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { put, read } from "../core/requests.js";
import { moment, say, sayOr, word } from "../core/texts.js";
import { causeName, learnTree } from "./tree.js";

const MOODS = ["negative", "neutral", "positive"];

/** Return `{node, open}`. `open(id)` shows one piece of feedback; who `mayCorrect` may say otherwise, and `changed()` hears of it. */
export function meaningDialog({ nameOf, mayCorrect, changed }) {
  const title = element("h2", { id: "meaning-title" });
  const closeText = element("span", { class: "visually-hidden" });
  const close = element("button", { type: "button", class: "button icon-only", on: { click: () => node.close() } }, icon("close"), closeText);
  const said = element("blockquote", { class: "said", dir: "auto" });
  const facts = element("dl", { class: "meant" });
  const causes = element("div", { class: "causes" });
  const moods = element("div", { class: "moods" });
  const causesName = element("legend");
  const moodsName = element("legend");
  const status = element("p", { class: "panel-status quiet", role: "status" });
  const save = element("button", { type: "submit", class: "button primary" });
  const form = element(
    "form",
    { on: { submit: (event) => keep(event) } },
    element("fieldset", { class: "choice" }, causesName, causes),
    element("fieldset", { class: "choice" }, moodsName, moods),
    save,
  );
  const node = element(
    "dialog",
    { class: "rows-dialog meaning", "aria-labelledby": title.id },
    element("div", { class: "panel-head" }, title, element("div", { class: "panel-tools" }, close)),
    said,
    facts,
    form,
    status,
  );
  let shown = null;

  async function open(id) {
    shown = null;
    setText(title, say("meaning.title"));
    setText(closeText, say("rows.close"));
    tell(say("panel.waiting"));
    for (const part of [said, facts, form]) setHidden(part, true);
    if (!node.open) node.showModal();
    await attempt(async () => {
      const [tree, found] = await Promise.all([learnTree(), read(`/v1/feedback/${encodeURIComponent(id)}`)]);
      show(found, tree);
      tell("");
    });
  }

  async function keep(event) {
    event.preventDefault();
    const picked = [...causes.querySelectorAll("input:checked")].map(({ value }) => value);
    const mood = moods.querySelector("input:checked")?.value ?? null;
    setAttribute(save, "disabled", true);
    await attempt(async () => {
      show(await put(`/v1/feedback/${encodeURIComponent(shown.id)}/meaning`, { causes: picked, sentiment: mood }), await learnTree());
      tell(say("meaning.kept"));
      changed();
    });
    setAttribute(save, "disabled", false);
  }

  async function attempt(work) {
    try {
      await work();
    } catch (refused) {
      if (refused.status === undefined) throw refused;
      tell(sayOr(`trouble.${refused.code}`, say("trouble.other")));
    }
  }

  function show(found, tree) {
    shown = found;
    const score = found.score === null ? "" : ` ${found.score}`;
    setText(title, `${word("kind", found.kind)}${score} · ${moment(found.at)}`);
    setText(said, found.text ?? say("meaning.no_words"));
    facts.replaceChildren(...factsOf(found, nameOf).flatMap(([name, value]) => [element("dt", {}, name), element("dd", { dir: "auto" }, value)]));
    const meant = found.corrected ?? { causes: found.causes.length ? found.causes : (found.understood?.causes ?? []).map(({ id }) => id), sentiment: found.understood?.sentiment };
    setText(causesName, say("meaning.causes"));
    setText(moodsName, say("meaning.mood"));
    setText(save, found.corrected ? say("meaning.change") : say("meaning.keep"));
    causes.replaceChildren(...tree.map((cause) => option("checkbox", "cause", cause.id, causeName(cause.id), meant.causes.includes(cause.id), cause.parent)));
    moods.replaceChildren(...MOODS.map((mood) => option("radio", "mood", mood, say(`mood.${mood}`), meant.sentiment === mood)));
    for (const part of [said, facts]) setHidden(part, false);
    setHidden(form, !mayCorrect);
  }

  function tell(sentence) {
    setText(status, sentence);
    setHidden(status, !sentence);
  }

  return { node, open };
}

function option(type, name, value, label, checked, parent = null) {
  const input = element("input", { type, name, value });
  input.checked = checked;
  return element("label", { class: parent ? "check part" : "check" }, input, element("span", {}, label));
}

function factsOf({ understood, corrected, purchase }, nameOf) {
  const meant = (causes) => causes.map(({ id, because }) => (because.length ? `${causeName(id)} (${because.join(", ")})` : causeName(id)));
  const found = [];
  if (understood) found.push([say("meaning.suggested"), [say(`mood.${understood.sentiment}`), ...meant(understood.causes)].join(" · ")]);
  if (corrected) found.push([say("meaning.corrected"), corrected.causes.map(causeName).join(", ") || say("group.none")]);
  if (corrected) found.push([say("meaning.said_by"), `${nameOf(corrected.by.replace(/^agent:/, ""))} · ${moment(corrected.at)}`]);
  if (purchase?.products.length) found.push([say("by.product"), purchase.products.join(", ")]);
  if (purchase?.region) found.push([say("by.region"), purchase.region]);
  return found;
}
