"""Promises of screen pops, from the promise in the call's own transaction to the proof that it was seen.

promised  -> claimed    one server took it up; a claim older than `CLAIM_HOLDS` may be taken by another
claimed   -> shown      it reached the agent's channel; `claimed_by` stays until the last answer has been waited for
any       -> withdrawn  the card is no longer the agent's; a later ring promises it anew, under the same id
promised  -> suppressed nobody could serve it while it still mattered
answered                a softphone asked for it itself
An update is promised like the first showing: `shown_at` tells the two apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Update, and_, case, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.pop_cards import Promise
from tieline.domain.pop_order import PopMode, PopOrder, PopState
from tieline.store import driver_rows
from tieline.store.tables_calls import interactions, pops

CLAIM_HOLDS: Final = timedelta(seconds=5)
"""Longer than the longest pop deadline; whoever has not shown the card by then has died."""

_PROMISED: Final = "SELECT id AS pop_id, agent, mode, state FROM pops WHERE interaction_id = %(interaction_id)s"


@dataclass(frozen=True, slots=True)
class KeptPop:
    """One pop as stored. `claimed_by` is the fence: only who bears it may show the card."""

    id: str
    interaction_id: UUID | None
    call_id: str | None
    agent: str | None
    mode: PopMode
    direction: str
    state: PopState
    reason: str | None
    seq: int
    promised_at: datetime
    claimed_at: datetime | None
    claimed_by: str | None
    shown_at: datetime | None
    acked_at: datetime | None
    acked_by: str | None
    withdrawn_at: datetime | None
    chosen_ref: str | None
    match_state: str | None
    trace: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewPop:
    """A card promised to an agent for the first time."""

    id: str
    interaction_id: UUID
    call_id: str
    agent: str
    mode: PopMode
    direction: str
    reason: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a showing says of the caller and how it came to that; `complete`: nothing more is waited for."""

    match_state: str | None
    trace: Mapping[str, Any]
    complete: bool = False

    def values(self, by: str) -> dict[str, Any]:
        """Return what the row keeps of it."""
        follower = None if self.complete else by
        return {"seq": pops.c.seq + 1, "match_state": self.match_state, "trace": dict(self.trace), "claimed_by": follower}


async def promised(conn: AsyncConnection, interaction_id: UUID) -> list[Promise]:
    """Return the cards of an interaction, whatever became of them."""
    return await driver_rows.rows(conn, Promise, _PROMISED, {"interaction_id": interaction_id})


async def promise(tx: AsyncConnection, pop: NewPop, *, now: datetime) -> bool:
    """Promise a card; False: this agent has one for this interaction already."""
    values = {**{name: getattr(pop, name) for name in NewPop.__dataclass_fields__}, "state": "promised", "promised_at": now}
    added = insert(pops).values(values).on_conflict_do_nothing().returning(pops.c.id)
    return (await tx.execute(added)).one_or_none() is not None


async def promise_again(tx: AsyncConnection, pop_id: str, *, mode: PopMode, reason: str, now: datetime) -> None:
    """Promise the same card once more: opened further, changed, or back after it was withdrawn."""
    values = {
        "state": "promised",
        "mode": mode,
        "reason": reason,
        "promised_at": now,
        "claimed_at": None,
        "claimed_by": None,
        "withdrawn_at": None,
        "shown_at": case((pops.c.state == "withdrawn", None), else_=pops.c.shown_at),
    }
    await tx.execute(update(pops).where(pops.c.id == pop_id).values(values))


async def promise_anew(tx: AsyncConnection, pop_ids: Sequence[str], *, reason: str, now: datetime) -> list[str]:
    """Promise cards once more; return those on a screen still. Taken by agent, as calls take theirs: none waits for another."""
    mine = select(pops.c.id).where(pops.c.id.in_(pop_ids), pops.c.state == "shown").order_by(pops.c.agent, pops.c.id)
    again = update(pops).values(state="promised", reason=reason, promised_at=now, claimed_at=None, claimed_by=None)
    return list((await tx.execute(again.where(pops.c.id.in_(mine.with_for_update())).returning(pops.c.id))).scalars())


