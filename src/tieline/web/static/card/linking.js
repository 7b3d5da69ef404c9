/** Nobody was found, or not the right one: who may decide that looks a customer up and keeps the number with them. */

import { element, followList, setHidden, setText, setTextOrHide } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { isOwner, isTaken } from "../core/calls.js";
import { say, sayOr } from "../core/texts.js";

/** Say whether this page can do it, for this call and whoever looks at it; a number that is hidden can be kept with nobody. */
export function mayLink(call, host) {
  const { actions, phone } = call.pop;
  const allowed = (actions ?? []).some(({ id, enabled }) => id === "search_link" && enabled);
  return Boolean(host.link) && allowed && isOwner(call.pop) && !isTaken(call) && !phone.withheld;
}

/** What a customer is looked up by, told by how it is written: an address, a reference, else a telephone number. */
export function wayOf(words) {
  if (words.includes("@")) return { email: words };
  return /^[a-z][a-z0-9_]{0,40}:\S+$/.test(words) ? { external: words } : { phone: words };
}

/** Return the part. `host.findCustomers(words)` and `host.link(call, ref)` answer promises. */
export function linkingPart(host) {
  let current = null;
  let busy = false;
  const title = element("h3", { class: "section-title" });
  const label = element("span");
  const words = element("input", { class: "field", type: "text", maxlength: "254", autocomplete: "off", spellcheck: "false" });
  const find = element("button", { type: "submit", class: "button" });
  const form = element("form", { class: "linking-form", on: { submit: search } }, element("label", {}, label, words), find);
  const list = element("ul", { class: "candidates-list" });
  const told = element("p", { class: "quiet", role: "status" });
  const node = element("section", { class: "linking" }, title, form, list, told);

  function search(submitted) {
    submitted.preventDefault();
    const asked = words.value.trim();
    if (!asked) return;
    perform(async (call) => {
      const { items, sources } = await host.findCustomers(asked);
      call.found = items;
      return outcomeOf(items, sources);
    });
  }

  function link(ref) {
    perform(async (call) => {
      await host.link(call, ref);
      call.found = [];
      return say("linking.done");
    });
  }

  async function perform(work) {
    if (busy) return;
    const call = current;
    busy = true;
    call.linking = say("action.working");
    update(current);
    try {
      call.linking = await work(call);
    } catch (refused) {
      call.linking = sayOr(`problem.${refused.code}`, say("linking.failed"));
    }
    busy = false;
    update(current);
  }

  function update(call) {
    current = call;
    setHidden(node, !mayLink(call, host));
    setText(title, say("action.search_link"));
    setText(label, say("linking.by"));
    setText(find, say("linking.find"));
    const found = call.found ?? [];
    setHidden(list, found.length === 0);
    followList(list, found, { key: ({ ref }) => ref, create: ({ ref }) => foundRow(() => link(ref)) });
    setText(told, call.linking ?? "");
  }

  return { node, update };
}

function outcomeOf(items, sources) {
  const silent = Object.keys(sources).filter((name) => sources[name].state === "unavailable");
  const nobody = items.length ? [] : [say("linking.nobody")];
  return [...nobody, ...(silent.length ? [say("linking.silent", { systems: silent.join(", ") })] : [])].join(" ");
}

function foundRow(link) {
  const name = element("span", { class: "candidate-name", dir: "auto" });
  const company = element("span", { class: "candidate-company", dir: "auto" });
  const facts = element("span", { class: "candidate-facts", dir: "auto" });
  const act = element("span", { class: "candidate-share" });
  const who = element("span", { class: "candidate-words" }, element("span", { class: "candidate-who" }, name, company), facts);
  const button = element("button", { type: "button", class: "candidate found", on: { click: link } }, icon("person"), who, act);
  return {
    node: element("li", {}, button),
    update: ({ ref, name: called, company: firm, phones, emails }) => {
      setText(name, called ?? say("caller.nameless"));
      setTextOrHide(company, firm);
      setText(facts, [ref, ...(phones ?? []), ...(emails ?? [])].slice(0, 4).join(" · "));
      setText(act, say("linking.link"));
    },
  };
}
