"""One run from inputs to result, over a fake wire."""

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.unit.connectors.wires import CALLER, Answering, connect, json_answer

from tieline.connectors.contract import Result
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.domain.errors import VendorBadAnswer, VendorMisconfigured, VendorRejected, VendorUnavailable
from tieline.domain.phone import PhoneNumber
from tieline.kit.deadline import Deadline

SERVICE = PhoneNumber(raw="95588", national="95588", country="CN")


def asking(**request: object) -> dict[str, object]:
    return {"customer.find": {"request": {"path": "/find", **request}, "records": "body.items"}}


async def run(
    folder: Path,
    answering: Answering,
    operations: object,
    **inputs: Any,  # noqa: ANN401 - the manifest says which
) -> tuple[Result, list[Outgoing]]:
    connection, wire = connect(folder, answering, operations=operations)
    (operation,) = connection.operations
    result = await connection.run(operation, deadline=Deadline.after(5), **inputs)
    return result, wire.sent


def items(*ids: object) -> Incoming:
    return json_answer({"items": [{"id": each} for each in ids]})


async def sent(folder: Path, operations: object, **inputs: object) -> Outgoing:
    _, (outgoing,) = await run(folder, lambda _: items(), operations, **inputs)
    return outgoing


async def test_the_result_names_what_came_and_when(tmp_path: Path) -> None:
    result, _ = await run(tmp_path, lambda _: items("1", "2"), asking(query={"p": "$in.phone.e164"}), phone=CALLER)
    assert result == Result("ok", ({"id": "1"}, {"id": "2"}), took_ms=result.took_ms)


@pytest.mark.parametrize("found", [None, [], "", False, {}])
async def test_nothing_where_the_records_would_be_is_nobody(tmp_path: Path, found: object) -> None:
    result, _ = await run(tmp_path, lambda _: json_answer({"items": found}), asking())
    assert (result.outcome, result.records) == ("ok", ())


async def test_a_lone_object_is_one_record(tmp_path: Path) -> None:
    result, _ = await run(tmp_path, lambda _: json_answer({"items": {"id": "1"}}), asking())
    assert result.records == ({"id": "1"},)


async def test_an_empty_answer_is_nobody(tmp_path: Path) -> None:
    result, _ = await run(tmp_path, lambda _: Incoming(204, {}, b""), asking())
    assert result.records == ()


async def test_the_request_is_written_as_declared(tmp_path: Path) -> None:
    outgoing = await sent(
        tmp_path,
        asking(query={"q": "张 +&", "list": ["a", "b"], "page[size]": 5, "on": True, "none": None}, headers={"X-Region": "cn"}),
    )
    assert outgoing.url == "https://x.example/find?q=%E5%BC%A0%20%2B%26&list=a&list=b&page%5Bsize%5D=5&on=true"
    assert (outgoing.headers["x-region"], outgoing.headers["authorization"]) == ("cn", "Bearer s3cr3t-token")


@pytest.mark.parametrize(
    ("given", "segment"),
    [("7", "7"), ("a/b", "a%2Fb"), ("张", "%E5%BC%A0"), ("?x=1#y", "%3Fx%3D1%23y"), ("..%2f", "..%252f"), ("a b", "a%20b")],
)
async def test_an_id_in_a_path_is_escaped_whole(tmp_path: Path, given: str, segment: str) -> None:
    operations = {"customer.get": {"request": {"path": "/c/$in.customer_id/x-${in.customer_id}"}}}
    outgoing = await sent(tmp_path, operations, customer_id=given)
    assert outgoing.url == f"https://x.example/c/{segment}/x-{segment}"


@pytest.mark.parametrize("given", ["", ".", ".."])
async def test_an_id_that_would_name_another_resource_is_refused(tmp_path: Path, given: str) -> None:
    with pytest.raises(VendorRejected):
        await sent(tmp_path, {"customer.get": {"request": {"path": "/c/$in.customer_id"}}}, customer_id=given)


