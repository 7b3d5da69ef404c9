"""The rarer ways in which answers continue: scrolls, ranges, windows of time, ends told by a condition, caps nobody mentions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.unit.connectors.wires import Answering, FakeWire, connect, json_answer

from tieline.connectors.contract import Result
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.domain.errors import VendorMisconfigured
from tieline.kit.deadline import Deadline


async def pages_of(
    folder: Path,
    pages: Mapping[str, object],
    answering: Answering,
    **inputs: Any,  # noqa: ANN401 - the manifest says which
) -> tuple[Result, FakeWire]:
    operations = {"call.list": {"request": {"path": "/c"}, "records": "body.items", "pages": pages}}
    connection, wire = connect(folder, answering, operations=operations)
    return await connection.run("call.list", deadline=Deadline.after(5), **inputs), wire


def one_after_another(*bodies: object) -> Answering:
    answers = iter(bodies)
    return lambda _: json_answer(next(answers))


def queries(wire: FakeWire) -> list[dict[str, str]]:
    return [dict(parse_qsl(urlsplit(outgoing.url).query)) for outgoing in wire.sent]


async def test_a_scroll_keeps_its_id_and_ends_with_an_empty_page(tmp_path: Path) -> None:
    bodies = [{"scrollId": "s", "items": [{"id": n}]} for n in range(3)]
    pages = {"kind": "scroll", "param": "scrollId", "next": "body.scrollId"}
    result, wire = await pages_of(tmp_path, pages, one_after_another(*bodies, {"scrollId": "s", "items": []}))
    assert ([record["id"] for record in result.records], result.truncated, len(wire.sent)) == ([0, 1, 2], False, 4)


@pytest.mark.parametrize(("may_be_empty", "found"), [(True, [1, 2]), (False, [1])])
async def test_an_empty_page_with_a_token_may_be_in_the_middle(
    tmp_path: Path,
    may_be_empty: bool,  # noqa: FBT001 - a table's column
    found: list[int],
) -> None:
    bodies = [{"next": "a", "items": [{"id": 1}]}, {"next": "b", "items": []}, {"items": [{"id": 2}]}]
    pages = {"kind": "cursor", "param": "t", "next": "body.next", "may_be_empty": may_be_empty}
    result, _ = await pages_of(tmp_path, pages, one_after_another(*bodies))
    assert [record["id"] for record in result.records] == found


async def test_the_end_may_be_told_by_a_condition(tmp_path: Path) -> None:
    bodies = [{"c": "a", "items": [{"id": 1}]}, {"c": "b", "end_of_stream": True, "items": [{"id": 2}]}]
    pages = {"kind": "cursor", "param": "cursor", "next": "body.c", "last": {"body.end_of_stream": True}}
    result, wire = await pages_of(tmp_path, pages, one_after_another(*bodies))
    assert (len(result.records), len(wire.sent), result.truncated) == (2, 2, False)


async def test_a_range_header_walks_through_the_records(tmp_path: Path) -> None:
    def ranged(outgoing: Outgoing) -> Incoming:
        start, end = map(int, outgoing.headers["range"].removeprefix("records=").split("-"))
        return json_answer({"items": [{"id": n} for n in range(start, min(end, 5))]})

    result, wire = await pages_of(tmp_path, {"kind": "range", "size": 2}, ranged)
    assert [outgoing.headers["range"] for outgoing in wire.sent] == ["records=0-2", "records=2-4", "records=4-6"]
    assert [record["id"] for record in result.records] == [0, 1, 2, 3, 4]


WINDOWS = {
    "kind": "window",
    "param": "begin",
    "until_param": "end",
    "window_s": 86_400,
    "written": "%Y-%m-%d %H:%M:%S",
    "zone": "Asia/Shanghai",
    "cap": 2,
}


async def test_a_span_of_time_is_asked_for_window_by_window(tmp_path: Path) -> None:
    answering = one_after_another({"items": [{"id": 1}]}, {"items": []}, {"items": [{"id": 3}]})
    span = {"since": "2026-01-01T00:00:00+00:00", "until": "2026-01-03T12:00:00+00:00"}
    result, wire = await pages_of(tmp_path, WINDOWS, answering, **span)
    assert queries(wire) == [
        {"begin": "2026-01-01 08:00:00", "end": "2026-01-02 08:00:00"},
        {"begin": "2026-01-02 08:00:00", "end": "2026-01-03 08:00:00"},
        {"begin": "2026-01-03 08:00:00", "end": "2026-01-03 20:00:00"},
    ]
    assert ([record["id"] for record in result.records], result.truncated) == ([1, 3], False)


async def test_a_window_at_its_cap_is_not_taken_for_all(tmp_path: Path) -> None:
    answering = one_after_another({"items": [{"id": 1}, {"id": 2}]}, {"items": [{"id": 3}]})
    span = {"since": "2026-01-01T00:00:00+00:00", "until": "2026-01-03T00:00:00+00:00"}
    result, _ = await pages_of(tmp_path, WINDOWS, answering, **span)
    assert (len(result.records), result.truncated) == (3, True)


async def test_a_span_of_time_needs_both_its_ends(tmp_path: Path) -> None:
    with pytest.raises(VendorMisconfigured) as caught:
        await pages_of(tmp_path, WINDOWS, one_after_another(), since="2026-01-01T00:00:00+00:00")
    assert caught.value.code == "input_missing"


async def test_a_search_that_stops_at_its_cap_is_not_taken_for_all(tmp_path: Path) -> None:
    def shelf(outgoing: Outgoing) -> Incoming:
        page = int(dict(parse_qsl(urlsplit(outgoing.url).query))["page"])
        return json_answer({"items": [{"id": n} for n in range(page * 10, page * 10 + 10)] if page <= 3 else []})

    pages = {"kind": "page", "param": "page", "size": 10, "cap": 30, "at_most": 100}
    result, wire = await pages_of(tmp_path, pages, shelf)
    assert (len(result.records), result.truncated, len(wire.sent)) == (30, True, 3)
