"""A telephone exchange for tests: it tells of calls in canonical events, by the second; and the house the calls come to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tieline.domain.call import CallEvent
from tieline.domain.line import Line
from tieline.domain.phone_internal import InternalNumbers

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LINE = "+861065543800"
CALLER = "+8613800138000"
AGENTS = ("1001", "1002", "1003", "1004", "1005", "1006", "1007", "1008", "2001", "9001")

SUPPORT = Line(number=LINE, name="Support", queues=("support",))
INTERNAL = InternalNumbers(extensions=frozenset(AGENTS), lines=frozenset({LINE}))


def second(number: float) -> datetime:
    """Return the instant `number` seconds after noon."""
    return NOON + timedelta(seconds=number)


@dataclass(frozen=True)
class House:
    """Ten agents whose extension is their id, one line; `watchers` names who watches which queue."""

    watchers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def has_agent(self, agent: str, /) -> bool:
        return agent in AGENTS

    def by_extension(self, extension: str, /) -> str | None:
        return extension if extension in AGENTS else None

    def queue_watchers(self, queue: str, /) -> tuple[str, ...]:
        return self.watchers.get(queue, ())

    def line(self, number: str, /) -> Line | None:
        return SUPPORT if number.removeprefix("+") == LINE.removeprefix("+") else None

    def line_of(self, called: str | None, /) -> Line:
        return (self.line(called) or Line(number="", name="")) if called else SUPPORT

    @property
    def internal(self) -> InternalNumbers:
        return INTERNAL


HOUSE = House()


@dataclass(frozen=True)
class Exchange:
    """One call as the exchange tells it. `tell("ringing", 3, agent="1001")` happens three seconds after noon."""

    call_id: str = "c-42"
    caller: str = CALLER
    called: str = LINE
    direction: str = "inbound"
    linked_call_id: str | None = None

    def tell(self, word: str, at: float, **fields: Any) -> CallEvent:  # noqa: ANN401 - any field of a call event
        told = {
            "call_id": self.call_id,
            "linked_call_id": self.linked_call_id,
            "type": word,
            "direction": self.direction,
            "from": self.called if self.direction == "outbound" else self.caller,
            "to": self.caller if self.direction == "outbound" else self.called,
            "at": second(at),
        }
        return CallEvent.model_validate(told | fields)


def simple_call(call: Exchange | None = None, *, agent: str = "1001", at: float = 0) -> list[CallEvent]:
    """Return a call that rings for 3 s and is talked on for 30."""
    call = call or Exchange()
    return [
        call.tell("ringing", at, agent=agent),
        call.tell("answered", at + 3, agent=agent),
        call.tell("ended", at + 33),
    ]


def scenarios() -> dict[str, list[CallEvent]]:
    """Return the calls of the rule book's test list that are more than a ring and an answer, in the order they happened."""
    call = Exchange()
    moved = Exchange(call_id="c-43", linked_call_id="c-42")
    dialled = Exchange(call_id="c-44", direction="outbound")
    return {
        "simple": simple_call(),
        "ring group of 8": [
            *(call.tell("ringing", 0, agent=agent) for agent in AGENTS[:8]),
            call.tell("answered", 4, agent="1005"),
            call.tell("ended", 40),
        ],
        "hunt": [
            call.tell("queued", 0, queue="support"),
            call.tell("ringing", 1, agent="1001"),
            call.tell("ended", 16, agent="1001", outcome="missed_agent"),
            call.tell("ringing", 17, agent="1002"),
            call.tell("ended", 32, agent="1002", outcome="missed_agent"),
            call.tell("ringing", 33, agent="1003"),
            call.tell("answered", 36, agent="1003"),
            call.tell("ended", 90),
        ],
        "two devices": [
            call.tell("ringing", 0, agent="1001", leg_id="desk"),
            call.tell("ringing", 0.02, agent="1001", leg_id="soft"),
            call.tell("answered", 2, agent="1001", leg_id="soft"),
            call.tell("ended", 2.1, leg_id="desk"),
            call.tell("ended", 30),
        ],
        "blind transfer": [
            call.tell("ringing", 0, agent="1001"),
            call.tell("answered", 3, agent="1001"),
            call.tell("transferred", 20, agent="1001", target="1002"),
            call.tell("ringing", 21, agent="1002"),
            call.tell("answered", 24, agent="1002"),
            call.tell("ended", 60),
        ],
        "warm transfer": [
            call.tell("ringing", 0, agent="1001"),
            call.tell("answered", 3, agent="1001"),
            call.tell("held", 10, agent="1001"),
            call.tell("ringing", 11, agent="2001"),
            call.tell("answered", 14, agent="2001"),
            call.tell("transferred", 25, agent="1001", target="2001"),
            call.tell("ended", 60),
        ],
        "queue transfer": [
            call.tell("queued", 0, queue="support"),
            call.tell("ringing", 1, agent="1001", queue="support"),
            call.tell("answered", 3, agent="1001"),
            call.tell("transferred", 20, agent="1001", target="billing"),
            call.tell("queued", 20, queue="billing"),
            call.tell("ringing", 40, agent="1002", queue="billing"),
            call.tell("answered", 44, agent="1002"),
            call.tell("ended", 90),
        ],
        "transfer with new ids": [
            call.tell("ringing", 0, agent="1001"),
            call.tell("answered", 3, agent="1001"),
            moved.tell("ringing", 20, agent="1002"),
            moved.tell("answered", 23, agent="1002"),
            call.tell("ended", 25, agent="1001", outcome="forwarded"),
            moved.tell("ended", 60),
        ],
        "conference": [
            call.tell("ringing", 0, agent="1001"),
            call.tell("answered", 3, agent="1001"),
            call.tell("ringing", 10, agent="2001"),
            call.tell("answered", 12, agent="2001"),
            call.tell("conferenced", 13, agent="2001"),
            call.tell("ended", 40, agent="2001"),
            call.tell("ended", 60),
        ],
        "consult only": [
            call.tell("ringing", 0, agent="1001"),
            call.tell("answered", 3, agent="1001"),
            call.tell("held", 10, agent="1001"),
            call.tell("ringing", 11, agent="2001"),
            call.tell("answered", 13, agent="2001"),
            call.tell("ended", 30, agent="2001"),
            call.tell("resumed", 31, agent="1001"),
            call.tell("ended", 60),
        ],
        "outbound": [
            dialled.tell("ringing", 0, agent="1001"),
            dialled.tell("answered", 8, agent="1001"),
            dialled.tell("ended", 40),
        ],
        "to outside": [
            call.tell("ringing", 0, agent="1001"),
            call.tell("answered", 3, agent="1001"),
            call.tell("transferred", 20, agent="1001", target="+8613700000001"),
            call.tell("ended", 60),
        ],
        "abandoned": [
            call.tell("queued", 0, queue="support"),
            call.tell("ringing", 2, agent="1001", queue="support"),
            call.tell("ended", 30),
        ],
        "voicemail": [
            call.tell("queued", 0, queue="support"),
            call.tell("ringing", 1, agent="1001"),
            call.tell("ended", 16, agent="1001", outcome="missed_agent"),
            call.tell("answered", 17),
            call.tell("ended", 50, outcome="voicemail", recording_ref="rec/1.wav"),
        ],
    }


def transferred_under_a_new_id() -> list[CallEvent]:
    """Return a transferred call as an exchange tells it that gives it an unrelated id."""
    first, moved = Exchange("c-1"), Exchange("c-2")
    return [
        first.tell("ringing", 0, agent="1001"),
        first.tell("answered", 3, agent="1001"),
        first.tell("transferred", 20, agent="1001", target="1002"),
        moved.tell("ringing", 21, agent="1002"),
        moved.tell("answered", 24, agent="1002"),
        first.tell("ended", 24.5),
        moved.tell("ended", 60),
    ]


def consulted_under_a_new_id() -> list[CallEvent]:
    """Return a call during which the agent asks a colleague, as an exchange tells it that knows no link between the two."""
    first, consult = Exchange("c-1"), Exchange("c-2", caller="1001", called="2001", direction="internal")
    return [
        first.tell("ringing", 0, agent="1001"),
        first.tell("answered", 3, agent="1001"),
        first.tell("held", 10, agent="1001"),
        consult.tell("ringing", 11),
        consult.tell("answered", 14),
        consult.tell("ended", 30),
        first.tell("resumed", 31, agent="1001"),
        first.tell("ended", 60),
    ]