async def test_a_header_cannot_be_broken_out_of(tmp_path: Path) -> None:
    operations = {"customer.get": {"request": {"path": "/c", "headers": {"X-Id": "$in.customer_id"}}}}
    for given in ("a\r\nHost: evil", "a\nb", "a\0", "张"):
        with pytest.raises(VendorMisconfigured) as caught:
            await sent(tmp_path, operations, customer_id=given)
        assert caught.value.code == "header_forbidden"


async def test_forms_json_and_text_bodies(tmp_path: Path) -> None:
    form = await sent(tmp_path, asking(method="POST", form={"p": "$in.phone.e164", "l": [1, 2]}), phone=CALLER)
    json = await sent(tmp_path, asking(method="POST", json={"p": "$in.phone.e164", "l": [1, 2]}), phone=CALLER)
    text = await sent(tmp_path, asking(method="POST", text="<p>${in.phone.e164}</p>", content_type="text/xml"), phone=CALLER)
    assert (form.body, form.headers["content-type"]) == (b"p=%2B8613800138000&l=1&l=2", "application/x-www-form-urlencoded")
    assert (json.body, json.headers["content-type"]) == (b'{"p":"+8613800138000","l":[1,2]}', "application/json")
    assert (text.body, text.headers["content-type"]) == (b"<p>+8613800138000</p>", "text/xml")


async def test_a_number_the_vendor_cannot_know_is_not_found_and_nothing_is_sent(tmp_path: Path) -> None:
    result, outgoing = await run(tmp_path, lambda _: items("everybody"), asking(query={"p": "$in.phone.e164"}), phone=SERVICE)
    assert (result.outcome, result.records, result.pages, outgoing) == ("not_found", (), 0, [])


async def test_an_input_that_is_missing_is_our_fault_and_nothing_is_sent(tmp_path: Path) -> None:
    with pytest.raises(VendorMisconfigured) as caught:
        await sent(tmp_path, asking(query={"p": "$in.phone.e164"}))
    assert caught.value.code == "input_missing"


async def test_what_is_not_declared_is_not_offered(tmp_path: Path) -> None:
    connection, _ = connect(tmp_path, lambda _: items(), operations=asking())
    assert (connection.needs("customer.find"), connection.needs("order.list")) == (frozenset(), None)
    with pytest.raises(VendorMisconfigured):
        await connection.run("order.list", deadline=Deadline.after(1))


@pytest.mark.parametrize(
    ("operation", "needs"),
    [
        ({"order.list": {"request": {"path": "/o", "query": {"p": "$in.phone.e164", "c": "$in.cursor?"}}}}, {"phone"}),
        ({"order.list": {"request": {"path": "/c/$in.customer_id/o"}}}, {"customer_id"}),
        ({"order.list": {"request": {"path": "/o", "headers": {"X-No": "n ${in.number}"}}}}, {"number"}),
        (
            {
                "ticket.update": {
                    "request": {"method": "PUT", "path": "/t/$in.ticket_id", "json": "$record"},
                    "idempotency": {"header": "X-Key"},
                }
            },
            {"ticket_id", "record", "idempotency_key"},
        ),
    ],
)
def test_what_an_operation_cannot_do_without(tmp_path: Path, operation: object, needs: frozenset[str]) -> None:
    connection, _ = connect(tmp_path, lambda _: items(), operations=operation)
    assert connection.needs(connection.operations[0]) == frozenset(needs)


@pytest.mark.parametrize(
    ("choice", "body", "header"),
    [({"header": "X-Key"}, b'{"a":1}', "k-1"), ({"field": "meta.key"}, b'{"a":1,"meta":{"key":"k-1"}}', None)],
)
async def test_a_write_carries_its_key(tmp_path: Path, choice: object, body: bytes, header: str | None) -> None:
    request = {"method": "POST", "path": "/t", "json": "$record"}
    record = {"a": 1}
    operations = {"ticket.create": {"request": request, "idempotency": choice, "result": {"id": "body.id"}}}
    _, (outgoing,) = await run(tmp_path, lambda _: json_answer({"id": 7}), operations, record=record, idempotency_key="k-1")
    assert (outgoing.body, outgoing.headers.get("x-key"), record) == (body, header, {"a": 1})


