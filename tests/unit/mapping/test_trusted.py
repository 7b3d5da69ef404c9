"""What a mapping reads needs no second look: the model made of it is the one that validation makes."""

from datetime import date
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from tieline.domain.account import Account
from tieline.domain.customer import Customer
from tieline.domain.documents import filled_in
from tieline.domain.errors import VendorBadAnswer
from tieline.domain.order import Order, OrderStatus
from tieline.domain.references import ExternalRef
from tieline.domain.ticket import Ticket
from tieline.domain.trusted import built
from tieline.mapping.compile import compile_rows
from tieline.mapping.fields import KINDS, FieldKind
from tieline.mapping.record import RecordMapping
from tieline.mapping.source import RowSource

MODELS: dict[str, type[BaseModel]] = {"customer": Customer, "order": Order, "ticket": Ticket, "account": Account}
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT | st.dates().map(date.isoformat),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FITTING = {
    FieldKind.DATE: st.dates().map(date.isoformat),
    FieldKind.DATETIME: st.datetimes().map(lambda at: f"{at.isoformat()}+08:00"),
    FieldKind.MONEY: st.decimals(-(10**9), 10**9, places=2).map(str),
    FieldKind.BOOL: st.sampled_from([True, False, "true"]),
    FieldKind.INT: st.integers(-(10**12), 10**12),
}


def mapping_of(kind: str) -> RecordMapping:
    """Read every field there is from the vendor's field of the same name."""
    rows = {
        name: {"from": name} | ({"as": "money(CNY)"} if field.kind is FieldKind.MONEY else {})
        for name, field in KINDS[kind].items()
    }
    return compile_rows(rows, kind=kind, source=RowSource("test"))


MAPPINGS = {kind: mapping_of(kind) for kind in MODELS}


@st.composite
def records(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Return a kind and a record whose fields fit often enough, and are anything at all otherwise."""
    kind = draw(st.sampled_from(sorted(MODELS)))
    record = {}
    for name, field in KINDS[kind].items():
        fitting = st.sampled_from(sorted(field.words)) if field.words else FITTING.get(field.kind, TEXT)
        record[name] = draw(st.one_of(fitting, fitting, ANYTHING))
    return kind, record


@settings(max_examples=300)
@given(records())
def test_what_a_mapping_reads_is_valid_as_it_is(given_record: tuple[str, dict[str, Any]]) -> None:
    kind, record = given_record
    try:
        fields = MAPPINGS[kind].read(record)
    except VendorBadAnswer:
        return
    fields["ref"] = ExternalRef(connection="crm", id=fields.pop("id"))
    made, checked = built(MODELS[kind], fields), MODELS[kind].model_validate(fields, strict=True)
    assert made == checked
    assert list(made.__dict__) == list(checked.__dict__)
    assert made.model_dump() == checked.model_dump()
    assert made.model_fields_set == checked.model_fields_set


def test_defaults_stand_where_nothing_was_given() -> None:
    order = built(Order, {"ref": ExternalRef(connection="erp", id="1"), "number": "1"})
    assert order == Order(ref=order.ref, number="1")
    assert order.status == "unknown"
    assert order.status in get_args(OrderStatus)
    with pytest.raises(ValueError, match="frozen"):
        order.number = "2"  # type: ignore[misc] # that is the point


@settings(max_examples=100)
@given(records())
def test_a_document_of_what_is_filled_in_is_the_dumped_one(given_record: tuple[str, dict[str, Any]]) -> None:
    kind, record = given_record
    try:
        fields = MAPPINGS[kind].read(record)
    except VendorBadAnswer:
        return
    fields["ref"] = ExternalRef(connection="crm", id=fields.pop("id"))
    model = built(MODELS[kind], fields)
    written = orjson.loads(orjson.dumps(filled_in(model), option=orjson.OPT_UTC_Z))
    assert written == model.model_dump(mode="json", exclude_none=True)
