/** Which days, whose work: presets, two dates, narrowings, the comparison. */

import { element, setAttribute, setHidden, setText } from "../core/dom.js";
import { say, sayOr } from "../core/texts.js";
import { moved, NARROWINGS, PRESETS } from "./question.js";

const TIERS = ["high_value", "regular", "potential", "churn_risk"];

/** Return `{node, update, offer}`. `ask(question)` is called with what is wanted; `offer(name, choices)` fills a narrowing. */
export function filters({ ask, today }) {
  let question = null;
  const presets = PRESETS.map((days) => ({ days, node: element("button", { type: "button", class: "preset", on: { click: () => ask({ ...question, from: moved(today(), 1 - days), to: today() }) } }) }));
  const group = element("div", { class: "presets", role: "group" }, ...presets.map(({ node }) => node));
  const dates = ["from", "to"].map((name) => {
    const text = element("span");
    const input = element("input", { type: "date", class: "input", required: true, on: { change: () => setDate(name, input) } });
    return { name, text, input, node: element("label", { class: "field" }, text, input) };
  });
  const compareText = element("span");
  const compare = element("input", { type: "checkbox", on: { change: () => ask({ ...question, compare: compare.checked }) } });
  const narrowings = NARROWINGS.map((name) => {
    const text = element("span");
    const all = element("option", { value: "" });
    const select = element("select", { class: "select", on: { change: () => ask({ ...question, [name]: select.value }) } }, all);
    return { name, text, all, select, choices: [], node: element("label", { class: "field" }, text, select) };
  });
  const node = element(
    "form",
    { class: "filters", on: { submit: (event) => event.preventDefault() } },
    group,
    ...dates.map((date) => date.node),
    ...narrowings.map((one) => one.node),
    element("label", { class: "check" }, compare, compareText),
  );

  function setDate(name, input) {
    if (!input.value) return;
    const next = { ...question, [name]: input.value };
    ask(next.from <= next.to ? next : { ...next, from: input.value, to: input.value });
  }

  function offer(name, choices) {
    const one = narrowings.find((each) => each.name === name);
    one.choices = choices;
    fill(one);
  }

  function fill(one) {
    const known = one.choices.some(([value]) => value === question[one.name]) || !question[one.name];
    const choices = known ? one.choices : [...one.choices, [question[one.name], question[one.name]]];
    one.select.replaceChildren(one.all, ...choices.map(([value, label]) => element("option", { value }, label)));
    one.select.value = question[one.name];
    setHidden(one.node, choices.length === 0);
  }

  function update(next) {
    question = next;
    setAttribute(node, "aria-label", say("filters.label"));
    setAttribute(group, "aria-label", say("filters.presets"));
    for (const { days, node: button } of presets) {
      setText(button, say(days === 1 ? "filters.today" : "filters.days", { days }));
      setAttribute(button, "aria-pressed", String(question.to === today() && question.from === moved(today(), 1 - days)));
    }
    for (const { name, text, input } of dates) {
      setText(text, say(`filters.${name}`));
      input.value = question[name];
      input.max = name === "from" ? "" : moved(today(), 1);
    }
    setText(compareText, say("filters.compare"));
    compare.checked = question.compare;
    for (const one of narrowings) {
      setText(one.text, say(`by.${one.name}`));
      setText(one.all, say("filters.all"));
      if (one.name === "tier") one.choices = TIERS.map((tier) => [tier, sayOr(`tier.${tier}`, tier)]);
      fill(one);
    }
  }

  return { node, update, offer };
}
