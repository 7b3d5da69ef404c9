"""Events about records over made-up manifests: admitted at the door, read from what was stored, the newest word counting."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import permutations
from secrets import token_bytes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.connectors.wires import NOW

from tieline.connectors.inbound.intake import Intake
from tieline.connectors.inbound.request import InboundRequest
from tieline.connectors.manifest.inbound import EventIntake
from tieline.domain.event import Event, order_key, supersedes, version_of

OPEN = {"kind": "none", "because": "the network is trusted"}
CHANGED = {
    "when": {"body.type": "changed"},
    "emit": "ticket.changed",
    "id": "body.id",
    "version": {"from": "body.seq", "as": "number"},
    "occurred_at": "body.at",
    "record": "body.ticket",
}
BODY = {"type": "changed", "id": 42, "seq": 7, "at": "2026-11-22T10:00:00Z", "ticket": {"id": 42, "state": "open"}}


def intake(*rows: Mapping[str, object], **parts: object) -> Intake:
    return Intake(
        EventIntake.model_validate({"verify": OPEN, "events": rows or [CHANGED], **parts}), {"token": "s3cr3t"}, token_bytes
    )


def posted(body: object, **headers: str) -> InboundRequest:
    return InboundRequest("POST", headers, "", "application/json", json.dumps(body).encode())


def only(taken: Intake, body: object) -> dict[str, Any]:
    (event,) = taken.read(posted(body)).events
    Event.model_validate(event)
    return event


def test_an_event_names_its_object_how_new_it_is_and_what_it_looks_like() -> None:
    event = only(intake(), BODY)
    assert event.pop("dedupe_key")
    assert event == {
        "kind": "ticket.changed",
        "external_id": "42",
        "version": "000000000000000000000007.000000",
        "occurred_at": datetime(2026, 11, 22, 10, tzinfo=UTC),
        "record": {"id": 42, "state": "open"},
    }


def test_an_event_without_its_object_asks_for_it_to_be_read() -> None:
    row = {"emit": "order.changed", "id": {"from": "body.subject", "take": [{"after": "order:"}]}, "refetch": True}
    assert only(intake(row), {"subject": "zen:order:9"}) == {"kind": "order.changed", "external_id": "9", "refetch": True}


def test_what_is_stored_is_enough_to_be_read_and_shows_no_proof_of_the_sender() -> None:
    taken = intake(verify={"kind": "static_header", "header": "X-Token", "value": "$config.token"})
    arrived = InboundRequest(
        "POST",
        {"x-token": "s3cr3t", "authorization": "Basic x", "x-id": "1"},
        "",
        "application/json",
        json.dumps(BODY).encode(),
        path_tail="s3cr3t",
    )
    kept = taken.admit(arrived, now=NOW).kept
    assert kept is not None
    assert (kept.headers, kept.path_tail) == ({"x-id": "1"}, "")
    assert taken.read(kept).events == taken.read(arrived).events


def test_a_batch_with_one_bad_entry_is_read_but_for_that_one() -> None:
    row = {"emit": "ticket.changed", "id": "entry.id", "refetch": True}
    reading = intake(row, split="body").read(posted([{"id": number or None} for number in range(100)]))
    assert [event["external_id"] for event in reading.events] == [str(number) for number in range(1, 100)]
    assert reading.faults == ("entry 1: event: value_error",)


def test_what_is_known_and_of_no_interest_is_no_fault_and_what_is_unknown_is_one() -> None:
    rows: list[Mapping[str, object]] = [{"when": {"entry": "ping"}, "emit": "nothing"}, {"when": {"entry": "t"}, **NAMED}]
    reading = intake(*rows, split="body").read(posted(["ping", "t", "dance", "ping"]))
    assert (len(reading.events), reading.skipped, len(reading.faults)) == (1, 2, 1)


NAMED = {"emit": "ticket.changed", "id": {"const": "7"}, "refetch": True}


def test_what_cannot_be_read_is_accepted_and_told_apart() -> None:
    broken = InboundRequest("POST", {}, "", "application/json", b'{"note": "say "hello""}')
    taken = intake()
    admission = taken.admit(broken, now=NOW)
    assert (admission.refused, admission.reply.status, admission.kept) == (None, 202, broken)
    assert taken.read(broken).faults == ("the body is not JSON",)


def test_a_delivery_is_known_again_by_its_id_else_by_its_words_if_they_say_how_new_they_are() -> None:
    named = intake(dedupe=["header.x-delivery"])
    assert named.admit(posted(BODY, **{"x-delivery": "d-1"}), now=NOW).dedupe_key == "d-1"
    assert named.admit(posted(BODY), now=NOW).dedupe_key == posted(BODY).digest()
    assert intake().admit(posted(BODY), now=NOW).dedupe_key == posted(BODY).digest()


def test_two_requests_that_only_name_an_object_may_mean_two_changes() -> None:
    taken = intake({"emit": "ticket.changed", "id": "body.id", "refetch": True})
    assert taken.admit(posted({"id": "1"}), now=NOW).dedupe_key is None
    assert "dedupe_key" not in only(taken, {"id": "1"})


def test_nine_identical_calls_of_one_change_share_a_key_and_two_changes_do_not() -> None:
    row = {"emit": "customer.changed", "id": "body._id", "version": "body.write_date", "fields": {"name": "body.name"}}
    first = {"_id": 7, "write_date": "2026-11-22 10:00:00.000001", "name": "Li"}
    keys = [only(intake(row), first)["dedupe_key"] for _ in range(9)]
    assert len(set(keys)) == 1
    assert only(intake(row), {**first, "write_date": "2026-11-22 10:00:00.000002"})["dedupe_key"] not in keys


@pytest.mark.parametrize(
    "row",
    [
        {"emit": "ticket.vanished", "id": "body.id", "refetch": True},
        {"emit": "ticket.changed", "refetch": True},
        {"emit": "ticket.changed", "id": "body.id"},
        {"emit": "ticket.changed", "id": "somewhere.id", "refetch": True},
        {"emit": "ticket.changed", "id": {"from": "body.id", "take": [{"mangle": "x"}]}, "refetch": True},
        {"emit": "ticket.changed", "id": {"from": "body.id", "format": "iso", "as": "number"}, "refetch": True},
    ],
)
def test_a_row_that_says_nothing_or_nonsense_is_refused_when_the_file_is_read(row: Mapping[str, object]) -> None:
    with pytest.raises(ValidationError):
        intake(row)


def test_the_newest_word_counts_whatever_order_six_come_in() -> None:
    events = [Event.model_validate(only(intake(), {**BODY, "seq": seq, "at": None})) for seq in (2, 9, 10, 10, 11, 100)]
    for heard in permutations(events):
        known: str | None = None
        for event in heard:
            if supersedes(event, known):
                known = order_key(event)
        assert known == events[-1].version


def test_the_same_word_once_more_is_no_news_and_what_cannot_be_compared_is() -> None:
    event = Event.model_validate(only(intake(), BODY))
    assert (supersedes(event, order_key(event)), supersedes(event, None)) == (False, True)
    mute = Event(kind="ticket.changed", external_id="1", refetch=True)
    assert supersedes(mute, order_key(event))


@pytest.mark.parametrize("origin", ["a\r\nX-Evil: 1", "a\x00", "中文", "a\tb", ""])
def test_what_would_break_out_of_a_header_is_left_out(origin: str) -> None:
    declared = {"status": 200, "headers": {"X-Origin": "$header.x-origin", "X-Fixed": "yes"}}
    admission = intake(reply=declared).admit(posted(BODY, **{"x-origin": origin}), now=NOW)
    assert admission.reply.headers == {"X-Fixed": "yes"}


@given(
    st.one_of(
        st.lists(st.integers(0, 10**20), min_size=2),
        st.lists(st.decimals(0, 10**12, places=6), min_size=2),
        st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2),
    )
)
def test_versions_sort_as_what_they_were(values: list[Any]) -> None:
    written = [version_of(value) for value in values]
    assert [value for _, value in sorted(zip(map(str, written), values, strict=True))] == sorted(values)


@pytest.mark.parametrize("value", [None, True, -1, 10**24, float("nan"), float("inf"), "", " ", "a\nb", "x" * 101, [], {}])
def test_what_cannot_be_ordered_is_no_version(value: object) -> None:
    assert version_of(value) is None


def test_a_batch_of_a_hundred_thousand_is_read_to_a_limit_and_said_so() -> None:
    row = {"emit": "ticket.changed", "id": "entry", "refetch": True}
    reading = intake(row, split="body").read(posted(list(range(100_000))))
    assert len(reading.events) == 1000
    assert reading.faults == ("only the first 1000 of 100000 entries were read",)


def test_a_batch_of_nonsense_is_told_in_a_few_words() -> None:
    reading = intake({"emit": "ticket.changed", "id": "entry.id", "refetch": True}, split="body").read(posted([0] * 500))
    assert (reading.events, len(reading.faults), reading.faults[-1]) == ((), 21, "and 480 more")


def test_a_list_inside_an_entry_is_read_to_a_limit_too() -> None:
    row = {"emit": "ticket.changed", "each": "body.ids", "id": "item", "refetch": True}
    reading = intake(row).read(posted({"ids": list(range(5000))}))
    assert (len(reading.events), len(reading.faults)) == (100, 1)


@pytest.mark.parametrize(
    ("ops", "text", "found"),
    [
        ([{"after": "zen:ticket:"}], "zen:ticket:42", "42"),
        ([{"after": "zen:ticket:"}], "zen:user:42", None),
        ([{"before": "-"}], "1767322800-37", "1767322800"),
        ([{"before": "-"}], "37", None),
        ([{"after_last": "/"}], "https://x/crm/v8/Cases", "Cases"),
        ([{"head": {"of": "-", "steps": [{"suffix": "000"}]}}], "1767322800-37", "1767322800000-37"),
        ([{"head": {"of": "-", "steps": [{"first": 10}]}}], "1767322800000-37", "1767322800-37"),
        ([{"head": {"of": "-", "steps": [{"first": 10}]}}], "1767322800000", None),
        ([{"without_prefix": "T-"}, {"prefix": "case/"}], "T-7", "case/7"),
        ([{"without_prefix": "T-"}], "7", "7"),
        ([{"last": 4}, {"case": "upper"}], "xx-ab12", "AB12"),
        ([{"after": "a"}], 12, None),
    ],
)
def test_ids_are_rewritten_step_by_step(ops: list[Mapping[str, object]], text: object, found: str | None) -> None:
    row = {
        "emit": "ticket.changed",
        "id": "body.id",
        "fields": {"other": {"from": "body.text", "take": ops}, "one": {"const": 1}},
    }
    assert only(intake(row), {"id": "1", "text": text})["fields"].get("other") == found


@pytest.mark.parametrize(
    "ops", [[{"after": ""}], [{"first": 0}], [{"first": True}], [{"case": "title"}], [{"head": {"of": "-"}}], [{}], ["x"]]
)
def test_a_step_that_is_none_is_refused_when_the_file_is_read(ops: list[object]) -> None:
    with pytest.raises(ValidationError):
        intake({"emit": "ticket.changed", "id": {"from": "body.id", "take": ops}, "refetch": True})


@pytest.mark.parametrize(
    ("unpack", "body", "found"),
    [
        ([{"at": "body.x", "as": "json"}], {"x": '{"a": "1"}'}, "1"),
        ([{"at": "body", "as": "json"}], '{"x": {"a": "1"}}', "1"),
        ([{"at": "body.x", "as": ["base64", "json"]}], {"x": "eyJhIjogIjEifQ=="}, "1"),
        ([{"at": "body.x", "as": "form"}], {"x": "a=1&b=2"}, "1"),
        ([{"at": "body.x", "as": ["percent"]}], {"x": {"a": "%31"}}, "1"),
        ([{"at": "body.list[0]", "as": "json"}, {"at": "body.x", "as": "json"}], {"list": ["{}"], "x": '{"a":"1"}'}, "1"),
        ([{"at": "body.absent", "as": "json"}], {"x": {"a": "1"}}, "1"),
    ],
)
def test_documents_inside_documents_are_opened(unpack: object, body: object, found: str) -> None:
    row = {"emit": "ticket.changed", "id": "body.x.a", "refetch": True}
    assert only(intake(row, unpack=unpack), body)["external_id"] == found


@pytest.mark.parametrize("packed", ["{oops", 5, {"a": 1}, "[" * 5000])
def test_what_does_not_hold_what_it_should_is_told_apart_without_its_contents(packed: object) -> None:
    row = {"emit": "ticket.changed", "id": "body.x.a", "refetch": True}
    assert intake(row, unpack=[{"at": "body.x", "as": "json"}]).read(posted({"x": packed})).faults == (
        "body.x does not hold what it should",
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["type", "id", "seq", "at", "ticket", "x"]), inner, max_size=6)
    ),
)


@given(
    JSON, st.text(max_size=100), st.sampled_from(["application/json", "text/xml", "application/x-www-form-urlencoded", "", "x"])
)
def test_nothing_that_can_be_sent_raises(body: object, query: str, content_type: str) -> None:
    taken = intake(
        {**CHANGED, "each": "entry.x", "id": ["item.id", "entry.id"], "fields": {"query": "query.id", "x": "entry.x"}},
        accept=["json", "form", "xml", "query"],
        split="body",
        unpack=[{"at": "body.x", "as": ["json"]}],
        dedupe=["body.id"],
    )
    for method in ("POST", "GET", "PUT"):
        arrived = InboundRequest(method, {}, query, content_type, json.dumps(body).encode())
        admission = taken.admit(arrived, now=NOW)
        if admission.kept is not None:
            for event in taken.read(admission.kept).events:
                Event.model_validate(event)


@given(
    st.binary(max_size=300),
    st.sampled_from(["application/json", "text/xml", "application/x-www-form-urlencoded; charset=gbk", "", "x; charset=zip"]),
)
def test_no_bytes_raise(body: bytes, content_type: str) -> None:
    taken = intake(accept=["json", "form", "xml"], split="body")
    arrived = InboundRequest("POST", {}, body.decode("latin-1"), content_type, body)
    taken.admit(arrived, now=NOW)
    taken.read(arrived)


def test_what_xml_could_include_is_plain_data_and_nothing_is_fetched() -> None:
    body = (
        b'<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?><x xmlns:xi="http://www.w3.org/2001/XInclude" '
        b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x http://127.0.0.1:9/x.xsd">'
        b'<xi:include href="file:///etc/hostname"/></x>'
    )
    row = {"emit": "ticket.changed", "id": 'body.x.include["@href"]', "refetch": True}
    reading = intake(row, accept=["xml"]).read(InboundRequest("POST", {}, "", "text/xml", body))
    assert [event["external_id"] for event in reading.events] == ["file:///etc/hostname"]
