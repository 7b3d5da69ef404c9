"""Fifteen calls through a real Asterisk, as it told of them: each must come to the right history, whatever its channels did."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

import pytest

from tieline.connectors.manifest.load import load_part
from tieline.connectors.recordings.example import StreamExample
from tieline.connectors.recordings.replay import RecordedWire
from tieline.connectors.registry import Catalog
from tieline.connectors.streams.listening import meanings_of
from tieline.domain.agent import Agent
from tieline.domain.call import CallEvent
from tieline.domain.call_identity import completed
from tieline.domain.interaction import Interaction, tell
from tieline.domain.line import Line
from tieline.services.connector_examples import connect
from tieline.services.directory import Directory

ASTERISK: Final = Catalog().find("asterisk")
HEARD: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
LINE: Final = "+86106554"


class Told(NamedTuple):
    """What a call came to: outcome, direction, customer, queue, and each leg as kind, who, outcome."""

    outcome: str
    direction: str
    customer: str | None
    queue: str | None
    legs: tuple[tuple[str, str | None, str | None], ...] = ()


SERVED_1001: Final = (("queue", None, "served"), ("agent", "1001", "served"))
EXPECTED: Final[dict[str, tuple[Told, ...]]] = {
    "ami-queue-call": (Told("served", "inbound", "+8613800138001", "support", SERVED_1001),),
    "ami-ring-hook": (Told("served", "inbound", "+8613800138003", "support-ring", SERVED_1001),),
    "ami-slow-hook": (Told("served", "inbound", "+8613800138004", "support", SERVED_1001),),
    "ami-agent-hangup": (Told("served", "inbound", "+8613800138005", "support", SERVED_1001),),
    "ami-noanswer": (
        Told(
            "abandoned_queue",
            "inbound",
            "+8613800138014",
            "support",
            (("queue", None, "abandoned_queue"), ("agent", "1001", "missed_agent"), ("agent", "1001", "missed_agent")),
        ),
    ),
    "ami-abandon": (
        Told(
            "abandoned_short",
            "inbound",
            "+8613800138012",
            "support",
            (("queue", None, "abandoned_short"), ("agent", "1001", "missed_agent")),
        ),
    ),
    "ami-queue-empty-timeout": (Told("missed_agent", "inbound", "+8613800138013", "sales", (("queue", None, "missed_agent"),)),),
    "ami-ivr": (Told("ivr_done", "inbound", "+8613800138011", None),),
    "ami-stasis": (Told("served", "inbound", "+8613800138010", None, (("agent", "1001", "served"),)),),
    "ami-click2dial": (Told("served", "outbound", "+8613800138007", None, (("agent", "1001", "served"),)),),
    "ami-click2dial-fail": (
        Told("failed", "outbound", None, None, (("agent", "1001", None),)),
        Told("failed", "outbound", None, None, (("agent", "1001", None),)),
    ),
    "ami-click2dial-baresip": (Told("served", "outbound", "+8613800138040", None, (("agent", "1002", "served"),)),),
    "ami-queue-call-baresip": (
        Told("served", "inbound", "+8613800138041", "sales", (("queue", None, "served"), ("agent", "1002", "served"))),
    ),
    "ami-blind-transfer": (Told("served", "inbound", "+8613800138060", "support", (*SERVED_1001, ("agent", "1002", "served"))),),
    "ami-attended-transfer": (
        Told("served", "inbound", "+8613800138061", "support", (*SERVED_1001, ("consult", "1002", "served"))),
    ),
    "ari-queue-call": (Told("served", "inbound", "+8613800138001", None, (("agent", "1001", "served"),)),),
    "ari-noanswer": (
        Told(
            "missed_agent",
            "inbound",
            "+8613800138014",
            None,
            (("agent", "1001", "missed_agent"), ("agent", "1001", "missed_agent")),
        ),
    ),
    "ari-abandon": (Told("abandoned_short", "inbound", "+8613800138012", None, (("agent", "1001", "missed_agent"),)),),
    "ari-click2dial": (Told("served", "outbound", "+8613800138007", None, (("agent", "1001", "served"),)),),
    "ari-blind-transfer": (
        Told("served", "inbound", "+8613800138060", None, (("agent", "1001", "served"), ("agent", "1002", "served"))),
    ),
    # ARI does not say who stands behind a Local channel: the agent's part is another, nameless call. AMI does.
    "ari-ring-hook": (
        Told("ivr_done", "inbound", "+8613800138003", None),
        Told("failed", "outbound", None, None, (("agent", "1001", None),)),
    ),
}
MOST_MESSAGES: Final = {"ami-queue-call": 11, "ari-queue-call": 10}
"""Of 176 and 154 without a filter."""


def directory() -> Directory:
    lines = {f"{LINE}{digits}": Line(number=f"{LINE}{digits}", name="Lab", country="CN") for digits in range(4001, 4006)}
    agents = {name: Agent(id=name, name=name, role="agent", extensions=(name,)) for name in ("1001", "1002")}
    return Directory(lines=lines, agents=agents)


def recorded(name: str) -> StreamExample:
    return load_part(StreamExample, ASTERISK.folder / "examples" / f"{name}.yaml")


def calls_of(example: StreamExample) -> list[Interaction]:
    listening = connect(ASTERISK, example, RecordedWire(())).listening
    assert listening is not None
    meanings = meanings_of(listening, example.messages)
    assert [one.fault for one in meanings if one.fault] == []
    told: dict[str, list[CallEvent]] = {}
    for fields in (fields for one in meanings for fields in one.events):
        event = CallEvent.model_validate(completed(fields, received_at=HEARD))
        told.setdefault(event.call_id, []).append(event)
    return [tell(events, directory(), closing="settled") for events in told.values()]


def as_told(story: Interaction) -> Told:
    legs = tuple((leg.kind, leg.agent, leg.outcome) for leg in story.legs)
    customer = story.customer.e164 if story.customer is not None else None
    return Told(str(story.outcome), story.direction, customer, story.queue, legs)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_call_comes_to_its_history(name: str) -> None:
    stories = calls_of(recorded(name))
    assert [story.state for story in stories] == ["ended"] * len(stories)
    assert tuple(as_told(story) for story in stories) == EXPECTED[name]


def test_every_recorded_call_stands_in_the_table() -> None:
    streams = {file.stem for file in ASTERISK.examples if file.stem.startswith(("ami-", "ari-"))}
    assert streams == set(EXPECTED)


@pytest.mark.parametrize(("name", "count"), MOST_MESSAGES.items())
def test_an_answered_call_is_a_handful_of_messages_through_the_filter(name: str, count: int) -> None:
    assert len(recorded(name).messages) == count


@pytest.mark.parametrize(("name", "leavers"), [("ami-blind-transfer", ["1001"]), ("ami-attended-transfer", ["1001"])])
def test_who_transfers_has_handed_over_and_nobody_else(name: str, leavers: list[str]) -> None:
    (story,) = calls_of(recorded(name))
    assert [leg.agent for leg in story.people if leg.handed_over] == leavers


def test_events_may_arrive_in_any_order_and_twice() -> None:
    example = recorded("ami-blind-transfer")
    listening = connect(ASTERISK, example, RecordedWire(())).listening
    assert listening is not None
    fields = [fields for one in meanings_of(listening, example.messages) for fields in one.events]
    events = [CallEvent.model_validate(completed(each, received_at=HEARD)) for each in (*reversed(fields), *fields)]
    assert as_told(tell(events, directory(), closing="settled")) == EXPECTED["ami-blind-transfer"][0]
