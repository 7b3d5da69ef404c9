"""Generated calls and answers, and the database that holds them."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.api.front_door import FrontDoor

from tieline.domain.kpi_calls import Contact

ZONE: Final = ZoneInfo("Asia/Shanghai")
FIRST: Final = datetime(2026, 9, 1, tzinfo=ZONE)
DAYS: Final = 30
CALLS: Final = 3_000
ANSWERS: Final = 2_000
OUTCOMES: Final = ("served", "served", "served", "abandoned_queue", "missed_agent", "abandoned_short", "ivr_done")
CATEGORIES: Final = (None, None, "退款", "物流")
SHARED: Final = frozenset({"+8613800000000", "+8613800000001"})
SCALES: Final = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}


@dataclass(frozen=True)
class Call:
    id: UUID
    at: datetime
    outcome: str
    queue: str | None
    agent: str | None
    ref: str | None
    number: str | None
    reason: str | None
    talk_s: int | None
    wait_s: int | None
    wrap_up_s: int

    @property
    def contact(self) -> Contact:
        return Contact(self.at, self.outcome, self.ref, self.number, self.reason)


@dataclass(frozen=True)
class Answer:
    at: datetime
    kind: str
    score: int | None
    agent: str | None
    call: Call | None


def drawn_call(drawn: random.Random, number: int) -> Call:
    outcome = drawn.choice(OUTCOMES)
    served = outcome == "served"
    person = drawn.randrange(400)
    return Call(
        id=UUID(int=number + 1),
        at=(FIRST + timedelta(seconds=drawn.randrange(DAYS * 86_400))).astimezone(UTC),
        outcome=outcome,
        queue=drawn.choice(("sales", "support", None)),
        agent=drawn.choice(("1001", "1002")) if served else None,
        ref=f"crm:{person}" if drawn.random() < 0.3 else None,
        number=f"+86138{person + drawn.choice((0, 0, 0, 5_000)):08}" if drawn.random() < 0.9 else None,
        reason=drawn.choice(CATEGORIES),
        talk_s=drawn.randrange(600) if served and drawn.random() < 0.95 else None,
        wait_s=drawn.randrange(60) if served else None,
        wrap_up_s=drawn.choice((0, 0, 45)) if served else 0,
    )


def drawn_answer(drawn: random.Random, calls: Sequence[Call]) -> Answer:
    kind = drawn.choice(("csat", "nps", "ces", "complaint"))
    call = drawn.choice(calls) if drawn.random() < 0.7 else None
    at = (FIRST + timedelta(seconds=drawn.randrange(DAYS * 86_400))).astimezone(UTC)
    score = drawn.randint(*SCALES[kind]) if kind in SCALES else None
    return Answer(at, kind, score, call.agent if call else drawn.choice(("1001", None)), call)


@dataclass
class World:
    door: FrontDoor
    calls: Sequence[Call]
    answers: Sequence[Answer]

    @property
    def now(self) -> datetime:
        return self.door.house.clock()


def made_call(place: int, **told: Any) -> Call:  # noqa: ANN401 - fields of a call
    """Return a served call of nobody known, but for what is told."""
    usual = {"outcome": "served", "queue": None, "agent": None, "ref": None, "number": None, "reason": None}
    return Call(id=UUID(int=place), **{**usual, "talk_s": None, "wait_s": None, "wrap_up_s": 0, **told})


async def fill(door: FrontDoor, calls: Sequence[Call], answers: Sequence[Answer]) -> None:
    """Put calls and answers where the exchange and the customers would have. A call's id there is its number."""
    async with door.house.database.pool.connection() as connection, connection.transaction(), connection.cursor() as cursor:
        for statement, told in (*_of_calls(calls), (_ANSWER, [_answer(answer) for answer in answers])):
            await cursor.executemany(statement, told)
        await cursor.execute("INSERT INTO number_marks (e164, mark, marked_at) VALUES ('+8613800000000', 'shared', now())")
        await cursor.execute(
            "INSERT INTO identity_keys (e164, connection, external_kind, external_id, last8, seen_at)"
            " SELECT '+8613800000001', 'pbx', 'customer', id, '00000001', now() FROM unnest(ARRAY['A', 'B']) AS id"
        )


def _of_calls(calls: Sequence[Call]) -> Iterable[tuple[LiteralString, list[tuple[Any, ...]]]]:
    yield _CALL, [_call(call) for call in calls]
    yield _ALIAS, [(str(call.id.int), call.id) for call in calls]
    yield (
        _LEG,
        [
            (call.id, f"leg-{early}", agent, call.at + timedelta(seconds=early))
            for call in calls
            if call.agent
            for early, agent in ((0, "1001"), (5, call.agent))
        ],
    )
    yield _WRAP_UP, [(call.id, _ended(call) + timedelta(seconds=call.wrap_up_s)) for call in calls if call.wrap_up_s]
    yield _TICKET, [(call.id.int, call.reason, str(call.id.int), call.at, call.at) for call in calls if call.reason]


_CALL: Final = (
    "INSERT INTO interactions (id, provider, call_key, direction, customer_e164, queue, state, outcome, customer_ref,"
    " started_at, ended_at, last_event_at, talk_s, wait_s)"
    " VALUES (%s, 'pbx', %s, 'inbound', %s, %s, 'ended', %s, %s, %s, %s, %s, %s, %s)"
)
_ALIAS: Final = "INSERT INTO call_aliases VALUES ('pbx', %s, %s, 'given')"
_LEG: Final = (
    "INSERT INTO legs (id, interaction_id, leg_key, agent, kind, state, answered_at)"
    " VALUES (gen_random_uuid(), %s, %s, %s, 'agent', 'ended', %s)"
)
_WRAP_UP: Final = "INSERT INTO call_wrap_ups (interaction_id, by, at) VALUES (%s, 'agent:1001', %s)"
_TICKET: Final = (
    "INSERT INTO tickets (id, number, subject, status, priority, category, source, call_id, created_by,"
    " created_at, updated_at, version) VALUES (gen_random_uuid(), %s, 's', 'closed', 'normal', %s, 'call', %s, 't', %s, %s, 1)"
)
_ANSWER: Final = (
    "INSERT INTO feedback (id, kind, score, channel, interaction_id, agent, at, received_at, received_by)"
    " VALUES (gen_random_uuid(), %s, %s, 'ivr', %s, %s, %s, %s, 'test')"
)


def _ended(call: Call) -> datetime:
    return call.at + timedelta(minutes=12)


def _call(call: Call) -> tuple[Any, ...]:
    ended = _ended(call)
    whose = (call.id, str(call.id.int), call.number, call.queue, call.outcome, call.ref)
    return (*whose, call.at, ended, ended, call.talk_s, call.wait_s)


def _answer(answer: Answer) -> tuple[Any, ...]:
    return (answer.kind, answer.score, answer.call.id if answer.call else None, answer.agent, answer.at, answer.at)
