/** The rail: calls that are live, then those that ended lately. */

import { element, followList, setAttribute, setHidden, setText, setTextOrHide } from "../core/dom.js";
import { icon, swapIcon } from "../core/icons.js";
import { moment, say, sayOr } from "../core/texts.js";
import { callerName, elapsed, phaseOf, writtenNumber } from "../card/caller.js";

const ICONS = { withheld: "hidden", internal: "internal", none: "unknown", maybe: "people", known: "person" };

/** Return the rail. `host.select(call)` brings one to the front. */
export function callList(host) {
  const liveTitle = element("h2", { class: "rail-title" });
  const live = element("ul", { class: "calls" });
  const none = element("p", { class: "quiet rail-empty" });
  const recentTitle = element("h2", { class: "rail-title" });
  const recent = element("ul", { class: "calls calls-recent" });
  const node = element(
    "nav",
    { class: "rail" },
    element("section", { class: "rail-live" }, liveTitle, live, none),
    element("section", { class: "rail-recent" }, recentTitle, recent),
  );
  let rows = new Map();

  function update(calls) {
    setAttribute(node, "aria-label", say("rail.label"));
    setText(liveTitle, say("rail.live"));
    setText(recentTitle, say("rail.recent"));
    const shown = [...calls.live.values()];
    rows = followList(live, shown.map((call) => ({ call, front: call.popId === calls.front })), { key: (row) => row.call.popId, create: () => callRow(host) });
    setHidden(live, shown.length === 0);
    setTextOrHide(none, shown.length ? "" : say("rail.none"));
    const past = calls.recent.filter((call) => !calls.live.has(call.popId));
    setHidden(recentTitle.parentElement, past.length === 0);
    followList(recent, past.map((call) => ({ call, front: false })), { key: (row) => row.call.popId, create: () => callRow(host) });
  }

  return { node, update, tick: () => rows.forEach((row) => row.tick()) };
}

function callRow(host) {
  let current = null;
  let mark = icon("person");
  const name = element("span", { class: "call-name", dir: "auto" });
  const detail = element("span", { class: "call-detail" });
  const phase = element("span", { class: "call-phase" });
  const timer = element("span", { class: "timer" });
  const dot = element("span", { class: "call-dot" });
  const button = element(
    "button",
    { type: "button", class: "call", on: { click: () => host.select(current) } },
    element("span", { class: "call-mark" }, mark),
    element("span", { class: "call-words" }, name, detail, element("span", { class: "call-state" }, phase, timer)),
    dot,
  );

  function tick() {
    setTextOrHide(timer, elapsed(current, host.serverNow()));
  }

  return {
    node: element("li", {}, button),
    tick,
    update: ({ call, front }) => {
      current = call;
      const where = phaseOf(call);
      mark = swapIcon(mark, ICONS[call.pop.match.state] ?? "person");
      setText(name, callerName(call.pop));
      const number = host.numberShown(call) && call.pop.match.state !== "withheld" ? writtenNumber(call.pop.phone) : "";
      setTextOrHide(detail, [number, call.pop.queue ?? call.pop.call?.line_name].filter(Boolean).join(" · "));
      setText(phase, call.over ? endOf(call) : say(`phase.${where}`));
      setAttribute(button, "data-phase", where);
      setAttribute(button, "aria-current", front ? "true" : null);
      const unseen = call.unseen && !call.over;
      setAttribute(dot, "data-unseen", unseen);
      setText(dot, unseen ? say("rail.new") : "");
      tick();
    },
  };
}

function endOf({ over }) {
  return `${sayOr(`withdrawn.${over.reason}`, say("withdrawn.call_over"))} · ${moment(new Date(over.at).toISOString())}`;
}
