"""What a PBX sends, over made-up manifests; the catalog's connectors have their own recorded examples."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.connectors.wires import NOW, connect, json_answer

from tieline.connectors.inbound.fields import compile_time
from tieline.connectors.inbound.intake import Intake
from tieline.connectors.inbound.request import Inbound, InboundRequest
from tieline.connectors.manifest.inbound import CallIntake
from tieline.domain.errors import VendorMisconfigured

TOKEN = "s3cr3t-token"
ROW = {"when": {"body.event": "ring"}, "emit": "ringing", "fields": {"call_id": "body.id", "from": "body.from"}}
OPEN = {"kind": "none", "because": "the network is trusted"}
CONFIG = {"token": TOKEN, "zone": "Asia/Shanghai"}


class Calls:
    """A call intake, asked at one fixed time."""

    def __init__(self, *rows: Mapping[str, object], **parts: object) -> None:
        declared = {"accept": ["json", "form"], "verify": OPEN, "events": rows or [ROW], **parts}
        self._intake = Intake(CallIntake.model_validate(declared), CONFIG, token_bytes)

    def translate(self, arrived: InboundRequest) -> Inbound:
        return self._intake.translate(arrived, now=NOW)


def translator(*rows: Mapping[str, object], **parts: object) -> Calls:
    return Calls(*rows, **parts)


def request(body: object = None, *, form: str = "", headers: Mapping[str, str] | None = None, tail: str = "") -> InboundRequest:
    if form:
        return InboundRequest("POST", headers or {}, "", "application/x-www-form-urlencoded", form.encode(), tail)
    return InboundRequest("POST", headers or {}, "q=from-query", "application/json", json.dumps(body).encode(), tail)


def only(inbound: Inbound) -> dict[str, Any]:
    (event,) = inbound.events
    return event


def drawn(source: object, body: object) -> Any:  # noqa: ANN401 - whatever was drawn
    row = {"emit": "ended", "fields": {"call_id": {"const": "c"}, "hangup_cause": source}}
    return only(translator(row).translate(request(body))).get("hangup_cause")


def test_an_event_has_the_keys_of_a_call_event_and_no_time_of_its_own() -> None:
    inbound = translator().translate(request({"event": "ring", "id": 42, "from": "+8613800138000"}))
    assert inbound.events == ({"type": "ringing", "at": None, "call_id": "42", "from": "+8613800138000"},)
    assert (inbound.reply.status, inbound.refused, inbound.ignored) == (202, None, "")


def test_json_and_form_mean_the_same() -> None:
    as_json = translator().translate(request({"event": "ring", "id": "42", "from": "+86138"}))
    as_form = translator().translate(request(form="event=ring&id=42&from=%2B86138"))
    assert as_json.events == as_form.events


@pytest.mark.parametrize(
    ("source", "body", "found"),
    [
        ("body.a", {"a": "x"}, "x"),
        ("body.a", {"a": 7}, "7"),
        ("body.a", {"a": "  "}, None),
        ("body.a", {"a": ["x"]}, None),
        ("body.a", {"a": {"b": 1}}, None),
        ("body.a", {}, None),
        ("query.q", {}, "from-query"),
        (["body.a", "body.b"], {"a": "", "b": "y"}, "y"),
        ({"const": "z"}, {}, "z"),
        ({"from": "body.a", "values": {"1": "one"}}, {"a": 1}, "one"),
        ({"from": "body.a", "values": {"1": "one"}}, {"a": 2}, None),
        ({"from": "body.a", "values": {"1": "one", "*": "other"}}, {"a": 2}, "other"),
        ({"from": "body.a", "values": {"1": "one", "*": "other"}}, {}, None),
        ({"from": ["body.a", "body.b"], "values": {"x": "y"}}, {"b": "x"}, "y"),
    ],
)
def test_a_field_is_drawn_as_declared(source: object, body: object, found: object) -> None:
    assert drawn(source, body) == found


def test_a_ring_group_is_one_event_per_agent() -> None:
    row = {"emit": "ringing", "each": "body.user", "fields": {"call_id": "body.id", "agent": "item"}}

    def agents(body: InboundRequest) -> list[object]:
        return [event.get("agent") for event in translator(row).translate(body).events]

    assert agents(request({"id": "c", "user": ["1001", "1002"]})) == ["1001", "1002"]
    assert agents(request(form="id=c&user[]=1001&user[]=1002")) == ["1001", "1002"]
    assert agents(request({"id": "c", "user": "1001"})) == ["1001"]
    assert agents(request({"id": "c"})) == [None]
    assert agents(request({"id": "c", "user": []})) == [None]
    assert len(agents(request({"id": "c", "user": [str(n) for n in range(100_000)]}))) == 100


def test_the_first_row_whose_conditions_hold_is_meant() -> None:
    rows = [
        {
            "when": {"body.event": "end", "body.cause": "busy"},
            "emit": "ended",
            "fields": {"call_id": "body.id", "outcome": {"const": "rejected"}},
        },
        {"when": {"body.event": "end"}, "emit": "ended", "fields": {"call_id": "body.id"}},
    ]
    intake = translator(*rows)
    assert only(intake.translate(request({"event": "end", "cause": "busy", "id": "c"})))["outcome"] == "rejected"
    assert "outcome" not in only(intake.translate(request({"event": "end", "id": "c"})))


def test_a_condition_may_ask_for_one_of_several_places() -> None:
    either = {"any": [{"body.agent_end": {"filled": True}}, {"header.x-end": {"filled": True}}]}
    calls = translator({"when": either, "emit": "ended", "fields": {"call_id": "body.id"}})
    assert [calls.translate(request({"id": "c", "agent_end": end})).events for end in ("11:04", "")] == [
        ({"type": "ended", "at": None, "call_id": "c"},),
        (),
    ]
    assert calls.translate(request({"id": "c"}, headers={"x-end": "now"})).events
    with pytest.raises(ValidationError, match="must start with body"):
        translator({"when": {"any": [{"answer.x": 1}]}, "emit": "nothing"})


def test_an_event_no_row_speaks_of_is_accepted_and_told_apart() -> None:
    inbound = translator().translate(request({"event": "dance", "id": "c"}))
    assert (inbound.events, inbound.refused, inbound.reply.status) == ((), None, 202)
    assert inbound.ignored


@pytest.mark.parametrize(
    "body", [{"event": "ring"}, {"event": "ring", "id": "c" * 201}, {"event": "ring", "id": "a\nb"}, [], "x", 5, None]
)
def test_what_no_call_event_can_hold_is_accepted_and_told_apart_without_its_value(body: object) -> None:
    inbound = translator().translate(request(body))
    assert (inbound.events, inbound.refused) == ((), None)
    assert inbound.ignored
    assert "cccc" not in inbound.ignored


def test_one_bad_item_does_not_spoil_the_others() -> None:
    row = {"emit": "ringing", "each": "body.calls", "fields": {"call_id": "item"}}
    inbound = translator(row).translate(request({"calls": ["c-1", "", "c-3"]}))
    assert [event["call_id"] for event in inbound.events] == ["c-1", "c-3"]
    assert inbound.ignored


@pytest.mark.parametrize(
    ("content_type", "body", "status", "refused"),
    [
        ("text/xml", b"<a/>", 415, "unsupported_media_type"),
        ("multipart/form-data; boundary=x", b"", 415, "unsupported_media_type"),
        ("application/json", b"{oops", 400, "body_malformed"),
        ("application/json", b'{"a":' * 100_000, 400, "body_malformed"),
        ("application/json", b"\xff\xfe\x00", 400, "body_malformed"),
    ],
)
def test_what_cannot_be_read_is_refused(content_type: str, body: bytes, status: int, refused: str) -> None:
    inbound = translator().translate(InboundRequest("POST", {}, "", content_type, body))
    assert (inbound.reply.status, inbound.refused, inbound.events) == (status, refused, ())


VERIFIERS = {
    "static_header": ({"kind": "static_header", "header": "X-Token", "value": "$config.token"}, {"x-token": TOKEN}, ""),
    "basic": (
        {"kind": "basic", "username": "pbx", "password": "$config.token"},
        {"authorization": f"Basic {base64.b64encode(f'pbx:{TOKEN}'.encode()).decode()}"},
        "",
    ),
    "path_secret": ({"kind": "path_secret", "value": "$config.token"}, {}, TOKEN),
}


@pytest.mark.parametrize("name", VERIFIERS)
def test_the_right_proof_is_accepted_and_every_other_is_not(name: str) -> None:
    verify, headers, tail = VERIFIERS[name]
    intake = translator(verify=verify)
    body = {"event": "ring", "id": "c"}
    assert intake.translate(request(body, headers=headers, tail=tail)).refused is None
    missing = intake.translate(request(body))
    assert (missing.refused, missing.reply.status, missing.events) == ("signature_missing", 401, ())
    for wrong in ("", "x", f"{TOKEN}x", TOKEN[:-1], TOKEN.upper(), "ü\udcff", "Basic !!!", "Basic " + "A" * 10_000, "Bearer x"):
        refused = intake.translate(request(body, headers=dict.fromkeys(headers, wrong), tail=wrong if tail else ""))
        assert refused.refused in {"signature_missing", "signature_invalid"}


def test_an_empty_secret_proves_nothing_and_is_refused_when_the_connection_opens() -> None:
    verify = {"kind": "static_header", "header": "X-Token", "value": "$config.token"}
    intake = CallIntake.model_validate({"verify": verify, "events": [ROW]})
    with pytest.raises(VendorMisconfigured):
        Intake(intake, {"token": " "}, token_bytes)


def test_a_request_does_not_show_itself() -> None:
    shown = repr(request({"from": "canary"}, headers={"x": "canary"}, tail="canary"))
    assert "canary" not in shown


def test_the_reply_is_as_the_vendor_wants_it() -> None:
    assert (
        translator(reply={"status": 200, "json": {"retCode": "0"}}).translate(request({"event": "ring", "id": "c"})).reply.body
        == b'{"retCode":"0"}'
    )
    assert translator(reply={"status": 200, "text": "200"}).translate(request({"event": "x"})).reply.body == b"200"


TEN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "written", "zone", "moment"),
    [
        ("2026-11-22T10:00:00Z", "iso", "", TEN),
        ("2026-11-22T18:00:00+08:00", "iso", "", TEN),
        ("2026-11-22 18:00:00", "iso", "Asia/Shanghai", TEN),
        ("2026-11-22 18:00:00", "%Y-%m-%d %H:%M:%S", "Asia/Shanghai", TEN),
        ("20261122180000", "%Y%m%d%H%M%S", "Asia/Shanghai", TEN),
        (20261122180000, "%Y%m%d%H%M%S", "Asia/Shanghai", TEN),
        (TEN.timestamp(), "epoch_s", "", TEN),
        (str(int(TEN.timestamp() * 1000)), "epoch_ms", "", TEN),
        (int(TEN.timestamp() * 1_000_000), "epoch_us", "", TEN),
        ("1795341600.250", "epoch_s", "", TEN + timedelta(milliseconds=250)),
        (int(TEN.timestamp() * 1000), "epoch_s", "", None),
        (0, "epoch_s", "", None),
        ("2026-02-30 00:00:00", "%Y-%m-%d %H:%M:%S", "", None),
        ("", "iso", "", None),
        (None, "epoch_s", "", None),
        (True, "epoch_s", "", None),
        ("nan", "epoch_s", "", None),
        ("inf", "epoch_s", "", None),
        ([], "epoch_s", "", None),
        ("1999-01-01T00:00:00Z", "iso", "", None),
    ],
)
def test_times(value: object, written: str, zone: str, moment: datetime | None) -> None:
    assert compile_time(written, zone)(value) == moment


def test_a_time_in_the_connections_zone() -> None:
    at = {"from": "body.at", "format": "%Y-%m-%d %H:%M:%S", "zone": "$config.zone"}
    row = {"emit": "ringing", "fields": {"call_id": "body.id", "at": at}}
    event = only(translator(row).translate(request({"id": "c", "at": "2026-11-22 18:00:00"})))
    assert event["at"] == datetime(2026, 11, 22, 18, 0, tzinfo=timezone(timedelta(hours=8)))


def test_an_unknown_zone_is_told_when_the_connection_opens() -> None:
    at = {"from": "body.at", "format": "iso", "zone": "Mars/Olympus"}
    with pytest.raises(VendorMisconfigured):
        translator({"emit": "ringing", "fields": {"call_id": "body.id", "at": at}})


@pytest.mark.parametrize(("written", "seconds"), [("90", 90), (90.4, 90), ("1e400", None), ("soon", None), (-5, 0), ("", None)])
def test_durations_become_whole_seconds(written: object, seconds: int | None) -> None:
    row = {"emit": "ended", "fields": {"call_id": {"const": "c"}, "talk_s": "body.t"}}
    assert only(translator(row).translate(request({"t": written}))).get("talk_s") == seconds


def test_further_facts_travel_along() -> None:
    row = {"emit": "ringing", "fields": {"call_id": "body.id"}, "data": {"campaign": "body.c", "deep": "body.d", "ok": "body.ok"}}
    event = only(translator(row).translate(request({"id": "c", "c": "x", "d": {"a": 1}, "ok": True})))
    assert event["data"] == {"campaign": "x", "ok": True}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["event", "id", "from", "user", "at"]), inner, max_size=5)
    ),
)


@given(JSON)
def test_nothing_that_can_be_sent_raises(body: object) -> None:
    rows = [
        {
            "when": {"body.event": {"contains": "r"}},
            "emit": "ringing",
            "each": "body.user",
            "fields": {"call_id": ["body.id", "item"], "talk_s": "body.at"},
        },
        {"emit": "ended", "fields": {"call_id": "body.id", "at": {"from": "body.at", "format": "epoch_ms"}, "from": "body.from"}},
    ]
    inbound = translator(*rows).translate(request(body))
    assert inbound.refused is None or inbound.refused == "body_malformed"


def test_a_connection_translates_for_itself_and_one_that_takes_no_calls_says_so(tmp_path: Path) -> None:
    connection, _ = connect(tmp_path, lambda _: json_answer({}), inbound={"call": {"verify": OPEN, "events": [ROW]}})
    assert connection.translate(request({"event": "ring", "id": "c"})).events
    silent, _ = connect(tmp_path, lambda _: json_answer({}))
    with pytest.raises(VendorMisconfigured):
        silent.translate(request({}))
