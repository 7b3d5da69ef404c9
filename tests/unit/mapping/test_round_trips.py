"""What is written and read back is what it was: for every codec that has a way back, over values nobody thought of."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.domain.money import Money
from tieline.mapping.compile import compile_rows
from tieline.mapping.record import RecordMapping
from tieline.mapping.source import RowSource

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
WORD = TEXT.map(lambda text: text.replace(";", "").strip()).filter(bool)
NUMBER_LIKE = st.one_of(
    st.from_regex(r"[+0][0-9]{1,20}", fullmatch=True),
    st.integers(0, 10**25).map(str),
    st.sampled_from(
        ["+8613800138000", "013800138000", "12345678901234567890", "1e5", "1_000", "true", "null", "0x1F", "1.10", "-0", "NaN"]
    ),
)
AMOUNT = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20)
CURRENCY = st.sampled_from(["CNY", "USD", "JPY", "KWD"])
# China had summer time until 1991: within the hour that its clocks repeated, a local time means two instants.
INSTANT = st.datetimes(datetime(1992, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
WHOLE_SECOND = INSTANT.map(lambda at: at.replace(microsecond=0))
MILLISECOND = INSTANT.map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
DAY = st.dates(date(1000, 1, 1))
COUNT = st.integers(-(10**15), 10**15)


def money(currency: st.SearchStrategy[str], amount: st.SearchStrategy[Decimal] = AMOUNT) -> st.SearchStrategy[Money]:
    return st.builds(lambda each, code: Money(amount=each, currency=code), amount, currency)


def mapping(kind: str, field: str, **row: object) -> RecordMapping:
    return compile_rows({field: {"field": "deep.place", **row}}, kind=kind, source=RowSource("test"))


def there_and_back(translation: RecordMapping, field: str, value: object) -> Any:  # noqa: ANN401 - whatever the field holds
    """Write `value`, send the tree as JSON through the wire, read it again."""
    tree = translation.write({field: value}, current=None, is_new=True)
    return translation.read({"id": "1", **json.loads(json.dumps(tree))}).get(field)


CASES: list[tuple[str, str, dict[str, object], st.SearchStrategy[Any]]] = [
    ("customer", "name", {}, TEXT | NUMBER_LIKE),
    ("customer", "name", {"as": "text"}, TEXT | NUMBER_LIKE),
    ("customer", "name", {"as": "trim"}, WORD),
    ("customer", "name", {"as": "xml_text"}, TEXT | NUMBER_LIKE),
    ("customer", "name", {"as": "null_if(false)"}, TEXT.filter(lambda text: text != "false")),
    ("customer", "name", {"as": "first"}, TEXT | NUMBER_LIKE),
    ("customer", "name", {"as": "parse_json | at(a.b[0])"}, TEXT | NUMBER_LIKE),
    ("customer", "name", {"as": "const(CN)"}, st.just("CN")),
    ("customer", "name", {"as": "join(;)"}, st.lists(WORD, min_size=1).map(";".join)),
    ("customer", "name", {"as": "lower"}, st.from_regex("[a-z]+", fullmatch=True)),
    ("customer", "name", {"as": "upper"}, st.from_regex("[A-Z]+", fullmatch=True)),
    ("customer", "phones", {}, st.lists(TEXT | NUMBER_LIKE, min_size=1, unique=True).map(tuple)),
    ("customer", "phones", {"as": "list"}, st.lists(NUMBER_LIKE, min_size=1, unique=True).map(tuple)),
    ("customer", "phones", {"as": "single"}, st.tuples(NUMBER_LIKE)),
    ("customer", "tags", {"as": "split(;)"}, st.lists(WORD, min_size=1, unique=True).map(tuple)),
    ("customer", "tags", {"as": "each(trim)"}, st.lists(WORD, min_size=1, unique=True).map(tuple)),
    ("customer", "order_count", {}, COUNT),
    ("customer", "order_count", {"as": "int"}, COUNT),
    ("customer", "order_count", {"as": "decimal"}, COUNT),
    ("customer", "do_not_call", {}, st.booleans()),
    ("customer", "do_not_call", {"as": "bool"}, st.booleans()),
    ("customer", "do_not_call", {"as": "bool(是, 否)"}, st.booleans()),
    ("customer", "do_not_call", {"values": {"true": 1, "false": 2}}, st.booleans()),
    ("customer", "tier", {"values": {"high_value": ["A", "A+"], "regular": "B"}}, st.sampled_from(["high_value", "regular"])),
    ("customer", "birth_date", {}, DAY),
    ("customer", "birth_date", {"as": "date"}, DAY),
    ("customer", "birth_date", {"as": "date(%-d.%-m.%Y)"}, DAY),
    ("customer", "birth_date", {"as": "date(%a %d %b %Y)"}, DAY),
    ("customer", "birth_date", {"as": "typed(tryton)"}, DAY),
    ("customer", "birth_date", {"as": "typed(odata)"}, DAY),
    ("customer", "updated_at", {}, INSTANT),
    ("customer", "updated_at", {"as": "iso"}, INSTANT),
    ("customer", "updated_at", {"as": "iso(Asia/Shanghai)"}, INSTANT),
    ("customer", "updated_at", {"as": "time(%Y-%m-%d %H:%M:%S, Asia/Shanghai)"}, WHOLE_SECOND),
    ("customer", "updated_at", {"as": "time(%Y%m%d%H%M%S%f, Asia/Shanghai)"}, INSTANT),
    ("customer", "updated_at", {"as": "time(%-m/%-d/%Y %-I:%M:%S %p, Asia/Kolkata)"}, WHOLE_SECOND),
    ("customer", "updated_at", {"as": "time(%Y-%m-%dT%H:%M:%S%z, America/New_York)"}, WHOLE_SECOND),
    ("customer", "updated_at", {"as": "epoch(s)"}, WHOLE_SECOND),
    ("customer", "updated_at", {"as": "epoch(ms)"}, MILLISECOND),
    ("customer", "updated_at", {"as": "epoch(us)"}, INSTANT),
    ("customer", "updated_at", {"as": "rfc2822"}, WHOLE_SECOND),
    ("customer", "updated_at", {"as": "typed(tryton)"}, INSTANT),
    ("customer", "updated_at", {"as": "typed(odata)"}, MILLISECOND),
    ("customer", "total_spent", {"as": "money(CNY)"}, money(st.just("CNY"))),
    ("customer", "total_spent", {"as": "money(deep.currency)"}, money(CURRENCY)),
    ("customer", "total_spent", {"as": "money(CNY, 4)"}, money(st.just("CNY"))),
    ("customer", "total_spent", {"as": "typed(tryton) | money(CNY)"}, money(st.just("CNY"))),
]


@pytest.mark.parametrize(("kind", "field", "row", "values"), CASES, ids=lambda value: str(value)[:50])
@given(data=st.data())
def test_what_is_written_is_read_back(
    data: st.DataObject, kind: str, field: str, row: dict[str, object], values: st.SearchStrategy[Any]
) -> None:
    value = data.draw(values)
    assert there_and_back(mapping(kind, field, **row), field, value) == value


@pytest.mark.parametrize("spelling", ["e164", "digits", "national"])
@pytest.mark.parametrize("country", ["CN", "US", "DE", "SG", "GB"])
def test_a_phone_comes_back_as_it_was_however_it_is_spelled(country: str, spelling: str) -> None:
    phones = mapping("customer", "phones", **{"as": f"phone({country}, {spelling})"})
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE):
        example = phonenumbers.example_number_for_type(country, kind)
        assert example is not None
        e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        assert there_and_back(phones, "phones", (e164,)) == (e164,)


@given(amount=st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_a_json_float_becomes_the_decimal_it_was_written_as(amount: float) -> None:
    found = mapping("customer", "total_spent", **{"as": "money(CNY)"}).read({"id": "1", "deep": {"place": amount}})
    if 0 < abs(amount) < 1e-40:
        assert "total_spent" not in found
    else:
        assert found["total_spent"].amount == Decimal(repr(amount))


@given(text=TEXT | NUMBER_LIKE)
def test_no_text_is_taken_for_anything_else_on_its_way_through_a_text_field(text: str) -> None:
    read = mapping("ticket", "subject").read({"id": text, "deep": {"place": text}})
    assert (read["id"], read["subject"]) == (text, text)


KEY = st.sampled_from(["#text", "__class__", "decimal", "year", "a"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=3),
    max_leaves=6,
)
EVERY_CODEC = [
    ("name", "text"), ("name", "trim"), ("name", "xml_text"), ("name", "null_if(x)"), ("name", "first"), ("name", "join(;)"),
    ("name", "parse_json | at(a)"), ("phones", "phone(CN)"), ("phones", "list"), ("phones", "split(;)"), ("phones", "each(trim)"),
    ("order_count", "int"), ("order_count", "decimal"), ("do_not_call", "bool"), ("birth_date", "date"), ("birth_date", "typed"),
    ("updated_at", "iso"), ("updated_at", "epoch(ms)"), ("updated_at", "rfc2822"), ("updated_at", "time(%Y-%m-%d, UTC)"),
    ("updated_at", "typed"), ("total_spent", "money(CNY)"), ("total_spent", "money(a)"), ("tier", "text"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "codec"), EVERY_CODEC)
@given(vendor=ANYTHING)
def test_whatever_a_vendor_sends_reading_does_not_fail_and_the_preview_agrees(field: str, codec: str, vendor: object) -> None:
    row = {"from": "deep.place", "as": codec}
    translation = compile_rows({field: row}, kind="customer", source=RowSource("test"))
    record = {"id": "1", "a": "CNY", "deep": {"place": vendor}}
    shown = {each.row: each.result for each in translation.preview(record) if each.outcome == "read"}
    assert translation.read(record) == shown
