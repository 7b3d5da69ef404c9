"""Bring a promised card to its agent: the shell at once, every answer as it comes, nothing twice."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from tieline.domain.agent_event import AgentEvent, AgentEventKind
from tieline.domain.errors import Overloaded, TielineError
from tieline.domain.pop_order import PopOrder
from tieline.domain.pop_query import LONGEST_DEADLINE_MS
from tieline.domain.screen_pop import ScreenPop
from tieline.kit.deadline import Deadline
from tieline.kit.ids import opaque_token
from tieline.observability.pop_counts import count_pop
from tieline.push.channel import Channel
from tieline.services.pop_card import card_of
from tieline.services.pop_desk import PopDesk
from tieline.services.pop_inquiry import Inquiry
from tieline.services.pop_subject import asked_of, facts_of_pop, shown_call
from tieline.services.pop_trace import trace_of
from tieline.services.screen_pop import audit_of, learn, shown_to
from tieline.services.seeing import kept_state
from tieline.store import audit_trail, pops
from tieline.store.journal import Append, AuditRow
from tieline.store.pops import KeptPop, Shown

log = structlog.get_logger()
OVERDUE = timedelta(seconds=1)
"""A promise this old that nobody took up belonged to a server that died, or is too busy."""

GATHER_S = 0.02
"""Answers that land this close together travel in one update."""


@dataclass(slots=True)
class Showing:
    """One attempt to serve one promise; `fence` is what a late attempt is refused by, `audited` what the audit knows was seen."""

    pop: KeptPop
    fence: str
    inquiry: Inquiry
    audited: tuple[Any, ...] = ()

    @property
    def agent(self) -> str:
        """Return whose screen it is."""
        return self.pop.agent or ""


class PopDelivery:
    """Serves promises. One per process; each promise is a task of its own."""

    def __init__(self, desk: PopDesk, channel: Channel[Any]) -> None:
        self._desk = desk
        self._channel = channel
        self._tasks: set[asyncio.Task[None]] = set()

    def present(self, order: PopOrder) -> None:
        """Begin to carry an order out. Returns at once: whoever reports a call never waits for a look-up."""
        task = asyncio.get_running_loop().create_task(self._carry_out(order), name=f"pop {order.pop_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def resume(self) -> int:
        """Take up promises nobody served or saw to the end, such as those of a server that died; return how many."""
        now = self._desk.now()
        async with self._desk.database.begin() as tx:
            await pops.give_up(tx, promised_before=now - timedelta(minutes=5))
            orders = await pops.unserved(tx, now=now, overdue=OVERDUE)
            orders += await pops.left_unfinished(tx, shown_before=now - self._followed_for, now=now)
        for order in orders:
            self.present(order)
        return len(orders)

    async def resume_as_claims_lapse(self) -> None:
        """Take up what a server that died a moment ago had in hand, once its claims and its open look-ups count for nothing."""
        for lapses in (pops.CLAIM_HOLDS, self._followed_for - pops.CLAIM_HOLDS):
            await asyncio.sleep((lapses + OVERDUE).total_seconds())
            with contextlib.suppress(Overloaded):
                await self.resume()

    async def aclose(self) -> None:
        """Stop; promises not yet served stay promised and are taken up elsewhere."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def _followed_for(self) -> timedelta:
        """How long a card may still be patched after it was shown."""
        return timedelta(milliseconds=LONGEST_DEADLINE_MS + self._desk.late_answer_ms) + OVERDUE

    async def _carry_out(self, order: PopOrder) -> None:
        try:
            await self._serve(order)
        except TielineError as exc:
            log.warning("pop.not_delivered", pop_id=order.pop_id, code=exc.code)

    async def _serve(self, order: PopOrder) -> None:
        fence = opaque_token(9)
        now = self._desk.now()
        async with self._desk.database.begin() as tx:
            pop = await pops.claim(tx, order.pop_id, by=fence, now=now)
            if pop is None:
                return
            facts = await facts_of_pop(tx, pop)
        asked = asked_of(pop, facts, self._desk.directory.now, reason=order.reason, at=now)
        inquiry = Inquiry(self._desk, asked)
        await inquiry.open()
        showing = Showing(pop, fence, inquiry)
        if await self._show(showing) and await self._follow_up(showing) and inquiry.flights.pending:
            async with self._desk.database.begin() as tx:
                await pops.let_go(tx, pop.id, by=fence)

    async def _show(self, showing: Showing) -> bool:
        """Put the card on the screen with what is known at once; False: it was taken back or taken over meanwhile."""
        inquiry = showing.inquiry
        card = card_of(inquiry, inquiry.narrowed)
        kind: AgentEventKind = "pop.show" if showing.pop.shown_at is None else "pop.update"
        entry = audit_of(self._desk, inquiry, card.narrowed, action="pop.shown")
        await self._desk.journal.append(Append(audit=entry))
        showing.audited = _seen(entry)
        async with self._desk.database.begin() as tx:
            seq = await pops.mark_shown(tx, showing.pop.id, _kept_of(inquiry, card), by=showing.fence, now=self._desk.now())
            if seq is None:
                return False
            document = shown_to(self._desk, inquiry, card)
            await self._channel.publish(AgentEvent(showing.agent, kind, card.pop_id, seq, document), tx=tx)
        return True

    async def _follow_up(self, showing: Showing) -> bool:
        """Patch the card as answers land: until it is complete, then late ones for a while, then only the cache learns.

        False: it is not this showing's card any more.
        """
        inquiry = showing.inquiry
        complete_at = Deadline.after(inquiry.deadline_s)
        late = Deadline.after(inquiry.deadline_s + self._desk.late_answer_ms / 1000)
        declared = not inquiry.flights.pending
        while inquiry.flights.pending:
            landed = await inquiry.advance(late if declared else complete_at)
            if landed:
                await inquiry.settle(Deadline.after(GATHER_S))
            elif declared:
                break
            declared = declared or not landed
            if not await self._patch(showing):
                return False
        learn(self._desk, inquiry)
        if showing.pop.shown_at is None:
            count_pop(card_of(inquiry, inquiry.narrowed))
        return True

    async def _patch(self, showing: Showing) -> bool:
        inquiry = showing.inquiry
        async with self._desk.database.begin() as tx:
            facts = await facts_of_pop(tx, showing.pop)
            if facts is not None:
                inquiry.call_is_now(shown_call(facts, showing.agent, inquiry.line))
            card = card_of(inquiry, inquiry.narrowed)
            seq = await pops.next_seq(tx, card.pop_id, _kept_of(inquiry, card), by=showing.fence)
            if seq is None:
                return False
            entry = audit_of(self._desk, inquiry, card.narrowed, action="pop.updated")
            if _seen(entry) != showing.audited:
                await audit_trail.write(tx, entry)
            document = shown_to(self._desk, inquiry, card)
            await self._channel.publish(AgentEvent(showing.agent, "pop.update", card.pop_id, seq, document), tx=tx)
        showing.audited = _seen(entry)
        return True


def _kept_of(inquiry: Inquiry, card: ScreenPop) -> Shown:
    state, trace = kept_state(card.match, card.narrowed), trace_of(inquiry, card.narrowed)
    return Shown(state, trace, complete=not inquiry.flights.pending)


def _seen(entry: AuditRow) -> tuple[Any, ...]:
    """Return whom a card shows, through which systems and views: what an update may add to."""
    return entry.subject, entry.details["systems"], entry.details["candidates"], entry.details.get("narrowed")
