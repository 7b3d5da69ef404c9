"""Which canonical fields exist is read off the domain models."""

import pytest

from tieline.domain.account import Account
from tieline.domain.customer import Customer
from tieline.domain.order import Order
from tieline.domain.ticket import Ticket
from tieline.mapping.fields import KINDS, FieldKind


@pytest.mark.parametrize(("kind", "model"), [("customer", Customer), ("order", Order), ("ticket", Ticket), ("account", Account)])
def test_every_field_of_a_model_can_be_mapped_but_the_reference_which_is_made_of_the_id(
    kind: str, model: type[Customer | Order | Ticket | Account]
) -> None:
    assert KINDS[kind].keys() == (model.model_fields.keys() - {"ref"}) | {"id"}


@pytest.mark.parametrize(
    ("kind", "field", "holds"),
    [
        ("customer", "name", FieldKind.TEXT),
        ("customer", "tier", FieldKind.WORD),
        ("customer", "phones", FieldKind.TEXTS),
        ("customer", "birth_date", FieldKind.DATE),
        ("customer", "do_not_call", FieldKind.BOOL),
        ("customer", "order_count", FieldKind.INT),
        ("customer", "total_spent", FieldKind.MONEY),
        ("order", "placed_at", FieldKind.DATETIME),
        ("comment", "text", FieldKind.TEXT),
        ("call", "extension", FieldKind.TEXT),
    ],
)
def test_a_field_holds_what_its_annotation_says(kind: str, field: str, holds: FieldKind) -> None:
    assert KINDS[kind][field].kind is holds


def test_the_words_of_a_field_are_those_of_its_model() -> None:
    assert KINDS["ticket"]["priority"].words == {"low", "normal", "high", "urgent"}