async def test_a_write_names_what_it_made(tmp_path: Path) -> None:
    operations = {
        "ticket.create": {
            "request": {"method": "POST", "path": "/t", "json": "$record"},
            "idempotency": {"none": "nothing is offered"},
            "result": {"id": "body.id", "url": "${config.base_url}/show/${body.id}"},
        }
    }
    result, _ = await run(tmp_path, lambda _: json_answer({"id": 7}), operations, record={})
    assert (result.external_id, result.external_url) == ("7", "https://x.example/show/7")


def paged(pages: Mapping[str, object], **request: object) -> dict[str, object]:
    return {"order.list": {"request": {"path": "/o", **request}, "records": "body.items", "pages": pages}}


def shelf(size: int, total: int, more: Callable[[int], dict[str, object]] = lambda _: {}) -> Answering:
    """A vendor with `total` records, asked by page or offset in the query."""

    def answering(outgoing: Outgoing) -> Incoming:
        query = {key: int(values[0]) for key, values in parse_qs(urlsplit(outgoing.url).query).items()}
        start = query["offset"] if "offset" in query else (query["page"] - 1) * size
        return json_answer({"items": [{"id": n} for n in range(start, min(start + size, total))], **more(start)})

    return answering


def turning(first: Incoming, *rest: Incoming) -> Answering:
    answers: Iterator[Incoming] = iter((first, *rest))
    return lambda _: next(answers)


@pytest.mark.parametrize(
    ("pages", "total", "asked", "truncated"),
    [
        ({"kind": "page", "param": "page", "size": 10}, 25, 3, False),
        ({"kind": "page", "param": "page", "size": 10}, 20, 3, False),
        ({"kind": "page", "param": "page", "size": 10, "at_most": 2}, 25, 2, True),
        ({"kind": "page", "param": "page", "size": 10, "at_most": 3}, 25, 3, False),
        ({"kind": "page", "param": "page"}, 25, 4, False),
        ({"kind": "offset", "param": "offset", "size": 10}, 25, 3, False),
        ({"kind": "page", "param": "page", "size": 100, "total": "body.total"}, 25, 3, False),
        ({"kind": "offset", "param": "offset", "size": 100, "total": "body.total"}, 25, 3, False),
        ({"kind": "page", "param": "page", "size": 100, "more": "body.more"}, 25, 3, False),
    ],
)
async def test_all_pages_are_read_and_no_more(
    tmp_path: Path,
    pages: Mapping[str, object],
    total: int,
    asked: int,
    truncated: bool,  # noqa: FBT001 - a table's column
) -> None:
    vendor = shelf(10, total, lambda start: {"total": total, "more": start + 10 < total})
    result, outgoing = await run(tmp_path, vendor, paged(pages))
    assert [record["id"] for record in result.records] == list(range(min(total, asked * 10)))
    assert (len(outgoing), result.pages, result.truncated) == (asked, asked, truncated)


async def test_the_page_size_is_asked_for(tmp_path: Path) -> None:
    pages = {"kind": "page", "param": "page", "first": 1, "size": 10, "size_param": "per_page"}
    _, outgoing = await run(tmp_path, shelf(10, 5), paged(pages, query={"page_no": 1}))
    assert outgoing[0].url == "https://x.example/o?page_no=1&per_page=10&page=1"


async def test_a_cursor_is_followed_to_its_end(tmp_path: Path) -> None:
    answers = [json_answer({"items": [{"id": n}], "next": cursor}) for n, cursor in enumerate(["a", "b", ""])]
    pages = {"kind": "cursor", "param": "cursor", "next": "body.next"}
    result, outgoing = await run(tmp_path, turning(*answers), paged(pages))
    assert [urlsplit(each.url).query for each in outgoing] == ["", "cursor=a", "cursor=b"]
    assert (len(result.records), result.truncated) == (3, False)


