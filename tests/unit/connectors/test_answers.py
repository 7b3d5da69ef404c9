import pytest

from tieline.connectors.answers.read import Unreadable, parse_body, read_answer
from tieline.connectors.wire.messages import Incoming

LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>'
OUTSIDE = b'<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><l>&x;</l>'


@pytest.mark.parametrize(
    ("body", "content_type", "read"),
    [
        (b'{"a": 1}', "application/json", {"a": 1}),
        (b'{"a": 1}', "application/vnd.api+json; charset=utf-8", {"a": 1}),
        (b'{"a": 1}', "text/html", {"a": 1}),
        (b" [1]", "", [1]),
        (b'\xef\xbb\xbf{"a": 1}', "application/json", {"a": 1}),
        ('{"a": "张"}'.encode("gbk"), "application/json; charset=GBK", {"a": "张"}),
        (b"", "application/json", None),
        (b" \n", "application/json", None),
        (b"200", "text/plain", "200"),
        (b"a=1&b=2&b=3&c[]=4&d=", "application/x-www-form-urlencoded", {"a": "1", "b": ["2", "3"], "c": ["4"], "d": ""}),
        (b"<r><a>1</a></r>", "text/xml", {"r": {"a": "1"}}),
    ],
)
def test_bodies_are_read_as_what_they_are(body: bytes, content_type: str, read: object) -> None:
    assert parse_body(body, content_type=content_type) == read


@pytest.mark.parametrize(
    ("xml", "tree"),
    [
        (b"<r/>", {"r": ""}),
        (b'<r id="7">x</r>', {"r": {"@id": "7", "#text": "x"}}),
        (b"<r><a>1</a><a>2</a><b/></r>", {"r": {"a": ["1", "2"], "b": ""}}),
        (b"<r><a><c>1</c></a><a>2</a></r>", {"r": {"a": [{"c": "1"}, "2"]}}),
        (b'<n:r xmlns:n="urn:x" n:k="v"><n:a>1</n:a></n:r>', {"r": {"@k": "v", "a": "1"}}),
        ('<?xml version="1.0" encoding="gb2312"?><r>张</r>'.encode("gb2312"), {"r": "张"}),
        (b"<r><![CDATA[<b>&]]></r>", {"r": "<b>&"}),
        (b"<r><!-- c --><a>1</a><?pi x?></r>", {"r": {"a": "1"}}),
    ],
)
def test_xml_becomes_a_tree(xml: bytes, tree: object) -> None:
    assert parse_body(xml, content_type="application/xml") == tree


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{oops", "application/json"),
        (b'{"a":' * 100_000, "application/json"),
        (b"\xff\xfe", "text/plain"),
        (b"x", "text/plain; charset=no-such"),
        (b"name=+2AA-", "application/x-www-form-urlencoded; charset=utf-7"),
        (LAUGHS, "application/xml"),
        (OUTSIDE, "application/xml"),
        (b"<!DOCTYPE r><r/>", "application/xml"),
        (b"<r><a></r>", "application/xml"),
        (b"<a>" * 100 + b"</a>" * 100, "application/xml"),
        (b"<a>" * 100_000 + b"</a>" * 100_000, "application/xml"),
        (b"&".join(b"a%d=1" % n for n in range(2000)), "application/x-www-form-urlencoded"),
    ],
)
def test_hostile_and_broken_bodies_are_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(Unreadable):
        parse_body(body, content_type=content_type)


def test_an_unreadable_answer_keeps_its_status_so_that_it_can_still_be_judged() -> None:
    answer = read_answer(Incoming(502, {"content-type": "application/json"}, b"<html>"))
    assert (answer.status, answer.body, answer.unreadable) == (502, None, "the body is not JSON")


def test_messages_never_show_what_they_hold() -> None:
    incoming = Incoming(200, {"x": "canary"}, b"canary")
    assert "canary" not in repr(incoming) + repr(read_answer(incoming))
