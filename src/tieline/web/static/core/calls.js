/**
 * The calls on this desk: what each event changes, and which card is in front.
 *
 * No element is touched here. A call in front stays in front while the agent works on it; a newcomer waits in the list.
 */

const RECENT_LIMIT = 20;
const NUMBER_SHOWN_MS = 30 * 60_000; // after that the number is no longer the agent's business

export class Calls {
  live = new Map();
  recent = [];
  front = null;
  #now;
  #opensOn;
  #isBusy;

  /** `opensOn()` is answer, ring or click; `isBusy(popId)` says whether the agent is typing in that card. */
  constructor({ now, opensOn, isBusy }) {
    this.#now = now;
    this.#opensOn = opensOn;
    this.#isBusy = isBusy;
  }

  /** Show or update a pop. Returns `{call, change}`: new, answered, owned, updated, over, or null when nothing was newer. */
  take(pop) {
    const known = this.live.get(pop.pop_id) ?? this.recent.find((entry) => entry.popId === pop.pop_id);
    if (known && known.pop.seq >= pop.seq) return { call: known, change: null };
    const call = known ?? { popId: pop.pop_id, opened: null, note: "", since: this.#now(), unseen: false, arrived: new Map() };
    const before = known && !known.over ? known.pop : null;
    this.#rememberArrivals(call, before, pop);
    this.live.set(call.popId, Object.assign(call, { pop }));
    if (pop.call?.state === "ended") return this.#end(call, { reason: "call_over", ended: true });
    if (call.over) call.opened = null; // it rings again, as a new card would
    call.over = null;
    this.recent = this.recent.filter((entry) => entry.popId !== call.popId);
    const change = changeOf(before, pop);
    if (change === "owned") call.ownedSince = this.#now();
    this.#settleFront(call, change);
    return { call, change };
  }

  /** Take a pop back. It stays where it is when it is open; otherwise it only remains among the recent calls. */
  withdraw({ pop_id: popId, reason, at }) {
    const call = this.live.get(popId);
    if (!call || isTaken(call)) return null;
    return this.#end(call, { reason: reason || "call_over", at: at && Date.parse(at) }).call;
  }

  /** Everything that is live was sent; whatever else is on the screen is over. `recent` are calls that ended lately. */
  agree({ live, recent = [] }) {
    const endings = new Map(recent.map((ending) => [ending.pop.pop_id, ending]));
    for (const call of [...this.live.values()]) {
      if (live.includes(call.popId) || call.over) continue;
      const { reason = "call_over", at } = endings.get(call.popId) ?? {};
      this.withdraw({ pop_id: call.popId, reason, at });
    }
    for (const { pop, reason, at } of recent) {
      if (this.live.has(pop.pop_id)) continue;
      const over = { reason, at: Date.parse(at), ended: reason === "call_over" };
      this.#remember({ popId: pop.pop_id, pop, opened: true, note: "", arrived: new Map(), over });
    }
  }

  /** Bring a call to the front because the agent asked for it. */
  select(popId) {
    const call = this.live.get(popId) ?? this.#recall(popId);
    if (!call) return;
    const left = this.live.get(this.front);
    this.front = popId;
    call.unseen = false;
    if (left?.over && left.popId !== popId && !left.note) this.close(left.popId);
  }

  /** Open or fold a card because the agent asked for it. */
  setOpen(popId, open) {
    const call = this.live.get(popId);
    if (call) call.opened = open;
  }

  /** Say whether a call's card is open rather than a preview. */
  isOpen(call) {
    if (call.opened !== null) return call.opened;
    if (this.#opensOn() === "ring") return true;
    return this.#opensOn() === "answer" && call.pop.mode !== "preview";
  }

  /** Put a finished card away. */
  close(popId) {
    this.live.delete(popId);
    if (this.front !== popId) return;
    const next = this.working() ?? [...this.live.values()][0];
    this.front = next?.popId ?? null;
    if (next) next.unseen = false;
  }

  /** The call the agent is talking on, if any. */
  working() {
    return [...this.live.values()].find((call) => !call.over && call.pop.mode !== "preview");
  }

  /** The calls that are not over. */
  current() {
    return [...this.live.values()].filter((call) => !call.over);
  }

  /** The number to show for a call that is over: only for a while. */
  numberShown(call) {
    return !call.over || this.#now() - call.over.at < NUMBER_SHOWN_MS;
  }

  /** The call is over (`ended`: by itself, so the agent may still finish the card) or was taken back. */
  #end(call, { reason, at, ended = false }) {
    if (call.over?.ended && ended) return { call, change: "updated" };
    call.over = { reason, at: call.over?.at ?? (at || this.#now()), ended };
    call.unseen = false;
    this.#remember(call);
    if (!(this.front === call.popId && this.isOpen(call)) && !call.note) this.close(call.popId);
    return { call, change: "over" };
  }

  #settleFront(call, change) {
    const front = this.live.get(this.front);
    const free = !front || (front.over && !front.note) || front === call;
    const takesOver = change === "answered" || (change === "new" && call.pop.mode !== "preview");
    if (free || (takesOver && front.pop.mode === "preview") || (takesOver && !this.#isBusy(this.front))) {
      this.select(call.popId);
    } else if (change === "new" || change === "answered") {
      call.unseen = true;
    }
  }

  /** Remember which blocks came in late, so that they can be marked softly. */
  #rememberArrivals(call, before, pop) {
    for (const [name, block] of Object.entries(pop.blocks ?? {})) {
      const earlier = before?.blocks?.[name];
      const waited = earlier && (earlier.pending || earlier.state === "unavailable");
      if (waited && !block.pending && block.state === "live") call.arrived.set(name, this.#now());
    }
  }

  #remember(call) {
    this.recent = [call, ...this.recent.filter((entry) => entry.popId !== call.popId)]
      .sort((one, other) => other.over.at - one.over.at)
      .slice(0, RECENT_LIMIT);
  }

  #recall(popId) {
    const call = this.recent.find((entry) => entry.popId === popId);
    if (call) {
      call.opened = true;
      this.live.set(popId, call);
    }
    return call;
  }
}

function changeOf(before, pop) {
  if (!before) return "new";
  if (!isOwner(before) && isOwner(pop)) return "owned";
  return before.mode === "preview" && pop.mode !== "preview" ? "answered" : "updated";
}

/** Say whether the card is no longer the agent's to act on. One whose call merely ended still is: that is wrap-up. */
export function isTaken(call) {
  return Boolean(call.over && !call.over.ended);
}

/** Say whether the agent holds the call, rather than listening in. */
export function isOwner(pop) {
  return pop.mode !== "join" && pop.call?.owner !== false;
}