async def withdraw(tx: AsyncConnection, pop_id: str, *, reason: str, now: datetime) -> int | None:
    """Take a card back. Returns its next `seq`, or None if no screen can have heard of it yet."""
    before = select(pops.c.id, pops.c.claimed_at, pops.c.shown_at).where(pops.c.id == pop_id).with_for_update().cte("before")
    taken = (
        update(pops)
        .where(pops.c.id == before.c.id, pops.c.state.in_(("promised", "claimed", "shown")))
        .values(state="withdrawn", reason=reason, withdrawn_at=now, claimed_by=None, seq=pops.c.seq + 1)
        .returning(pops.c.seq, or_(before.c.claimed_at.is_not(None), before.c.shown_at.is_not(None)).label("heard_of"))
    )
    row = (await tx.execute(taken)).one_or_none()
    return row.seq if row is not None and row.heard_of else None


async def hand_over(
    tx: AsyncConnection, *, from_: UUID, onto: UUID, agents: Sequence[str] | None = None, but_not: Sequence[str] = ()
) -> None:
    """Give an interaction's cards (all, or those of `agents`) to another. Cards of `but_not` are left without an interaction."""
    mine = pops.c.interaction_id == from_
    if agents is not None:
        mine = and_(mine, pops.c.agent.in_(agents))
    await tx.execute(update(pops).where(mine, pops.c.agent.in_(but_not)).values(interaction_id=None))
    await tx.execute(update(pops).where(mine).values(interaction_id=onto))


async def claim(tx: AsyncConnection, pop_id: str, *, by: str, now: datetime) -> KeptPop | None:
    """Take a promise up, for `by` alone. None: somebody else has, or there is nothing to serve any more.

    `by` must be new for every attempt: it is what a late showing is refused by.
    """
    free = or_(pops.c.state == "promised", and_(pops.c.state == "claimed", pops.c.claimed_at <= now - CLAIM_HOLDS))
    taken = update(pops).where(pops.c.id == pop_id, free).values(state="claimed", claimed_at=now, claimed_by=by)
    return _pop((await tx.execute(taken.returning(pops))).one_or_none())


async def mark_shown(tx: AsyncConnection, pop_id: str, showing: Shown, *, by: str, now: datetime) -> int | None:
    """Note that the card goes out, in the transaction that publishes it. Returns the `seq` to publish it with.

    None: it was withdrawn or taken over meanwhile, and must not be published. Unless complete, it is followed up by `by`.
    """
    mine = (pops.c.id == pop_id) & (pops.c.state == "claimed") & (pops.c.claimed_by == by)
    return await _seq(tx, update(pops).where(mine).values({"state": "shown", "shown_at": now, **showing.values(by)}))


async def next_seq(tx: AsyncConnection, pop_id: str, showing: Shown, *, by: str) -> int | None:
    """Return the `seq` for a later patch of a card on screen, keeping what is known by now.

    None: it is on no screen, or somebody else follows it up: a card opened further never shrinks back for a late answer.
    """
    return await _seq(tx, update(pops).where(_followed(pop_id, by)).values(showing.values(by)))


async def let_go(tx: AsyncConnection, pop_id: str, *, by: str) -> None:
    """Note that nothing more is waited for."""
    await tx.execute(update(pops).where(_followed(pop_id, by)).values(claimed_by=None))


async def acknowledge(tx: AsyncConnection, pop_id: str, *, agent: str, by: str, now: datetime) -> bool:
    """Note that an agent's browser (`by`) has the card on screen; the first word stays. False: no such card of theirs."""
    theirs = (pops.c.id == pop_id) & (pops.c.agent == agent)
    first = {"acked_at": case((pops.c.acked_at.is_(None), now), else_=pops.c.acked_at)}
    first["acked_by"] = case((pops.c.acked_at.is_(None), by), else_=pops.c.acked_by)
    return (await tx.execute(update(pops).where(theirs).values(first))).rowcount == 1


async def choose(tx: AsyncConnection, pop_id: str, ref: str | None) -> bool:
    """Note whom the agent chose on this card. False: there is no such card."""
    return (await tx.execute(update(pops).where(pops.c.id == pop_id).values(chosen_ref=ref))).rowcount == 1


