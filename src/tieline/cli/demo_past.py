"""Four weeks of a small call centre, made up by rule: always the same calls for the same day, with people who do not exist.

There is a rhythm in it (busy mornings, quiet weekends), and a difference between people and queues, so that every chart of the
reports has something to tell.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final
from uuid import UUID

DAYS: Final = 28
CALLS_A_DAY: Final = 110
NUMBERS: Final = 3_200
QUEUES: Final = ("support", "support", "after_sales", "sales")
CATEGORIES: Final = ("产品质量", "物流", "发票", "退款", "其他")
CAUSES: Final = ("wait", "delivery", "quality", "unresolved", "attitude", "refund", "price", "promise")
SCALES: Final = {
    "csat": (3, (4, 5, 5, 5), (1, 2, 3, 3)),
    "nps": (8, (8, 9, 9, 10, 10), (2, 4, 6, 7)),
    "ces": (12, (5, 6, 7), (2, 3, 4)),
}
"""Kind → one caller in how many answers, and with what: who was pleased, who was not."""
LOW: Final = {"csat": 2, "nps": 6, "ces": 3}
"""At most so much is a low score, as `domain.feedback` has it."""
LONGEST_H: Final = 240
"""Nobody waits longer than ten days for their ticket to be solved."""
HOURS: Final = {8: 3, 9: 8, 10: 12, 11: 11, 12: 5, 13: 6, 14: 9, 15: 10, 16: 8, 17: 6, 18: 4, 19: 3, 20: 2}
"""Hour → how many of a day's calls come in it, as a weight."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One agent's manner: mean seconds of a call, chance of a good answer, how much of the work they take."""

    id: str
    talk_s: int
    pleases: float
    share: int


WORKERS: Final = (
    Worker("1001", 210, 0.90, 5),
    Worker("1002", 290, 0.78, 5),
    Worker("2001", 330, 0.93, 3),
    Worker("9001", 250, 0.88, 1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAnswer:
    """What a customer said after a call. `solved_after`: how long the ticket took that it became."""

    id: UUID
    kind: str
    score: int | None
    at: datetime
    causes: tuple[str, ...] = ()
    is_low: bool = False
    solved_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCall:
    """One call that is over, and what came of it. `category`: of the ticket it led to."""

    id: UUID
    key: str
    phone: str
    queue: str
    outcome: str
    at: datetime
    wait_s: int
    talk_s: int | None = None
    wrap_up_s: int | None = None
    agent: str | None = None
    was_shown: bool = True
    category: str | None = None
    answers: Sequence[PastAnswer] = field(default_factory=tuple)

    @property
    def ended_at(self) -> datetime:
        """Return when the caller hung up."""
        return self.at + timedelta(seconds=self.wait_s + (self.talk_s or 0))


def past(until: datetime, zone: tzinfo) -> Iterator[PastCall]:
    """Return the calls of the days that lead up to `until`, in order, none that ended after it."""
    today = until.astimezone(zone).date()
    for ago in range(DAYS - 1, -1, -1):
        for call in _day(today - timedelta(days=ago), zone, until):
            if call.ended_at < until:
                yield call


def _day(day: date, zone: tzinfo, until: datetime) -> Iterator[PastCall]:
    drawn = random.Random(day.isoformat())  # noqa: S311 - a story, not a secret
    weekend = day.weekday() in {5, 6}
    number = int(CALLS_A_DAY * (0.45 if weekend else 1.0) * drawn.uniform(0.88, 1.12))
    hours = drawn.choices(tuple(HOURS), weights=tuple(HOURS.values()), k=number)
    moments = sorted(time(hour, drawn.randrange(60), drawn.randrange(60)) for hour in hours)
    for count, moment in enumerate(moments):
        yield _call(drawn, f"{day:%Y%m%d}-{count:04}", datetime.combine(day, moment, zone), until)


def _call(drawn: random.Random, key: str, at: datetime, until: datetime) -> PastCall:
    busy = HOURS[at.hour] / max(HOURS.values())
    chance = drawn.random()
    outcome = "abandoned_queue" if chance < 0.02 + 0.09 * busy else "served"
    if chance > 1 - 1 / 18:
        outcome = drawn.choice(("missed_agent", "missed_agent", "abandoned_short"))
    waited_s = 2 if outcome == "abandoned_short" else 15 + int(drawn.expovariate(1 / 40))
    call = PastCall(
        id=_id(drawn),
        key=f"past-{key}",
        phone=f"+861700000{drawn.randrange(NUMBERS):04}",
        queue=drawn.choice(QUEUES),
        outcome=outcome,
        at=at,
        wait_s=waited_s,
    )
    return _served(drawn, call, busy, until) if outcome == "served" else call


def _served(drawn: random.Random, call: PastCall, busy: float, until: datetime) -> PastCall:
    worker = drawn.choices(WORKERS, weights=[one.share for one in WORKERS])[0]
    wait_s = int(drawn.expovariate(1 / (4 + 13 * busy)))
    talk_s = 20 + int(drawn.gammavariate(3, worker.talk_s / 3))
    said_at = call.at + timedelta(seconds=wait_s + talk_s, minutes=drawn.randrange(2, 40))
    return replace(
        call,
        wait_s=wait_s,
        talk_s=talk_s,
        wrap_up_s=drawn.randrange(15, 80) if drawn.random() < 4 / 5 else None,
        agent=worker.id,
        was_shown=drawn.random() > 1 / 80,
        category=drawn.choice(CATEGORIES) if drawn.random() < 1 / 7 else None,
        answers=tuple(_answers(drawn, worker, said_at)) if said_at < until else (),
    )


def _answers(drawn: random.Random, worker: Worker, at: datetime) -> Iterator[PastAnswer]:
    pleased = drawn.random() < worker.pleases
    for kind, (one_in, if_pleased, if_not) in SCALES.items():
        if drawn.random() < 1 / one_in:
            yield _answer(drawn, kind, drawn.choice(if_pleased if pleased else if_not), at)
    if not pleased and drawn.random() < 1 / 8:
        yield _answer(drawn, "complaint", None, at)


def _answer(drawn: random.Random, kind: str, score: int | None, at: datetime) -> PastAnswer:
    low = score is None or score <= LOW[kind]
    causes = drawn.choices(CAUSES, weights=range(len(CAUSES) + 1, 1, -1)) if low else ()
    solved = timedelta(hours=2 + min(drawn.expovariate(1 / 40), LONGEST_H)) if low else None
    return PastAnswer(id=_id(drawn), kind=kind, score=score, at=at, causes=tuple(causes), is_low=low, solved_after=solved)


def _id(drawn: random.Random) -> UUID:
    return UUID(int=drawn.getrandbits(128), version=4)
