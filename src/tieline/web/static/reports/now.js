/** The numbers of this moment: who waits and for how long, what rings, who talks. */

import { element, followList, setAttribute, setHidden, setText } from "../core/dom.js";
import { clock, say, word } from "../core/texts.js";

const NUMBERS = ["waiting", "longest_wait_s", "ringing", "talking", "free"];
const LATE_S = 20;
const SHOWN_AT_MOST = 60;
const ORDER = ["talking", "held", "ringing", "free"];

/** Return `{node, update, tick}`. `update({now, state})` as `Live` tells it; seconds go on counting between two answers. */
export function nowStrip() {
  const title = element("h2", { id: "now-title" });
  const words = element("span", { class: "link-words" });
  const state = element("p", { class: "link-state", role: "status" }, element("span", { class: "link-dot", "aria-hidden": "true" }), words);
  const numbers = NUMBERS.map((name) => {
    const label = element("dt");
    const value = element("dd");
    return { name, label, value, node: element("div", { class: "now-number", "data-number": name }, label, value) };
  });
  const agents = element("ul", { class: "now-agents" });
  const queues = element("ul", { class: "now-queues" });
  const node = element(
    "section",
    { class: "panel now", "aria-labelledby": title.id },
    element("div", { class: "panel-head" }, title, state),
    element("dl", { class: "now-numbers" }, ...numbers.map((number) => number.node)),
    queues,
    agents,
  );
  let heard = null;
  let at = 0;
  let rows = new Map();

  function update({ now, state: link }) {
    if (now !== heard) at = Date.now();
    heard = now;
    setText(title, say("now.title"));
    setAttribute(state, "data-state", link === "live" ? "live" : link === "refused" ? "refused" : "retrying");
    setText(words, say(`now.${link}`));
    for (const { name, label } of numbers) setText(label, say(`now.${name}`));
    rows = followList(agents, sorted(now?.agents ?? []), { key: (agent) => agent.id, create: agentRow });
    followList(queues, now?.queues ?? [], { key: (queue) => queue.queue ?? "", create: queueRow });
    setHidden(queues, (now?.queues ?? []).length < 2);
    tick();
  }

  /** Count on. Only what waits or talks grows. */
  function tick() {
    const gone = heard ? (Date.now() - at) / 1000 : 0;
    for (const { name, value, node: box } of numbers) {
      setText(value, heard ? numberOf(name, heard, gone) : "–");
      const wait = name === "longest_wait_s" && (heard?.calls.longest_wait_s ?? null) !== null && heard.calls.longest_wait_s + gone > LATE_S;
      setAttribute(box, "data-late", wait);
    }
    for (const row of rows.values()) row.tick(gone);
  }

  return { node, update, tick };
}

function numberOf(name, { calls, agents }, gone) {
  if (name === "free") return String(agents.filter((agent) => agent.state === "free").length);
  if (name !== "longest_wait_s") return String(calls[name]);
  return calls.longest_wait_s === null ? "–" : clock(calls.longest_wait_s + gone);
}

/** Who is on a call first; of a large house not everybody fits, and the number of those who are free stands above. */
function sorted(agents) {
  const rank = ({ state }) => (ORDER.indexOf(state) + ORDER.length + 1) % (ORDER.length + 1);
  return [...agents].sort((one, other) => rank(one) - rank(other) || one.id.localeCompare(other.id)).slice(0, SHOWN_AT_MOST);
}

function agentRow() {
  const name = element("span", { class: "agent-name", dir: "auto" });
  const state = element("span", { class: "agent-state" });
  const timer = element("span", { class: "timer" });
  const node = element("li", { class: "agent" }, name, state, timer);
  let shown = null;
  const tick = (gone) => setText(timer, shown.for_s === null ? "" : clock(shown.for_s + gone));
  function update(agent) {
    shown = agent;
    setAttribute(node, "data-state", agent.state);
    setText(name, agent.name);
    setText(state, word("agent_state", agent.state));
  }
  return { node, update, tick };
}

function queueRow() {
  const node = element("li", { class: "now-queue" });
  function update({ queue, waiting, ringing, talking }) {
    setText(node, say("now.queue", { queue: queue ?? say("group.none"), waiting, ringing, talking }));
    setAttribute(node, "data-waiting", waiting > 0);
  }
  return { node, update };
}
