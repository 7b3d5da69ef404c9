"""What each codec writes, and what it refuses to write."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from tieline.domain.money import Money
from tieline.mapping.codecs.table import build_codec
from tieline.mapping.refusals import Unwritable

TEN_IN_SHANGHAI = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
NEW_YEAR = date(2026, 1, 2)
CNY = Money(amount=Decimal("12.50"), currency="CNY")

WRITTEN = [
    ("text", "a", "a"),
    ("trim", " a ", "a"),
    ("const(CN)", "DE", "CN"),
    ("phone(CN)", "+8613800138000", "+8613800138000"),
    ("phone(CN, national)", "+8613800138000", "13800138000"),
    ("phone(CN, national)", "+861065543800", "01065543800"),
    ("phone(CN, digits)", "+8613800138000", "8613800138000"),
    ("phone(CN, national)", "+12025550143", "+12025550143"),
    ("phone(CN, national)", "95588", "95588"),
    ("int", 12, 12),
    ("clock(mm:ss)", 182, "03:02"),
    ("clock(mm:ss)", 3662, "61:02"),
    ("clock(hh:mm:ss)", 3662, "01:01:02"),
    ("bool", True, True),
    ("bool(Y, N)", False, "N"),
    ("money(CNY)", CNY, Decimal("12.50")),
    ("money(CNY, 2)", CNY, 1250),
    ("money(total.currency)", CNY, (Decimal("12.50"), "CNY")),
    ("date", NEW_YEAR, "2026-01-02"),
    ("date(%d.%m.%Y %H:%M)", NEW_YEAR, "02.01.2026 00:00"),
    ("time(%Y-%m-%d %H:%M:%S, Asia/Shanghai)", TEN_IN_SHANGHAI, "2026-11-22 10:00:00"),
    ("time(%-m/%-d/%Y %-I:%M %p, Asia/Shanghai)", TEN_IN_SHANGHAI, "11/22/2026 10:00 AM"),
    ("time(%Y-%m-%dT%H:%M:%S%z, Asia/Shanghai)", TEN_IN_SHANGHAI, "2026-11-22T10:00:00+0800"),
    ("time(100%% %Y%m%d, UTC)", TEN_IN_SHANGHAI, "100% 20261122"),
    ("iso", TEN_IN_SHANGHAI.astimezone(timezone(timedelta(hours=8))), "2026-11-22T02:00:00Z"),
    ("iso(Asia/Shanghai)", TEN_IN_SHANGHAI, "2026-11-22T10:00:00+08:00"),
    ("epoch(s)", TEN_IN_SHANGHAI, 1795312800),
    ("epoch(ms)", TEN_IN_SHANGHAI, 1795312800000),
    ("rfc2822", TEN_IN_SHANGHAI, "Sun, 22 Nov 2026 02:00:00 +0000"),
    ("single", ["a", "b"], "a"),
    ("single", [], None),
    ("first", "a", ["a"]),
    ("split(;)", ["a", "b"], "a;b"),
    ("join(;)", "a;b", ["a", "b"]),
    ("split(;) | each(int)", [1, 2], "1;2"),
    ("parse_json | at(a.b)", "x", '{"a":{"b":"x"}}'),
    ("typed(tryton) | money(CNY)", CNY, {"__class__": "Decimal", "decimal": "12.50"}),
    ("typed(tryton)", NEW_YEAR, {"__class__": "date", "year": 2026, "month": 1, "day": 2}),
    ("typed(odata)", TEN_IN_SHANGHAI, "/Date(1795312800000)/"),
    ("null_if(false) | text", "a", "a"),
]  # fmt: skip


@pytest.mark.parametrize(("codec", "value", "sent"), WRITTEN, ids=lambda value: str(value)[:40])
def test_a_codec_writes(codec: str, value: object, sent: object) -> None:
    write = build_codec(codec).write
    assert write is not None
    assert write(value) == sent


UNWRITABLE = [
    ("int", "high"), ("int", True), ("bool", "yes"), ("money(CNY)", Money(amount=Decimal(1), currency="USD")),
    ("money(CNY, 2)", Money(amount=Decimal("0.001"), currency="CNY")), ("date", TEN_IN_SHANGHAI), ("iso", NEW_YEAR),
    ("epoch(s)", "2026"), ("split(;)", ["a;b"]), ("text", ["a"]), ("iso", datetime(2026, 1, 2)),  # noqa: DTZ001 - the missing zone is the point
]  # fmt: skip


@pytest.mark.parametrize(("codec", "value"), UNWRITABLE, ids=lambda value: str(value)[:40])
def test_a_codec_refuses_to_write_what_it_could_not_read_back(codec: str, value: object) -> None:
    write: Any = build_codec(codec).write
    with pytest.raises(Unwritable):
        write(value)


@pytest.mark.parametrize(
    ("codec", "nothing"), [("null_if(false)", False), ("null_if(0)", 0), ("null_if(N/A)", "N/A"), ("trim", None)]
)
def test_a_codec_knows_the_vendors_word_for_nothing(codec: str, nothing: object) -> None:
    found = build_codec(codec + " | text").nothing
    assert (found, type(found)) == (nothing, type(nothing))


@pytest.mark.parametrize("codec", ["typed", "at(a[1])", "money(@.CUR)", "trim | typed"])
def test_a_codec_without_a_way_back_only_reads(codec: str) -> None:
    assert build_codec(codec).write is None
