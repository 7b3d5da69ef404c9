"""Requests of an exchange as its manifest declares them, twice and in every order: one call with one history."""

from collections.abc import Sequence
from itertools import permutations
from secrets import token_bytes
from urllib.parse import urlencode

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.flows.exchange import HOUSE, LINE, second

from tieline.connectors.inbound.intake import Intake
from tieline.connectors.inbound.request import InboundRequest
from tieline.connectors.manifest.inbound import CallIntake
from tieline.domain.call import CallEvent
from tieline.domain.call_identity import completed
from tieline.domain.interaction import Interaction, tell

FIELDS = {
    "event_id": {"from": ["body.EventId"]},
    "call_id": ["body.ParentCallSid", "body.CallSid"],
    "leg_id": "body.CallSid",
    "from": "body.From",
    "to": "body.To",
    "agent": "body.Agent",
    "at": {"from": "body.Timestamp", "format": "rfc2822"},
}
INTAKE = CallIntake.model_validate(
    {
        "accept": ["form"],
        "verify": {"kind": "none", "because": "the network is trusted"},
        "events": [
            {"when": {"body.CallStatus": "queued"}, "emit": "queued", "fields": FIELDS},
            {"when": {"body.CallStatus": "ringing"}, "emit": "ringing", "fields": FIELDS},
            {"when": {"body.CallStatus": "in-progress"}, "emit": "answered", "fields": FIELDS},
            {"when": {"body.CallStatus": "completed"}, "emit": "ended", "fields": {**FIELDS, "talk_s": "body.CallDuration"}},
        ],
    }
)


def request(status: str, at: float, **fields: str) -> InboundRequest:
    told = {"CallStatus": status, "CallSid": "CA1", "From": "+8613800138000", "To": LINE, **fields}
    body = urlencode({**told, "Timestamp": second(at).strftime("%a, %d %b %Y %H:%M:%S +0000")})
    return InboundRequest("POST", {}, "", "application/x-www-form-urlencoded", body.encode())


# Whole seconds, as the vendor writes them: the child's leg rings and is answered within one of them.
REQUESTS = (
    request("queued", 0),
    request("ringing", 2, ParentCallSid="CA1", CallSid="CA2", Agent="1001"),
    request("in-progress", 2, ParentCallSid="CA1", CallSid="CA2", Agent="1001"),
    request("completed", 62, ParentCallSid="CA1", CallSid="CA2", Agent="1001", CallDuration="60"),
    request("completed", 63),
)


def history(requests: Sequence[InboundRequest]) -> Interaction:
    intake = Intake(INTAKE, {}, token_bytes)
    told = (event for each in requests for event in intake.translate(each, now=second(70)).events)
    return tell([CallEvent.model_validate(completed(event, received_at=second(70))) for event in told], HOUSE)


def test_every_order_gives_the_same_history() -> None:
    told = history(REQUESTS)
    assert (told.call_key, told.state, told.outcome, len(told.legs)) == ("CA1", "ended", "served", 2)
    assert all(history(order) == told for order in permutations(REQUESTS))


@given(st.permutations([*REQUESTS, *REQUESTS, *REQUESTS[1:4]]))
@settings(max_examples=200)
def test_repetitions_among_them_change_nothing(requests: list[InboundRequest]) -> None:
    assert history(requests) == history(REQUESTS)
