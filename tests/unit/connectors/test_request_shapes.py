"""What requests may look like: XML trees, nulls by policy, versions as locks, keys with operators, flags that choose."""

from email import message_from_bytes
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.connectors.wires import CALLER, connect, json_answer

from tieline.connectors.answers.xml_tree import xml_to_tree
from tieline.connectors.engine.bodies import PART_MARK, multipart_bytes, xml_bytes
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.domain.errors import VendorRejected
from tieline.kit.deadline import Deadline

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
KEPT = {"none": "nothing is offered here"}


async def sent(
    folder: Path,
    operations: dict[str, object],
    **inputs: Any,  # noqa: ANN401 - the manifest says which
) -> Outgoing:
    connection, wire = connect(folder, lambda _: json_answer({"id": 7}), operations=operations)
    await connection.run(next(iter(operations)), deadline=Deadline.after(5), **inputs)
    return wire.sent[0]


async def test_a_form_in_parts_is_what_a_reader_of_such_forms_reads(tmp_path: Path) -> None:
    parts = {"model": {"$json": {"topic": "$record.topic"}}, "gone": "$in.name?", "tag": ["a", "b"]}
    operation = {"request": {"method": "POST", "path": "/t", "multipart": parts}, "idempotency": KEPT}
    outgoing = await sent(tmp_path, {"ticket.create": operation}, record={"topic": "退款\r\n--x"})
    headers = f"MIME-Version: 1.0\r\nContent-Type: {outgoing.headers['content-type']}\r\n\r\n".encode()
    read = message_from_bytes(headers + (outgoing.body or b""), policy=HTTP)
    assert [(part.get_param("name", header="content-disposition"), part.get_content()) for part in read.iter_parts()] == [
        ("model", '{"topic":"退款\\r\\n--x"}'),
        ("tag", "a"),
        ("tag", "b"),
    ]


def test_a_value_that_holds_the_mark_between_parts_is_not_sent() -> None:
    with pytest.raises(VendorRejected):
        multipart_bytes({"text": f"--{PART_MARK}--"})


async def test_a_tree_becomes_an_xml_envelope(tmp_path: Path) -> None:
    envelope = {
        "soap:Envelope": {
            "@xmlns:soap": SOAP,
            "soap:Body": {"Find": {"@lang": "zh", "phone": "$in.phone.e164", "part": ["a & b", "<c>"], "gone": "$in.name?"}},
        }
    }
    request = {"method": "POST", "path": "/soap", "xml": envelope, "content_type": "text/xml; charset=utf-8"}
    outgoing = await sent(tmp_path, {"customer.find": {"request": request}}, phone=CALLER)
    assert (outgoing.headers["content-type"], outgoing.body) == (
        "text/xml; charset=utf-8",
        (
            b'<?xml version="1.0" encoding="UTF-8"?>'
            b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><Find lang="zh">'
            b"<phone>+8613800138000</phone><part>a &amp; b</part><part>&lt;c&gt;</part></Find></soap:Body></soap:Envelope>"
        ),
    )


@given(st.text())
def test_no_text_breaks_out_of_its_element(text: str) -> None:
    written = xml_bytes({"root": {"@name": text, "a": text}})
    root = fromstring(written.decode())
    assert ([child.tag for child in root], list(root.attrib)) == (["a"], ["name"])


def test_what_is_written_is_read_the_same() -> None:
    tree = {"root": {"@id": "7", "name": "Li & <Wei>", "tag": ["a", "b"], "deep": {"#text": "x", "@lang": "zh"}}}
    assert xml_to_tree(xml_bytes(tree)) == tree


@pytest.mark.parametrize("name", ["a b", "a><b", "1a", "", "a/"])
def test_a_field_that_is_no_name_does_not_become_markup(name: str) -> None:
    with pytest.raises(VendorRejected):
        xml_bytes({"root": {name: "x"}})


@pytest.mark.parametrize(
    ("nulls", "body"),
    [
        ("send", b'{"a":null,"b":{"c":null,"d":[1,null]}}'),
        ("drop", b'{"b":{"d":[1,null]}}'),
        ("empty", b'{"a":"","b":{"c":"","d":[1,null]}}'),
    ],
)
async def test_nulls_of_a_record_go_out_as_the_vendor_takes_them(tmp_path: Path, nulls: str, body: bytes) -> None:
    request = {"method": "POST", "path": "/t", "json": "$record", "nulls": nulls}
    record = {"a": None, "b": {"c": None, "d": [1, None]}}
    outgoing = await sent(tmp_path, {"ticket.create": {"request": request, "idempotency": KEPT}}, record=record)
    assert outgoing.body == body


