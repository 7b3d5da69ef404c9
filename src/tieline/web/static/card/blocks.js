/** One panel per system's answer; each fills in by itself and says how fresh it is and what it could not learn. */

import { element, followList, setAttribute, setHidden, setText, setTextOrHide } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { say, sayOr } from "../core/texts.js";
import { rowFor } from "./block_rows.js";
import { freshnessBadge, looksOf } from "./freshness.js";
import { refText } from "../core/refs.js";

const ORDER = ["orders", "tickets", "account", "invoices", "contracts"];
const ICONS = { orders: "order", tickets: "ticket", account: "account", invoices: "account", contracts: "note" };
const FOLDED_ROWS = 4;
const PROFILE = "profile"; // shown with the match, since it says who calls

/** Return the part. `host.retry(call)` asks again, or is null where that is not possible. */
export function blocksPart(host) {
  const node = element("div", { class: "blocks" });

  function update(call) {
    const names = Object.keys(call.pop.blocks ?? {})
      .filter((name) => isShown(name, call.pop))
      .sort((one, other) => place(one) - place(other) || one.localeCompare(other));
    const rows = names.map((name) => ({ name, block: call.pop.blocks[name], call }));
    setHidden(node, rows.length === 0);
    followList(node, rows, { key: (row) => row.name, create: (row) => blockPanel(row.name, host) });
  }

  return { node, update };
}

/** Of one of several, or of nobody, an empty list would be a claim nobody can make. */
function isShown(name, { blocks, match }) {
  const { items, state, pending } = blocks[name];
  if (kindOf(name) === PROFILE || match.state === "maybe") return false;
  return match.state === "known" || items.length > 0 || pending || state === "unavailable";
}

function place(name) {
  const index = ORDER.indexOf(kindOf(name));
  return index < 0 ? ORDER.length : index;
}

/** `orders` from `orders` or `orders@erp`. */
export function kindOf(name) {
  return name.split("@")[0];
}

function blockPanel(name, host) {
  const kind = kindOf(name);
  let current = null;
  let unfolded = false;
  const title = element("h3", { class: "section-title" });
  const count = element("span", { class: "count" });
  const badge = freshnessBadge();
  const list = element(kind === "account" ? "div" : "ul", { class: `rows rows-${kind}` });
  const skeleton = element("div", { class: "skeleton", "aria-hidden": "true" }, element("span"), element("span"), element("span"));
  const empty = element("p", { class: "quiet block-empty" });
  const fold = element("button", { type: "button", class: "button plain small", on: { click: toggle } });
  const retry = element("button", { type: "button", class: "button small", on: { click: () => host.retry?.(current.call) } });
  const head = element("header", { class: "block-head" }, icon(ICONS[kind] ?? "account"), title, count, badge.node);
  const node = element("section", { class: "block panel", "data-block": kind }, head, skeleton, list, empty, element("p", { class: "block-foot" }, fold, retry));

  function toggle() {
    unfolded = !unfolded;
    update(current);
  }

  function update({ name: key, block, call }) {
    current = { name: key, block, call };
    const looks = looksOf(block);
    setAttribute(node, "data-state", looks);
    setAttribute(node, "aria-busy", block.pending ? "true" : null);
    setAttribute(node, "data-late", call.arrived.has(key));
    setText(title, sayOr(`block.${kind}`, kind));
    setTextOrHide(count, block.items.length > 1 ? String(block.items.length) + (block.truncated ? "+" : "") : "");
    badge.update(block);
    setHidden(skeleton, looks !== "pending");
    const shown = unfolded ? block.items : block.items.slice(0, FOLDED_ROWS);
    const rows = shown.map((item, index) => ({ item, id: item.ref?.id ?? item.number ?? index, ticket: oursOf(item, call), call }));
    followList(list, rows, { key: (row) => `${row.id}`, create: () => rowFor(kind, host) });
    setTextOrHide(empty, block.items.length || looks === "pending" ? "" : emptyText(kind, block));
    const hiddenRows = block.items.length - FOLDED_ROWS;
    setHidden(fold, hiddenRows <= 0);
    setText(fold, unfolded ? say("block.fewer") : say("block.all", { count: block.items.length }));
    setAttribute(fold, "aria-expanded", String(unfolded));
    setHidden(retry, !host.retry || block.pending || Boolean(call.over) || isGoodEnough(kind, block, call.pop));
    setText(retry, say("block.retry"));
  }

  return { node, update };
}

/** Live is; cached is too, unless it keeps an action with money from being taken. */
function isGoodEnough(kind, { state }, { actions }) {
  const locksRefund = kind === "orders" && (actions ?? []).some(({ id, enabled }) => id === "refund" && !enabled);
  return state === "live" || (state === "cached" && !locksRefund);
}

/** Our ticket that a record of another system is a copy of, if it is one and was read. */
function oursOf({ ref }, { tickets }) {
  const wanted = refText(ref);
  return (tickets ?? []).find(({ links }) => links.some((link) => `${link.connection}:${link.external_id}` === wanted));
}

function emptyText(kind, block) {
  if (block.state === "unavailable") return sayOr(`missing.${kind}`, say("missing.other"));
  return sayOr(`none.${kind}`, say("none.other"));
}
