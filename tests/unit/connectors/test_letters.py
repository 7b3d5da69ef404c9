"""Whatever a subject, a name or a text says, a letter has the headers we gave it and no other."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.headerregistry import AddressHeader
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tieline.connectors.wire.letters import Letter, address_of, message_id, receivers_of, write
from tieline.domain.errors import VendorMisconfigured, VendorRejected

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ONE_LINE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=200)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
OURS = {"from", "to", "subject", "date", "auto-submitted", "mime-version", "content-type", "content-transfer-encoding"}
LONGEST_LINE = 998


def letter(**said: object) -> Letter:
    return Letter.model_validate({"from": "a@b.example", "to": ["c@d.example"], "subject": "x", **said})


@given(ONE_LINE, ONE_LINE, ANY_TEXT)
@example("Hello, World <e@f.example>", 'x "y" <z@e.example>', "a\r\n.\r\nRCPT TO:<e@f.example>")
@example("=?utf-8?q?=0D=0ABcc=3A_e=40f.example?=", "=?utf-8?b?DQpCY2M6IGVAZi5leGFtcGxl?=", "")
def test_a_letter_says_what_was_said_and_to_whom(subject: str, name: str, text: str) -> None:
    sent = letter(subject=subject, name=name, text=text)
    raw = write(sent, receivers_of(sent), at=AT)
    read = message_from_bytes(raw, policy=policy.default)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= LONGEST_LINE
    assert {header.lower() for header in read} == OURS
    assert read["to"] == "c@d.example"
    assert [each.addr_spec for each in cast("AddressHeader", read["from"]).addresses] == ["a@b.example"]


@pytest.mark.parametrize(
    "subject", ["您的工单 4711 已解决，感谢您的来电" * 6, "a" * 300, "Ticket 4711: refunded 100 ¥", "👍 " * 40]
)
def test_a_subject_arrives_in_its_script(subject: str) -> None:
    sent = letter(subject=subject, text="x")
    read = message_from_bytes(write(sent, receivers_of(sent), at=AT), policy=policy.default)
    assert read["subject"].split() == subject.split()


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\u2029", "\x00"])
def test_what_ends_a_line_stands_in_no_header(end: str) -> None:
    for said in ({"subject": f"a{end}b"}, {"name": f"a{end}b"}):
        with pytest.raises(VendorRejected):
            write(letter(**said), [], at=AT)
    for broken in ({"reply_to": f"a@b.example{end}Bcc: e@f.example"}, {"from": f"a@b.example{end}Bcc: e@f.example"}):
        with pytest.raises(VendorMisconfigured):
            write(letter(**broken), [], at=AT)


@pytest.mark.parametrize(
    ("key", "left"),
    [("evt_1", "evt_1"), ("ticket:1 2", None), ("a@b", None), ("x" * 101, None), (">\r\nBcc: e@f.example", None)],
)
def test_a_message_id_is_one_whatever_the_key(key: str, left: str | None) -> None:
    named = message_id(letter(key=key)) or ""
    assert named == f"<{left}@b.example>" if left else named[1:].split("@")[0].isalnum()
    assert named == message_id(letter(key=key))
    assert named.isprintable()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("li.wei+x@example.org", "li.wei+x@example.org"),
        (" wu@例子.测试 ", "wu@xn--fsqu00a.xn--0zwm56d"),
        ("李@example.org", None),
        ('"a b"@example.org', None),
        ("a..b@example.org", None),
        ("a@example.org>", None),
        ("a@-x.example", None),
        ("a@[127.0.0.1]", None),
        (f"{'a' * 65}@example.org", None),
        (f"a@{'x' * 64}.example", None),
        ("", None),
    ],
)
def test_what_is_an_address(text: str, address: str | None) -> None:
    assert address_of(text) == address
