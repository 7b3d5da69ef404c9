"""Calls as FreeSWITCH's sources say it tells of them, come to their histories. None of them was recorded."""

from datetime import UTC, datetime

import pytest
from tests.connectors.test_asterisk_calls import Told, as_told, directory

from tieline.connectors.manifest.load import load_part
from tieline.connectors.recordings.example import StreamExample
from tieline.connectors.recordings.replay import RecordedWire
from tieline.connectors.registry import Catalog
from tieline.connectors.streams.listening import meanings_of
from tieline.domain.call import CallEvent
from tieline.domain.call_identity import completed
from tieline.domain.interaction import tell
from tieline.services.connector_examples import connect

FREESWITCH = Catalog().find("freeswitch")
QUEUE = "support@default"
EXPECTED = {
    "esl-queue-call": Told(
        "served", "inbound", "+8613800138001", QUEUE, (("queue", None, "served"), ("agent", "1001", "served"))
    ),
    "esl-queue-timeout": Told("missed_agent", "inbound", "+8613800138001", QUEUE, (("queue", None, "missed_agent"),)),
    "esl-dialled-out": Told("served", "outbound", "+8613800138007", None, (("agent", "1001", "served"),)),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_call_comes_to_its_history(name: str) -> None:
    example = load_part(StreamExample, FREESWITCH.folder / "examples" / f"{name}.yaml")
    listening = connect(FREESWITCH, example, RecordedWire(())).listening
    assert listening is not None
    fields = [fields for one in meanings_of(listening, example.messages) for fields in one.events]
    events = [CallEvent.model_validate(completed(each, received_at=datetime(2026, 11, 22, tzinfo=UTC))) for each in fields]
    assert as_told(tell(events, directory(), closing="settled")) == EXPECTED[name]
