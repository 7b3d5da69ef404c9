"""Nothing is kept or shown that the catalogue does not know, and every mask is one the catalogue allows."""

from dataclasses import replace
from importlib import resources
from typing import Any

import pytest
import yaml
from sqlalchemy import Column, Table

from tieline.domain.account import Account
from tieline.domain.contract import Contract
from tieline.domain.customer import Customer
from tieline.domain.feedback import Feedback
from tieline.domain.invoice import Invoice
from tieline.domain.order import Order
from tieline.domain.ticket import Ticket
from tieline.security.field_catalogue import ABOUT_CUSTOMERS, NOT_A_CUSTOMERS, field_catalogue, read_field_catalogue
from tieline.security.masking_catalogue import catalogue as masking_catalogue
from tieline.store.subject_erase import erased_tables
from tieline.store.subject_rows import OF_SUBJECT
from tieline.store.tables import metadata

FOUND = field_catalogue()
MODELS: dict[str, Any] = {
    "customer": Customer,
    "order": Order,
    "ticket": Ticket,
    "account": Account,
    "invoice": Invoice,
    "contract": Contract,
    "feedback": Feedback,
}


def uncatalogued(table: Table) -> set[str]:
    entry = FOUND.tables.get(table.name)
    return {column.name for column in table.columns} ^ (entry.fields if entry else frozenset())


def test_every_table_and_column_is_catalogued_and_none_that_is_not_there() -> None:
    assert set(FOUND.tables) == set(metadata.tables)
    assert {name: missing for name, table in metadata.tables.items() if (missing := uncatalogued(table))} == {}


def test_a_column_nobody_catalogued_would_be_noticed() -> None:
    table = metadata.tables["pull_cursors"].to_metadata(type(metadata)())
    table.append_column(Column("nickname"))
    assert uncatalogued(table) == {"nickname"}


def test_every_field_of_a_canonical_model_is_catalogued() -> None:
    assert set(FOUND.models) == set(MODELS)
    of_ours = {"feedback": {"follow_up", "follow_up_ticket"}}
    shown_with_it = {"feedback": {"line", "queue"}}
    wrong = {}
    for name, model in MODELS.items():
        has = set(model.model_fields) - of_ours.get(name, set())
        listed = (set(FOUND.models[name].holds) | FOUND.models[name].plain) - shown_with_it.get(name, set())
        wrong[name] = has ^ listed
    assert {name: fields for name, fields in wrong.items() if fields} == {}


def test_every_field_leaves_under_a_mask_that_its_kind_allows() -> None:
    objects = masking_catalogue().objects
    wrong = []
    for name, model in FOUND.models.items():
        kinds = {**model.holds, **dict.fromkeys(model.plain, "plain")}
        shown = (
            (field, objects[name].fields[field].target, kind) for field, kind in kinds.items() if field in objects[name].fields
        )
        wrong += [(name, field, mask) for field, mask, kind in shown if mask not in FOUND.kinds[kind].masked_as]
    assert wrong == []


def test_what_has_a_term_names_one_there_is() -> None:
    words = {"with", "as", "until"}
    assert {table.keep for table in FOUND.tables.values() if table.keep.split()[0] not in words} <= set(FOUND.retention)
    followed = {table.keep.removeprefix("with ") for table in FOUND.tables.values() if table.keep.startswith("with ")}
    assert followed <= set(FOUND.tables)


def test_every_kind_is_of_a_customer_or_of_somebody_or_something_else() -> None:
    assert {name for name, kind in FOUND.kinds.items() if kind.sensitivity not in ABOUT_CUSTOMERS | {"none", "secret"}} == set()
    assert set(FOUND.kinds) >= NOT_A_CUSTOMERS


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"holds": {"rows": "plasma"}}, "no kind plasma"),
        ({"holds": {"since": "number"}}, "listed twice"),
        ({"about": {"purpose": "fun", "keep": "as long as set up", "erased": "keep"}}, "no purpose fun"),
        ({"about": {"purpose": "news", "keep": "arrivals", "erased": "burn"}}, "cannot be erased burn"),
        ({"holds": {"x": "number"}}, "is kept and says not why"),
    ],
)
def test_a_catalogue_that_contradicts_itself_does_not_load(change: dict[str, Any], complaint: str) -> None:
    document = yaml.safe_load(resources.files("tieline.security").joinpath("field_catalogue.yaml").read_text("utf-8"))
    document["tables"]["pull_cursors"] |= change
    with pytest.raises(ValueError, match=complaint):
        read_field_catalogue(document)


def test_what_blanking_leaves_is_left() -> None:
    table = FOUND.tables["tickets"]
    assert "assignee" not in table.blanked
    assert "phone" in table.blanked
    assert "phone" not in replace(table, stays=frozenset({"phone"})).blanked


def test_the_rows_of_a_person_are_found_in_every_table_they_are_erased_from() -> None:
    erased = {name for name, table in FOUND.tables.items() if table.erased in {"delete", "blank"}}
    assert set(OF_SUBJECT) == erased == set(erased_tables())
    assert len(erased_tables()) == len(erased)
