"""However things come about, late, doubled, undone, at the same moment: what is counted in steps is what is counted anew."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import Table
from tests.api.front_door import FrontDoor, open_door, rows

from tieline.services.reports.counting import count_anew, count_due, rebuild
from tieline.store import report_counting
from tieline.store.report_counting import KINDS
from tieline.store.report_measures import CALLS
from tieline.store.tables_reports import call_agent_days, call_queue_days, call_queue_hours

NOW: Final = datetime(2026, 11, 1, tzinfo=UTC)
COARSER: Final = (call_agent_days, call_queue_days, call_queue_hours)
TOTALS: Final = [table.name for table in (*(table for kind in KINDS for table in kind.totals), *COARSER)]
FACTS: Final = [kind.facts.name for kind in KINDS]
PEOPLE: Final = [f"+86138000000{number:02}" for number in range(6)]
SERVED_SOMEHOW: Final = "UPDATE interactions SET state = 'ended', outcome = 'served', ended_at = started_at WHERE id = %s"
"""By whom, and after how long a wait, nobody told: it is counted all the same."""
SIX_WEEKS_S: Final = 42 * 86_400


@pytest.fixture
async def door(database_url: str, tmp_path: Path, pbx_token: None) -> AsyncIterator[FrontDoor]:
    del pbx_token
    async with open_door(database_url, tmp_path) as opened:
        yield opened


class Events:
    """Things that happen to calls, tickets and answers, drawn at random, as the services write them."""

    def __init__(self, door: FrontDoor, seed: int) -> None:
        self.door, self.drawn = door, random.Random(seed)  # noqa: S311 - the same things every time
        self.calls: list[UUID] = []
        self.tickets: list[UUID] = []
        self.loops: list[UUID] = []
        self.last = 0

    async def happen(self) -> None:
        await self.drawn.choice(
            [self.ring, self.ring, self.ring, self.end, self.end, self.end, self.wrap_up, self.ticket, self.resolve,
             self.answer, self.rename, self.vanish, self.answer_late, self.deliver, self.close_loop, self.forget_loop]
        )()  # fmt: skip

    async def do(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return await rows(self.door, f"{statement} RETURNING 1", *values)

    def new_id(self) -> UUID:
        self.last += 1
        return UUID(int=self.last)

    def moment(self) -> datetime:
        return NOW - timedelta(seconds=self.drawn.randrange(SIX_WEEKS_S))

    async def ring(self) -> None:
        call = self.new_id()
        self.calls.append(call)
        at = self.moment()
        told = (call, str(call), self.drawn.choice(PEOPLE), self.drawn.choice(("sales", None)), at, at)
        await self.do(
            "INSERT INTO interactions (id, provider, call_key, direction, customer_e164, queue, state, started_at, last_event_at)"
            " VALUES (%s, 'pbx', %s, 'inbound', %s, %s, 'ringing', %s, %s)",
            *told,
        )
        await self.do("INSERT INTO call_aliases VALUES ('pbx', %s, %s, 'given')", str(call), call)

    async def end(self) -> None:
        if not self.calls:
            return
        call, outcome = self.drawn.choice(self.calls), self.drawn.choice(("served", "served", "abandoned_queue"))
        await self.do(
            "UPDATE interactions SET state = 'ended', outcome = %s, talk_s = 60, wait_s = %s,"
            " ended_at = started_at + interval '2 minutes' WHERE id = %s",
            outcome,
            self.drawn.randrange(40),
            call,
        )
        await self.do(
            "INSERT INTO legs (id, interaction_id, leg_key, agent, kind, state, answered_at)"
            " SELECT gen_random_uuid(), id, 'a', %s, 'agent', 'ended', started_at FROM interactions WHERE id = %s"
            " ON CONFLICT (interaction_id, leg_key) DO UPDATE SET agent = excluded.agent",
            self.drawn.choice(("1001", "1002")),
            call,
        )

    async def wrap_up(self) -> None:
        if self.calls:
            await self.do(
                "INSERT INTO call_wrap_ups (interaction_id, by, at) SELECT id, 't', ended_at + interval '30 seconds'"
                " FROM interactions WHERE id = %s AND ended_at IS NOT NULL ON CONFLICT DO NOTHING",
                self.drawn.choice(self.calls),
            )

    async def ticket(self) -> None:
        if self.calls:
            ticket, at = self.new_id(), self.moment()
            self.tickets.append(ticket)
            await self.do(
                "INSERT INTO tickets (id, number, subject, status, priority, category, source, call_id, created_by, created_at,"
                " updated_at, version) VALUES (%s, %s, 's', 'new', 'normal', %s, 'call', %s, 't', %s, %s, 1)",
                ticket,
                self.last,
                self.drawn.choice(("refund", "delivery", None)),
                str(self.drawn.choice(self.calls)),
                at,
                at,
            )

    async def resolve(self) -> None:
        if self.tickets:
            await self.do(
                "UPDATE tickets SET status = 'resolved', resolved_at = created_at + interval '1 hour', category = %s,"
                " reopened = reopened + 1 WHERE id = %s",
                self.drawn.choice(("refund", None)),
                self.drawn.choice(self.tickets),
            )

    async def answer(self) -> None:
        if self.calls and self.tickets:
            at, answer, followed = self.moment(), self.new_id(), self.drawn.choice((None, self.drawn.choice(self.tickets)))
            await self.do(
                "INSERT INTO feedback (id, kind, score, channel, interaction_id, ticket_id, follow_up_ticket, agent, at,"
                " received_at, received_by) VALUES (%s, %s, 1, 'ivr', %s, %s, %s, '1001', %s, %s, 't')",
                answer,
                self.drawn.choice(("csat", "nps", "complaint")),
                self.drawn.choice(self.calls),
                self.drawn.choice((None, self.drawn.choice(self.tickets))),
                followed,
                at,
                at,
            )
            if followed is not None:
                self.loops.append(answer)
                opening = "INSERT INTO feedback_loops (feedback_id, ticket_id, opened_at) VALUES (%s, %s, %s)"
                await self.do(opening, answer, followed, at)

    async def close_loop(self) -> None:
        if self.loops:
            closing = "UPDATE feedback_loops SET closed_at = opened_at + %s WHERE feedback_id = %s"
            await self.do(closing, timedelta(seconds=self.drawn.randrange(9_000)), self.drawn.choice(self.loops))

    async def forget_loop(self) -> None:
        if self.loops and self.drawn.random() < 0.2:
            await self.do("DELETE FROM feedback_loops WHERE feedback_id = %s", self.drawn.choice(self.loops))

    async def rename(self) -> None:
        if self.calls:
            await self.do(
                "UPDATE interactions SET customer_e164 = %s, queue = 'support' WHERE id = %s",
                self.drawn.choice(PEOPLE),
                self.drawn.choice(self.calls),
            )

    async def vanish(self) -> None:
        if self.calls and self.drawn.random() < 0.3:
            await self.do("DELETE FROM interactions WHERE id = %s", self.calls.pop(self.drawn.randrange(len(self.calls))))

    async def answer_late(self) -> None:
        if self.calls:
            await self.do(
                "INSERT INTO pops (id, interaction_id, agent, state, promised_at, shown_at) VALUES (%s, %s, %s, 'shown', %s, %s)",
                str(self.new_id()),
                self.drawn.choice(self.calls),
                str(self.last),
                NOW,
                self.drawn.choice((None, NOW)),
            )

    async def deliver(self) -> None:
        delivery = self.new_id()
        await self.do(
            "INSERT INTO deliveries (id, connection, operation, object_kind, object_id, order_key, key, inputs, state_at, due_at,"
            " promised_at) VALUES (%s, 'crm', 'x', 'ticket', '1', '1', %s, '{}', %s, %s, %s)",
            delivery,
            str(delivery),
            NOW,
            NOW,
            NOW - timedelta(seconds=3),
        )
        await self.do("UPDATE deliveries SET state = 'delivered', state_at = %s WHERE id = %s", NOW, delivery)


async def counted(door: FrontDoor) -> dict[str, list[tuple[Any, ...]]]:
    """Return every fact and every total that is not nothing, in an order of their own."""
    found = {}
    for name in (*FACTS, *TOTALS):
        every = await rows(door, f"SELECT * FROM {name}")  # noqa: S608 - names of our own tables
        groups = [row for row in every if name in FACTS or any(isinstance(value, int) and value for value in row[3:])]
        found[name] = sorted(groups, key=repr)
    return found


@pytest.mark.parametrize("seed", [1, 3, 6])
async def test_step_by_step_is_the_same_as_all_anew(door: FrontDoor, seed: int) -> None:
    desk, events = door.house.tickets, Events(door, seed)
    for place in range(300):
        await events.happen()
        if place % 7 == 0:
            await count_due(desk, now=NOW - timedelta(days=10), steps=1)
    await count_due(desk, now=NOW)
    step_by_step = await counted(door)
    await rebuild(desk)
    await count_due(desk, now=NOW)
    assert step_by_step == await counted(door)
    assert all(step_by_step[name] for name in (*FACTS, *TOTALS))
    assert sum(row[9] == "served" for row in step_by_step["call_facts"]) > 0


@pytest.mark.parametrize("table", COARSER, ids=lambda table: table.name)
async def test_what_the_database_sums_up_by_itself_is_the_sum_of_the_facts(door: FrontDoor, table: Table) -> None:
    desk, events = door.house.tickets, Events(door, 2)
    for place in range(200):
        await events.happen()
        if place % 20 == 0:
            await count_due(desk, now=NOW)
    await count_due(desk, now=NOW)
    by, names = [column.name for column in table.columns if column.name not in CALLS], list(CALLS)
    sums = ", ".join(f"sum({told})::bigint" for told in CALLS.values())
    facts = await rows(door, f"SELECT {', '.join(by)}, {sums} FROM call_facts AS f GROUP BY {', '.join(by)}")  # noqa: S608
    kept = await rows(door, f"SELECT {', '.join([*by, *names])} FROM {table.name} WHERE calls <> 0")  # noqa: S608
    assert sorted(kept, key=repr) == sorted(facts, key=repr)


async def test_calls_go_on_and_are_counted_while_everything_is_marked_anew(door: FrontDoor) -> None:
    desk, events = door.house.tickets, Events(door, 5)
    for _ in range(40):
        await events.happen()
    await count_due(desk, now=NOW)
    before = await counted(door)
    async with door.house.database.begin() as tx:
        await report_counting.begin_anew(tx, zone=str(desk.policy.zone))
        await events.ring()
        await events.do(SERVED_SOMEHOW, events.calls[-1])
    await count_due(desk, now=NOW)
    after = await counted(door)
    assert {row[0] for row in after["call_facts"]} - {row[0] for row in before["call_facts"]} == {events.calls[-1]}
    assert after["ticket_facts"] == before["ticket_facts"]


async def test_several_who_count_at_once_count_each_thing_once(door: FrontDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in ("STEP", "STEP_OF_ALL"):
        monkeypatch.setattr(f"tieline.services.reports.counting.{step}", 5)
    desk, events = door.house.tickets, Events(door, 4)
    await count_due(desk, now=NOW)
    for _ in range(120):
        await events.happen()
    await asyncio.gather(*(count_due(desk, now=NOW) for _ in range(5)))
    at_once = await counted(door)
    heard: list[tuple[int, int]] = []
    total = await count_anew(desk, now=NOW, told=lambda done, all_: heard.append((done, all_)))
    assert at_once == await counted(door)
    assert (heard[-1], len(heard) > 1) == ((total, total), True)


async def count_and_die(door: FrontDoor) -> None:
    desk = door.house.tickets
    async with desk.database.begin() as tx:
        assert await report_counting.count(tx, KINDS[0], zone=str(desk.policy.zone), now=NOW, limit=1000) > 0
        raise ZeroDivisionError


async def test_whoever_dies_while_counting_has_counted_nothing(door: FrontDoor) -> None:
    desk, events = door.house.tickets, Events(door, 5)
    await count_due(desk, now=NOW)
    for _ in range(60):
        await events.happen()
    with pytest.raises(ZeroDivisionError):
        await count_and_die(door)
    assert await rows(door, "SELECT count(*) FROM call_facts") == [(0,)]
    await count_due(desk, now=NOW)
    assert await rows(door, "SELECT sum(calls) FROM call_days") == await rows(
        door, "SELECT count(*) FROM interactions WHERE state = 'ended'"
    )


async def test_a_call_is_judged_when_its_seven_days_are_over_without_anybody_touching_it(door: FrontDoor) -> None:
    desk, events = door.house.tickets, Events(door, 6)
    await count_due(desk, now=NOW)
    await events.ring()
    await events.end()
    await events.do("UPDATE interactions SET started_at = %s, outcome = 'served'", NOW)
    seen = []
    for days in (0, 6, 7):
        await count_due(desk, now=NOW + timedelta(days=days))
        seen += await rows(door, "SELECT sum(judged)::int, sum(calls)::int FROM call_days")
    assert seen == [(0, 1), (0, 1), (1, 1)]


async def test_where_days_begin_elsewhere_everything_is_counted_anew(door: FrontDoor) -> None:
    desk, events = door.house.tickets, Events(door, 7)
    await events.ring()
    await events.end()
    await events.do("UPDATE interactions SET started_at = '2026-10-01T18:00:00Z'")
    await count_due(desk, now=NOW)
    assert await rows(door, "SELECT day::text, hour FROM call_facts") == [("2026-10-02", 2)]
    await rows(door, "UPDATE report_state SET zone = 'America/New_York' RETURNING 1")
    await rows(door, "UPDATE call_facts SET day = '2026-10-01', hour = 14 RETURNING 1")
    await count_due(desk, now=NOW)
    assert await rows(door, "SELECT day::text, hour, calls::int FROM call_hours") == [("2026-10-02", 2, 1)]