@pytest.mark.parametrize(
    ("lock", "version", "header", "body"),
    [
        ({"header": "If-Match"}, 'W/"7"', 'W/"7"', b'{"ticket":{"s":1}}'),
        ({"header": "If-Match"}, None, None, b'{"ticket":{"s":1}}'),
        (
            {"field": "ticket.updated_stamp", "beside": {"ticket.safe_update": True}},
            "2026-01-02T03:04:05Z",
            None,
            b'{"ticket":{"s":1,"updated_stamp":"2026-01-02T03:04:05Z","safe_update":true}}',
        ),
        ({"field": "ticket.updated_stamp", "beside": {"ticket.safe_update": True}}, None, None, b'{"ticket":{"s":1}}'),
    ],
)
async def test_the_version_that_was_read_locks_the_write(
    tmp_path: Path, lock: object, version: str | None, header: str | None, body: bytes
) -> None:
    request = {"method": "PUT", "path": "/t", "json": {"ticket": "$record"}}
    operations: dict[str, object] = {"ticket.update": {"request": request, "idempotency": KEPT, "lock": lock}}
    outgoing = await sent(tmp_path, operations, record={"s": 1}, version=version)
    assert (outgoing.headers.get("if-match"), outgoing.body) == (header, body)


def test_a_lock_makes_the_version_something_to_pass(tmp_path: Path) -> None:
    request = {"method": "PUT", "path": "/t", "json": "$record"}
    operations = {"ticket.update": {"request": request, "idempotency": KEPT, "lock": {"header": "If-Match"}}}
    connection, _ = connect(tmp_path, lambda _: json_answer({}), operations=operations)
    assert connection.needs("ticket.update") == frozenset({"record"})
    assert connection.takes("ticket.update") == frozenset({"record", "version"})


async def test_a_flag_in_query_or_header_may_choose_the_operation(tmp_path: Path) -> None:
    request = {
        "path": "/commonInte",
        "query": {"flag": 106, "StartTime>": "2026-01-01"},
        "headers": {"x-acs-action": "ListTickets"},
    }
    outgoing = await sent(tmp_path, {"ticket.list": {"request": request}})
    assert outgoing.url == "https://x.example/commonInte?flag=106&StartTime%3E=2026-01-01"
    assert outgoing.headers["x-acs-action"] == "ListTickets"


async def test_json_inside_a_parameter(tmp_path: Path) -> None:
    request = {"path": "/", "query": {"ContactIdList": {"$json": ["$in.call_id"]}}}
    outgoing = await sent(tmp_path, {"call.list": {"request": request}}, call_id="job-1")
    assert outgoing.url == "https://x.example/?ContactIdList=%5B%22job-1%22%5D"


async def test_paging_finds_its_place_deep_inside_a_body(tmp_path: Path) -> None:
    answers = iter([json_answer([{"id": 1}, {"id": 2}]), json_answer([])])

    def turn(_: Outgoing) -> Incoming:
        return next(answers)

    pages = {"kind": "offset", "param": "data.StartRow", "size": 2, "size_param": "data.Limit"}
    request = {"method": "POST", "path": "/q", "json": {"data": {"FormId": "X"}}}
    connection, wire = connect(tmp_path, turn, operations={"order.list": {"request": request, "pages": pages}})
    await connection.run("order.list", deadline=Deadline.after(5))
    assert [outgoing.body for outgoing in wire.sent] == [
        b'{"data":{"FormId":"X","Limit":2,"StartRow":0}}',
        b'{"data":{"FormId":"X","Limit":2,"StartRow":2}}',
    ]


LISTED = {"request": {"method": "POST", "path": "/create", "json": {"vals_list": ["$record"]}}}


async def test_our_key_finds_its_place_inside_a_list(tmp_path: Path) -> None:
    operation = {**LISTED, "idempotency": {"field": "vals_list[0].x_key"}}
    outgoing = await sent(tmp_path, {"ticket.create": operation}, record={"name": "x"}, idempotency_key="op-1")
    assert outgoing.body == b'{"vals_list":[{"name":"x","x_key":"op-1"}]}'


async def test_a_place_that_is_not_in_the_list_is_refused_and_nothing_is_torn(tmp_path: Path) -> None:
    operation = {**LISTED, "idempotency": {"field": "vals_list[1].x_key"}}
    with pytest.raises(VendorRejected):
        await sent(tmp_path, {"ticket.create": operation}, record={"name": "x"}, idempotency_key="op-1")
