"""What is no SOAP message is told so in SOAP, once its sender has proven itself (behaviour B59)."""

from secrets import token_bytes

import pytest
from defusedxml.ElementTree import fromstring
from tests.unit.connectors.wires import NOW

from tieline.connectors.inbound.intake import Intake
from tieline.connectors.inbound.request import Admission, InboundRequest
from tieline.connectors.manifest.inbound import EventIntake

INTAKE = {
    "accept": ["soap"],
    "verify": {"kind": "path_secret", "value": "$config.path"},
    "split": "body.Envelope.Body.news.item",
    "reply": {"status": 200, "xml": "<ok/>"},
    "events": [{"emit": "ticket.changed", "id": "entry.id", "refetch": True}],
}
ONE = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body></s:Envelope>'
TWO = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{}</s:Body></s:Envelope>'


def sent(body: str, *, content_type: str = "text/xml", tail: str = "secret") -> Admission:
    intake = Intake(EventIntake.model_validate(INTAKE), {"path": "secret"}, token_bytes)
    return intake.admit(InboundRequest("POST", {}, "", content_type, body.encode(), path_tail=tail), now=NOW)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(ONE, "text/xml; charset=utf-8"), (TWO, "application/soap+xml; action=x")],
)
def test_both_versions_are_taken(body: str, content_type: str) -> None:
    admission = sent(body.format("<news><item><id>1</id></item></news>"), content_type=content_type)
    assert (admission.refused, admission.reply.status, admission.reply.body) == (None, 200, b"<ok/>")


@pytest.mark.parametrize(
    "body",
    [
        "<x/>",
        "<Envelope/>",
        "<Envelope><Header/></Envelope>",
        ONE.format(""),
        ONE.format("text"),
        ONE.format("<s:Fault><faultcode>x</faultcode></s:Fault>"),
    ],
)
def test_what_is_no_message_gets_a_fault_of_its_version_and_is_not_kept(body: str) -> None:
    old, new = sent(body), sent(body, content_type="application/soap+xml")
    assert (old.refused, old.reply.status, old.reply.content_type, old.kept) == (
        "xml_schema",
        500,
        "text/xml; charset=utf-8",
        None,
    )
    assert (new.refused, new.reply.status, new.reply.content_type) == ("xml_schema", 400, "application/soap+xml; charset=utf-8")
    for reply, namespace in ((old, "schemas.xmlsoap.org/soap/envelope"), (new, "www.w3.org/2003/05/soap-envelope")):
        assert namespace in fromstring(reply.reply.body.decode()).tag


def test_who_proves_nothing_gets_no_fault() -> None:
    assert (sent("<x/>", tail="guess").refused, sent("<x/>", tail="guess").reply.body) == ("signature_invalid", b"")
