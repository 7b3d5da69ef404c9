"""Calls as FreeSWITCH's sources say it tells of them, come to their histories. None of them was recorded."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.connectors.test_asterisk_calls import Told, as_told, directory

from tieline.connectors.manifest.load import load_part
from tieline.connectors.recordings.example import IntakeExample, StreamExample
from tieline.connectors.recordings.replay import RecordedWire
from tieline.connectors.registry import Catalog
from tieline.connectors.streams.listening import meanings_of
from tieline.domain.call import CallEvent
from tieline.domain.call_identity import completed
from tieline.domain.interaction import tell
from tieline.services.connector_examples import connect
from tieline.services.intake_examples import received

FREESWITCH = Catalog().find("freeswitch")
QUEUE = "support@default"
EXPECTED = {
    "esl-queue-call": Told(
        "served", "inbound", "+8613800138001", QUEUE, (("queue", None, "served"), ("agent", "1001", "served"))
    ),
    "esl-queue-timeout": Told("missed_agent", "inbound", "+8613800138001", QUEUE, (("queue", None, "missed_agent"),)),
    "esl-dialled-out": Told("served", "outbound", "+8613800138007", None, (("agent", "1001", "served"),)),
}


HEARD = datetime(2026, 11, 22, tzinfo=UTC)


def heard(name: str) -> list[CallEvent]:
    """What the socket told of a call."""
    example = load_part(StreamExample, FREESWITCH.folder / "examples" / f"{name}.yaml")
    listening = connect(FREESWITCH, example, RecordedWire(())).listening
    assert listening is not None
    fields = [fields for one in meanings_of(listening, example.messages) for fields in one.events]
    return [CallEvent.model_validate(completed(each, received_at=HEARD)) for each in fields]


def recorded(call: CallEvent, ended_at: datetime) -> CallEvent:
    """The call record of the caller's leg, as mod_json_cdr posts it at the end."""
    example = load_part(IntakeExample, FREESWITCH.folder / "examples" / "cdr-inbound.yaml")
    body = example.request.body.replace("7d577253-3ef0-4a0a-bb7f-8335c2596e70", call.call_id)
    body = body.replace("1767322920", str(int(ended_at.timestamp())))
    told = example.model_copy(update={"request": example.request.model_copy(update={"body": body})})
    (event,) = connect(FREESWITCH, example, RecordedWire(())).translate(received(told)).events
    return CallEvent.model_validate(completed(event, received_at=HEARD))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_call_comes_to_its_history(name: str) -> None:
    assert as_told(tell(heard(name), directory(), closing="settled")) == EXPECTED[name]


@pytest.mark.parametrize("name", ["esl-queue-call", "esl-queue-timeout"])
def test_a_call_record_changes_nothing_about_a_call_that_was_heard_whole(name: str) -> None:
    events = heard(name)
    told = [*events, recorded(events[0], events[-1].at)]
    assert as_told(tell(told, directory(), closing="settled")) == EXPECTED[name]


def test_a_call_whose_end_nobody_heard_is_ended_by_its_record() -> None:
    events = [event for event in heard("esl-queue-call") if event.type != "ended"]
    assert tell(events, directory()).state != "ended"
    story = tell([*events, recorded(events[0], events[-1].at + timedelta(seconds=60))], directory())
    ended_at = events[-1].at.replace(microsecond=0) + timedelta(seconds=60)
    assert (story.state, story.outcome, story.ended_at) == ("ended", "served", ended_at)
