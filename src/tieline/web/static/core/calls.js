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

  /** Show or update a pop. Returns `{call, change}`: new, answered, owned, updated, or null when nothing was newer. */
  take(pop) {
    const known = this.live.get(pop.pop_id);
    if (known && !known.withdrawn && known.pop.seq >= pop.seq) return { call: known, change: null };
    const call = known ?? { popId: pop.pop_id, opened: null, note: "", since: this.#now(), unseen: false, arrived: new Map() };
    const before = known?.withdrawn ? null : (known?.pop ?? null);
    this.#rememberArrivals(call, before, pop);
    Object.assign(call, { pop, withdrawn: null });
    this.live.set(call.popId, call);
    this.recent = this.recent.filter((entry) => entry.popId !== call.popId);
    const change = changeOf(before, pop);
    if (change === "owned") call.ownedSince = this.#now();
    this.#settleFront(call, change);
    return { call, change };
  }

  /** Take a pop back. It stays where it is when it is open; otherwise it only remains among the recent calls. */
  withdraw({ pop_id: popId, reason, at }) {
    const call = this.live.get(popId);
    if (!call || call.withdrawn) return null;
    call.withdrawn = { reason: reason || "ended", at: at ? Date.parse(at) : this.#now() };
    this.#remember(call);
    if (!(this.front === popId && this.isOpen(call)) && !call.note) this.close(popId);
    return call;
  }

  /** Everything that is live was sent; whatever else is on the screen is over. `recent` are calls that ended lately. */
  agree({ live, recent = [] }) {
    for (const popId of [...this.live.keys()]) {
      if (!live.includes(popId)) this.withdraw({ pop_id: popId, reason: "ended" });
    }
    for (const { pop, reason, at } of recent) {
      if (this.live.has(pop.pop_id)) continue;
      this.#remember({ popId: pop.pop_id, pop, opened: true, note: "", arrived: new Map(), withdrawn: { reason, at: Date.parse(at) } });
    }
  }

  /** Bring a call to the front because the agent asked for it. */
  select(popId) {
    const call = this.live.get(popId) ?? this.#recall(popId);
    if (!call) return;
    const left = this.live.get(this.front);
    this.front = popId;
    call.unseen = false;
    if (left?.withdrawn && left.popId !== popId && !left.note) this.close(left.popId);
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
    return [...this.live.values()].find((call) => !call.withdrawn && call.pop.mode !== "preview");
  }

  /** The calls that are not over. */
  current() {
    return [...this.live.values()].filter((call) => !call.withdrawn);
  }

  /** The number to show for a call that is over: only for a while. */
  numberShown(call) {
    return !call.withdrawn || this.#now() - call.withdrawn.at < NUMBER_SHOWN_MS;
  }

  #settleFront(call, change) {
    const front = this.live.get(this.front);
    const free = !front || (front.withdrawn && !front.note) || front === call;
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
      .sort((one, other) => other.withdrawn.at - one.withdrawn.at)
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

/** Say whether the agent holds the call, rather than listening in. */
export function isOwner(pop) {
  return pop.mode !== "join" && pop.call?.owner !== false;
}
