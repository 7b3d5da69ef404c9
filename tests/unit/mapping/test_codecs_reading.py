"""What each codec reads, and what it refuses to guess."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tieline.domain.money import Money
from tieline.mapping.codecs.table import CODECS, build_codec
from tieline.mapping.refusals import Unreadable

TEN_IN_SHANGHAI = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
NEW_YEAR = date(2026, 1, 2)
CNY = Money(amount=Decimal("12.50"), currency="CNY")

READ = [
    ("text", "+8613800138000", "+8613800138000"),
    ("text", 13800138000, "13800138000"),
    ("text", 12.5, "12.5"),
    ("trim", "  a b ", "a b"),
    ("lower", "ÀB", "àb"),
    ("upper", "ab", "AB"),
    ("xml_text", "plain", "plain"),
    ("xml_text", {"@unit": "x", "#text": "inside"}, "inside"),
    ("xml_text", {"@nil": "true"}, None),
    ("const(CN)", "anything", "CN"),
    ("null_if(false)", False, None),
    ("null_if(false)", 0, 0),
    ("null_if(0, N/A)", "N/A", None),
    ("null_if(0, N/A)", 0, None),
    ("phone(CN)", "138 0013 8000", "+8613800138000"),
    ("phone(CN)", "010-65543800", "+861065543800"),
    ("phone(CN)", 13800138000, "+8613800138000"),
    ("phone(CN)", "+1 202-555-0143", "+12025550143"),
    ("phone(CN)", "95588", "95588"),
    ("phone(CN)", "010-65543800 ext. 12", "010-65543800 ext. 12"),
    ("phone(CN)", "N/A", "N/A"),
    ("int", "0012", 12),
    ("int", 12.0, 12),
    ("clock(mm:ss)", "61:02", 3662),
    ("clock(hh:mm:ss)", "0:03:02", 182),
    ("clock(mm:ss)", "01:01:02", 3662),
    ("decimal", 12.5, Decimal("12.5")),
    ("decimal", "12.50", Decimal("12.50")),
    ("bool", "TRUE", True),
    ("bool", 0, False),
    ("bool", "1", True),
    ("bool(Y, N)", "N", False),
    ("bool(1, 2)", 2, False),
    ("money(CNY)", "12.50", CNY),
    ("money(CNY)", 12.5, CNY),
    ("money(CNY, 2)", 1250, CNY),
    ("money(JPY, 0)", 1250, Money(amount=Decimal(1250), currency="JPY")),
    ("money(total.currency)", ("12.50", "CNY"), CNY),
    ("date", "2026-01-02", NEW_YEAR),
    ("date(%d.%m.%Y)", "02.01.2026", NEW_YEAR),
    ("date(%Y-%m-%d %H:%M:%S)", "2026-01-02 00:00:00", NEW_YEAR),
    ("time(%Y-%m-%d %H:%M:%S, Asia/Shanghai)", "2026-11-22 10:00:00", TEN_IN_SHANGHAI),
    ("time(%Y%m%d%H%M%S, Asia/Shanghai)", "20261122100000", TEN_IN_SHANGHAI),
    ("time(%Y-%m-%dT%H:%M:%SZ, Asia/Shanghai)", "2026-11-22T10:00:00Z", TEN_IN_SHANGHAI),
    ("time(%Y-%m-%dT%H:%M:%S%z)", "2026-11-22T10:00:00+0800", TEN_IN_SHANGHAI),
    ("time(%Y-%m-%dT%H:%M:%S.%f%z)", "2026-11-22T02:00:00.000Z", TEN_IN_SHANGHAI),
    ("time(%-m/%-d/%Y %-I:%M:%S %p, UTC)", "11/22/2026 2:00:00 AM", TEN_IN_SHANGHAI),
    ("time(%a %b %d %Y %H:%M, UTC)", "Sun Nov 22 2026 02:00", TEN_IN_SHANGHAI),
    ("time(%d/%m/%y, UTC)", "22/11/26", datetime(2026, 11, 22, tzinfo=UTC)),
    ("iso", "2026-11-22T10:00:00+08:00", TEN_IN_SHANGHAI),
    ("iso", "2026-11-22T02:00:00.000Z", TEN_IN_SHANGHAI),
    ("iso(Asia/Shanghai)", "2026-11-22 10:00:00", TEN_IN_SHANGHAI),
    ("iso(Asia/Shanghai)", "2026-11-22T02:00:00Z", TEN_IN_SHANGHAI),
    ("epoch(s)", 1795312800, TEN_IN_SHANGHAI),
    ("epoch(ms)", "1795312800000", TEN_IN_SHANGHAI),
    ("epoch(us)", 1795312800000000, TEN_IN_SHANGHAI),
    ("epoch(s)", 1795312800.25, TEN_IN_SHANGHAI + timedelta(milliseconds=250)),
    ("rfc2822", "Sun, 22 Nov 2026 10:00:00 +0800", TEN_IN_SHANGHAI),
    ("list", "a", ["a"]),
    ("list", ["a", "b"], ["a", "b"]),
    ("single", "a", ["a"]),
    ("first", ["a", "b"], "a"),
    ("first", "a", "a"),
    ("first", [], None),
    ("split(;)", " a; b ;;c", ["a", "b", "c"]),
    ('split(",")', "a,b", ["a", "b"]),
    ("join(;)", ["a", "b"], "a;b"),
    ("each(trim | lower)", [" A ", "B", "", None], ["a", "b"]),
    ("each(int)", ["1", "x", 2], [1, 2]),
    ("split(;) | each(int)", "1;2", [1, 2]),
    ("parse_json | at(a.b[0])", '{"a": {"b": [7]}}', 7),
    ("parse_json | at(amount) | money(CNY)", '{"amount": 12.50}', CNY),
    ("parse_json | at(n) | text", '{"n": 0.12345678901234567890}', "0.12345678901234567890"),
    ("typed", {"__class__": "Decimal", "decimal": "12.50"}, Decimal("12.50")),
    ("typed", {"__class__": "date", "year": 2026, "month": 1, "day": 2}, NEW_YEAR),
    ("typed", {"__class__": "datetime", "year": 2026, "month": 11, "day": 22, "hour": 2, "minute": 0}, TEN_IN_SHANGHAI),
    ("typed", "/Date(1795312800000)/", TEN_IN_SHANGHAI),
    ("typed", "/Date(1795312800000+0800)/", TEN_IN_SHANGHAI),
    ("typed", "plain", "plain"),
    ("typed(tryton) | money(CNY)", {"__class__": "Decimal", "decimal": "12.50"}, CNY),
    ("null_if(false) | time(%Y-%m-%d, UTC)", False, None),
    ("trim | int", "   ", None),
]  # fmt: skip


@pytest.mark.parametrize(("codec", "found", "value"), READ, ids=lambda value: str(value)[:40])
def test_a_codec_reads(codec: str, found: object, value: object) -> None:
    read = build_codec(codec).read(found)
    assert (read, type(read)) == (value, type(value))


UNREADABLE = [
    ("text", True),
    ("text", ["a"]),
    ("text", {"a": 1}),
    ("int", "+8613800138000"),
    ("int", "12.5"),
    ("int", True),
    ("int", "1e3"),
    ("int", "１２"),
    ("decimal", "1,234.50"),
    ("decimal", float("nan")),
    ("decimal", "¥12"),
    ("bool", "yes"),
    ("bool", 2),
    ("bool(Y, N)", "y"),
    ("bool", None),
    ("money(CNY)", "free"),
    ("money(total.currency)", (12.5, "元")),
    ("money(total.currency)", (12.5, None)),
    ("date", "02.01.2026"),
    ("date", "2026-02-30"),
    ("date", "2026-01-02T00:00:00"),
    ("date", 20260102),
    ("date(%d.%m.%Y)", "2.1.2026"),
    ("time(%Y-%m-%d %H:%M:%S, Asia/Shanghai)", "2026-11-22 10:00"),
    ("time(%Y-%m-%d %H:%M:%S, Asia/Shanghai)", "0000-00-00 00:00:00"),
    ("time(%Y-%m-%d %H:%M:%S, Asia/Shanghai)", "2026-11-22 24:00:00"),
    ("time(%Y-%m-%d, Asia/Shanghai)", "２026-11-22"),
    ("time(%Y-%m-%d, Asia/Shanghai)", 20261122),
    ("time(%Y-%m-%d%z)", "2026-11-22+99:99"),
    ("time(%Y-%m-%d, Asia/Shanghai)", "0001-01-01"),
    ("iso", "2026-11-22T10:00:00"),
    ("iso", "01/02/2024"),
    ("iso", 1795312800),
    ("iso", "9999-12-31T23:59:59-08:00"),
    ("epoch(s)", "soon"),
    ("epoch(s)", 10**20),
    ("rfc2822", "22 November"),
    ("clock(mm:ss)", "182"),
    ("clock(mm:ss)", "3:75"),
    ("rfc2822", ""),
    ("split(;)", ["a"]),
    ("join(;)", ["a;b", "c"]),
    ("each(int)", ["x"]),
    ("parse_json", "{"),
    ("parse_json", "NaN"),
    ("parse_json", "[" * 100_000),
    ("parse_json", " " * 300_000),
    ("parse_json", {"a": 1}),
    ("at(a)", "text"),
    ("typed", {"__class__": "Decimal", "decimal": "1E+999999999"}),
    ("typed", {"__class__": "Decimal", "decimal": "x"}),
    ("typed", {"__class__": "Decimal"}),
    ("typed", {"__class__": "date", "year": 2026}),
    ("typed", {"__class__": "bytes", "base64": ""}),
    ("typed", {"__class__": "date", "year": "2026", "month": 1, "day": 2}),
    ("typed", "/Date(999999999999999)/"),
    ("xml_text", {"#text": ["a"]}),
]


@pytest.mark.parametrize(("codec", "found"), UNREADABLE, ids=lambda value: str(value)[:40])
def test_a_codec_refuses_to_guess(codec: str, found: object) -> None:
    with pytest.raises(Unreadable):
        build_codec(codec).read(found)


def test_every_codec_is_read_and_refused_here() -> None:
    tested = " ".join(case[0] for case in READ)
    assert [name for name in CODECS if name not in tested] == []


@pytest.mark.parametrize(
    "codec",
    [
        "text",
        "int",
        "decimal",
        "bool",
        "money(CNY)",
        "date",
        "time(%Y-%m-%d, UTC)",
        "iso",
        "epoch(s)",
        "rfc2822",
        "parse_json",
        "typed",
    ],
)
def test_a_reason_never_holds_the_value(codec: str) -> None:
    with pytest.raises(Unreadable) as caught:
        build_codec(codec).read({"__class__": "canary-7731"} if codec in {"text", "typed"} else "canary-7731")
    assert "canary" not in str(caught.value)