async def find(conn: AsyncConnection, pop_id: str) -> KeptPop | None:
    """Return one pop."""
    return _pop((await conn.execute(select(pops).where(pops.c.id == pop_id))).one_or_none())


async def of_call(conn: AsyncConnection, *, call_id: str, interaction_id: UUID | None, limit: int = 200) -> list[KeptPop]:
    """Return the pops of a call in the order they were promised, those a softphone asked for included."""
    of_it = pops.c.call_id == call_id
    query = select(pops).where(of_it if interaction_id is None else or_(of_it, pops.c.interaction_id == interaction_id))
    rows = await conn.execute(query.order_by(pops.c.promised_at, pops.c.id).limit(limit))
    return [KeptPop(**row._asdict()) for row in rows]


async def unserved(conn: AsyncConnection, *, now: datetime, overdue: timedelta, limit: int = 200) -> list[PopOrder]:
    """Return orders for promises nobody took up within `overdue`, and for those whose server died over them."""
    forgotten = and_(pops.c.state == "promised", pops.c.promised_at <= now - overdue)
    orphaned = and_(pops.c.state == "claimed", pops.c.claimed_at <= now - CLAIM_HOLDS)
    rows = await conn.execute(select(pops).where(or_(forgotten, orphaned)).order_by(pops.c.promised_at).limit(limit))
    return [_order(KeptPop(**row._asdict())) for row in rows]


async def left_unfinished(tx: AsyncConnection, *, shown_before: datetime, now: datetime) -> list[PopOrder]:
    """Promise those cards anew that a server showed, but died before every answer was in; return their orders."""
    orphaned = and_(pops.c.state == "shown", pops.c.claimed_by.is_not(None), pops.c.shown_at <= shown_before)
    taken = update(pops).where(_free(orphaned)).values(state="promised", reason="resumed", promised_at=now, claimed_by=None)
    return [_order(KeptPop(**row._asdict())) for row in await tx.execute(taken.returning(pops))]


async def give_up(tx: AsyncConnection, *, promised_before: datetime) -> int:
    """Let go of promises so old that the call is over or the agent long in it, and return how many."""
    over = select(interactions.c.id).where(interactions.c.id == pops.c.interaction_id, interactions.c.state == "ended")
    waiting = pops.c.state.in_(("promised", "claimed")) & (pops.c.promised_at <= promised_before)
    stale = update(pops).where(_free(and_(waiting, or_(over.exists(), pops.c.interaction_id.is_(None)))))
    return (await tx.execute(stale.values(state="suppressed", reason="stale_promise"))).rowcount


async def forget_traces(tx: AsyncConnection, *, promised_before: datetime) -> int:
    """Empty the traces kept longer than needed, and return how many; that the pop was shown stays known."""
    old = (pops.c.promised_at <= promised_before) & (pops.c.trace != {})
    return (await tx.execute(update(pops).where(old).values(trace={}))).rowcount


def _free(such: ColumnElement[bool]) -> ColumnElement[bool]:
    """Say whether a card is such a one, and held by nobody now: whoever sweeps waits for no call that may wait for him."""
    return pops.c.id.in_(select(pops.c.id).where(such).with_for_update(skip_locked=True, of=pops))


def _followed(pop_id: str, by: str) -> ColumnElement[bool]:
    return (pops.c.id == pop_id) & (pops.c.state == "shown") & (pops.c.claimed_by == by)


async def _seq(tx: AsyncConnection, change: Update) -> int | None:
    seq: int | None = (await tx.execute(change.returning(pops.c.seq))).scalar_one_or_none()
    return seq


def _order(pop: KeptPop) -> PopOrder:
    first = "join" if pop.mode == "join" else "show"
    kind: Any = first if pop.shown_at is None else "update"
    return PopOrder(kind, pop.id, pop.agent or "", pop.call_id or "", pop.reason or "", pop.mode)


def _pop(row: Any) -> KeptPop | None:  # noqa: ANN401 - a row of the table
    return None if row is None else KeptPop(**row._asdict())