async def test_paging_goes_into_the_body_where_the_others_are(tmp_path: Path) -> None:
    answers = [json_answer({"items": [{"id": 1}], "next": "a"}), json_answer({"items": []})]
    pages = {"kind": "cursor", "param": "cursor", "next": "body.next"}
    _, outgoing = await run(tmp_path, turning(*answers), paged(pages, method="POST", json={"q": 1}))
    assert [each.body for each in outgoing] == [b'{"q":1}', b'{"q":1,"cursor":"a"}']


@pytest.mark.parametrize(
    ("pages", "first", "second_url"),
    [
        ({"kind": "link", "next": "body.next"}, {"next": "https://x.example/o?c=2"}, "https://x.example/o?c=2"),
        ({"kind": "link", "next": "body.next"}, {"next": "/o?c=2"}, "https://x.example/o?c=2"),
        ({"kind": "link", "next": "body.next"}, {"next": "?c=2"}, "https://x.example/o?c=2"),
    ],
)
async def test_a_link_is_followed(
    tmp_path: Path, pages: Mapping[str, object], first: Mapping[str, object], second_url: str
) -> None:
    answers = [json_answer({"items": [{"id": 1}], **first}), json_answer({"items": [{"id": 2}]})]
    _, outgoing = await run(tmp_path, turning(*answers), paged(pages))
    assert [each.url for each in outgoing] == ["https://x.example/o", second_url]


async def test_a_link_header_is_followed(tmp_path: Path) -> None:
    header = {"link": '<https://x.example/o?c=1>; rel="prev", <https://x.example/o?c=3>; title="a"; rel="next"'}
    answers = [json_answer({"items": [{"id": 1}]}, headers=header), json_answer({"items": [{"id": 2}]})]
    _, outgoing = await run(tmp_path, turning(*answers), paged({"kind": "link", "next": "header.Link"}))
    assert outgoing[1].url == "https://x.example/o?c=3"


@pytest.mark.parametrize("link", ["https://evil.example/o", "http://x.example/o", "https://x.example:8443/o", "//evil.example/o"])
async def test_a_link_to_another_server_is_not_followed(tmp_path: Path, link: str) -> None:
    with pytest.raises(VendorBadAnswer):
        await run(
            tmp_path, lambda _: json_answer({"items": [{"id": 1}], "next": link}), paged({"kind": "link", "next": "body.next"})
        )


@pytest.mark.parametrize(
    "pages",
    [
        {"kind": "page", "param": "page"},
        {"kind": "cursor", "param": "cursor", "next": "body.next"},
        {"kind": "link", "next": "body.next"},
    ],
    ids=["page", "cursor", "link"],
)
async def test_a_vendor_that_turns_in_circles_is_noticed(tmp_path: Path, pages: Mapping[str, object]) -> None:
    numbers = count()
    same_records = pages["kind"] == "page"

    def circle(_: Outgoing) -> Incoming:
        return json_answer({"items": [{"id": 0 if same_records else next(numbers)}], "next": "/o"})

    result, outgoing = await run(tmp_path, circle, paged({**pages, "at_most": 50}))
    assert (len(outgoing), result.truncated) == (2, True)
    assert len({record["id"] for record in result.records}) == len(result.records)


async def test_a_live_call_keeps_the_pages_it_has_and_bulk_work_does_not(tmp_path: Path) -> None:
    def second_page_fails(outgoing: Outgoing) -> Incoming:
        return items(1) if "page=1" in outgoing.url else Incoming(500, {}, b"")

    connection, _ = connect(tmp_path, second_page_fails, operations=paged({"kind": "page", "param": "page"}))
    result = await connection.run("order.list", deadline=Deadline.after(5))
    assert (result.outcome, result.records, result.truncated) == ("partial", ({"id": 1},), True)
    with pytest.raises(VendorUnavailable):
        await connection.run("order.list", deadline=Deadline.after(5), priority="bulk")


async def test_closing_closes_the_wire(tmp_path: Path) -> None:
    connection, wire = connect(tmp_path, lambda _: items(), operations=asking())
    await connection.aclose()
    assert wire.closed
