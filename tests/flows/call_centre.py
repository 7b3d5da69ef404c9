"""A call centre on a real database: events go in as an exchange sends them, and what agents and reviewers get is read back."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.flows.exchange import HOUSE, House

from tieline.domain.agent_event import AgentEvent
from tieline.domain.call import CallEvent, EventReceipt
from tieline.domain.pop_order import PopOrder
from tieline.services.call_desk import CallDesk
from tieline.services.call_events import record
from tieline.services.call_settling import settle_due, sweep_lost
from tieline.store import pops
from tieline.store.agent_events import AgentEventLog
from tieline.store.database import Database, Transaction
from tieline.store.pops import Shown

PBX = "pbx"
IN_TIME = timedelta(milliseconds=50)

CALLS = """
    SELECT provider, call_key, direction, customer_raw, customer_e164, customer_national, customer_extension, withheld, internal,
           line, queue, state, outcome, id_quality, started_at, answered_at, ended_at, settled_at IS NOT NULL, talk_s, wait_s,
           hangup_cause, recording_ref
    FROM interactions ORDER BY provider, call_key
"""
LEGS = """
    SELECT call_key, leg_key, agent, extension, legs.queue, kind, legs.state, legs.outcome, rang_at, legs.answered_at,
           legs.ended_at, legs.talk_s
    FROM legs JOIN interactions ON interactions.id = interaction_id ORDER BY call_key, leg_key
"""
EVENTS = """
    SELECT interactions.call_key, dedupe_key, type, at, event::text
    FROM call_events JOIN interactions ON interactions.id = interaction_id ORDER BY interactions.call_key, dedupe_key
"""
NAMES = """
    SELECT call_aliases.call_key, interactions.call_key
    FROM call_aliases JOIN interactions ON interactions.id = interaction_id ORDER BY 1
"""


@dataclass(frozen=True)
class Configured:
    now: House


@dataclass
class CallCentre:
    """Everything an exchange's door would call, with what came of it. `present` is answered by `serve`, when the test says so."""

    database: Database
    house: House = HOUSE
    orders: list[PopOrder] = field(default_factory=list)
    withdrawn: list[tuple[str, str]] = field(default_factory=list)
    desk: CallDesk = field(init=False)

    def __post_init__(self) -> None:
        self.desk = CallDesk(self.database, Configured(self.house), present=self.orders.append, announce=self._announce)

    async def _announce(self, event: AgentEvent, tx: Transaction) -> None:
        self.withdrawn.append((event.agent, str(event.payload["reason"])))
        await AgentEventLog(self.database).append(event, now=event_time(), tx=tx)

    async def hear(self, event: CallEvent, *, after: timedelta = IN_TIME, at: datetime | None = None) -> EventReceipt:
        return await record(self.desk, event, provider=PBX, now=at or event.at + after)

    async def hear_all(self, events: Iterable[CallEvent], *, after: timedelta = IN_TIME) -> None:
        for event in events:
            await self.hear(event, after=after)

    async def play(self, events: Iterable[CallEvent]) -> list[tuple[str, str, str]]:
        """Let events arrive in time and every card be shown at once; return the orders: kind, agent, mode."""
        orders: list[tuple[str, str, str]] = []
        for event in events:
            await self.hear(event)
            orders += [(order.kind, order.agent, order.mode) for order in self.orders]
            await self.serve(now=event.at + IN_TIME)
        return orders

    async def serve(self, *, match: str = "known", now: datetime | None = None) -> list[str]:
        """Show every card ordered so far, as the delivery does; return whom."""
        shown = []
        for order in self.orders:
            by, at = uuid4().hex, now or event_time()
            async with self.database.begin() as tx:
                claimed = await pops.claim(tx, order.pop_id, by=by, now=at)
                if claimed and await pops.mark_shown(tx, order.pop_id, Shown(match, {"asked": []}), by=by, now=at):
                    shown.append(order.agent)
        self.orders.clear()
        return shown

    async def settle(self, now: datetime) -> int:
        return await settle_due(self.desk, now)

    async def sweep(self, now: datetime) -> int:
        return await sweep_lost(self.desk, now)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.database.pool.connection() as connection:
            return await (await connection.execute(query.encode())).fetchall()

    async def one(self, query: str) -> tuple[Any, ...]:
        (row,) = await self.rows(query)
        return row

    async def cards(self) -> dict[str, tuple[str, str, str | None]]:
        """Return the state, mode and reason of each agent's card, of all calls."""
        found = await self.rows("SELECT agent, state, mode, reason FROM pops ORDER BY promised_at")
        return {agent: (state, mode, reason) for agent, state, mode, reason in found}

    async def effects(self) -> list[str]:
        return [effect for (effect,) in await self.rows("SELECT effect FROM call_events ORDER BY id")]

    async def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return what must be the same in whatever order events came: all but ids, instants of receipt and effects."""
        return {name: await self.rows(query) for name, query in TOLD.items()}


TOLD = {"calls": CALLS, "legs": LEGS, "events": EVENTS, "names": NAMES}


def event_time() -> datetime:
    """Return an instant for what only needs one."""
    return datetime.fromisoformat("2026-11-22T12:00:01+00:00")
