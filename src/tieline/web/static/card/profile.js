/** What the most trusted system says about the person: a short list of facts, tags, and the way into that system. */

import { element, followList, setHidden, setText } from "../core/dom.js";
import { outsideLink } from "../core/links.js";
import { day, say, sayOr } from "../core/texts.js";
import { mayBeRevealed, revealRow } from "./reveal.js";

const FACTS = [
  ["company", (customer) => customer.company],
  ["phones", (customer) => [...new Set(customer.phones)].join(", ")],
  ["emails", (customer) => [...new Set(customer.emails)].join(", ")],
  ["place", placeOf],
  ["address", (customer) => customer.address],
  ["language", (customer) => languageName(customer.language)],
  ["birth_date", (customer) => customer.birth_date],
  ["id_number", (customer) => customer.id_number],
  ["owner", (customer) => customer.owner],
  ["registered_at", (customer) => day(customer.registered_at)],
  ["note", (customer) => customer.note],
];

/** Return the part. */
export function profilePart() {
  let current = null;
  const title = element("h3", { class: "section-title" });
  const tags = element("ul", { class: "tags" });
  const facts = element("dl", { class: "facts-list" });
  const links = element("ul", { class: "profile-links" });
  const node = element("section", { class: "profile panel" }, title, tags, facts, links);

  function update(call) {
    current = call;
    const { customer, match } = call.pop;
    const shown = match.state === "known" ? customer : null;
    setHidden(node, !shown);
    if (!shown) return;
    setText(title, say("profile.title"));
    setHidden(tags, !shown.tags?.length);
    followList(tags, shown.tags ?? [], { key: (tag) => tag, create: tagRow });
    const rows = FACTS.map(([name, read]) => ({ name, value: read(shown) })).filter((row) => row.value);
    setHidden(facts, rows.length === 0);
    followList(facts, rows, { key: (row) => row.name, create: ({ name }) => rowOf(name) });
    setHidden(links, !shown.links?.length);
    followList(links, shown.links ?? [], { key: (link) => `${link.system} ${link.url}`, create: linkRow });
  }

  function rowOf(name) {
    return mayBeRevealed(name) ? revealRow(name, () => current) : factRow({ name });
  }

  return { node, update };
}

/** City and region, unless one name holds the other, as 上海 and 上海市. */
function placeOf({ city, region }) {
  return city && region?.includes(city) ? region : [city, region].filter(Boolean).join(", ");
}

function tagRow(tag) {
  return { node: element("li", { class: "chip tag", dir: "auto" }, tag), update: () => {} };
}

/** A term and its value; also used for accounts. */
export function factRow({ name }) {
  const term = element("dt");
  const value = element("dd", { dir: "auto" });
  return {
    node: element("div", { class: "fact", "data-fact": name }, term, value),
    update: (row) => {
      setText(term, sayOr(`field.${row.name}`, row.name.replaceAll("_", " ")));
      setText(value, row.value);
    },
  };
}

function linkRow({ system, url }) {
  const place = element("li");
  return { node: place, update: () => place.replaceChildren(outsideLink(say("profile.open_in", { system }), url)) };
}

function languageName(code) {
  try {
    return code ? new Intl.DisplayNames([document.documentElement.lang], { type: "language" }).of(code) : "";
  } catch {
    return code;
  }
}
