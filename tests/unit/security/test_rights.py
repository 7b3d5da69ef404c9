"""The table of rights is the only one: every cell of it is enforced, what is enforced is in it, and nonsense does not load."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.api.route_table import reviewed_table

import tieline
from tieline.domain.masking import MASKS
from tieline.security.masking_catalogue import FieldClass, catalogue
from tieline.security.masking_policy import Policy
from tieline.security.permissions import PERMISSIONS
from tieline.security.reveal import RevealField, may_reveal
from tieline.security.rights import read_rights, rights
from tieline.services.privacy.rights_page import SAMPLES

TABLE: Final = rights()
POLICY: Final = Policy()
SOURCES: Final = Path(tieline.__file__).parent
HEAD: Final = "kind,what,agent,service,says\n"


def fields() -> Iterator[tuple[str, str, FieldClass, bool]]:
    """Every field of every object that a row of the table covers."""
    found = catalogue()
    for name, entry in found.objects.items():
        for field, spec in entry.fields.items():
            if spec.target in found.classes:
                yield name, field, found.classes[spec.target], spec.many


def as_written(role: str, row: str, value: str, mask: str, *, verified: bool) -> str | None:
    """What the cell says must be seen; worked out from the table alone."""
    cell = TABLE.fields[role]["other_contact" if row == "active_phone" else row]
    if cell == "verified":
        cell = "full" if verified else "mask"
    kind: Any = "id_last_four" if cell == "last_four" else mask
    return {"full": value, "none": None}.get(cell, MASKS[kind]["agent"](value))


@pytest.mark.parametrize("role", TABLE.roles)
def test_each_field_of_each_object_is_seen_as_the_cell_says(role: str) -> None:
    wrong, seen = [], 0
    for shape, field, entry, many in fields():
        value = SAMPLES[entry.mask]
        for verified in (False, True):
            document = {field: [value] if many else value}
            shown = POLICY.apply(role, document, shape=shape, active_call_phone=False, identity_level=3 if verified else 0)[field]
            expected = as_written(role, entry.row, value, entry.mask, verified=verified)
            if many:
                expected_here: object = [] if expected is None else [expected]
            else:
                expected_here = expected
            seen += 1
            if shown != expected_here:
                wrong.append((shape, field, shown, expected))
    assert wrong == []
    assert seen > 100


def test_what_the_house_asks_for_is_in_the_table_and_what_is_in_it_is_asked_for() -> None:
    on_routes = {row["permission"] for row in reviewed_table()} - {"public"}
    texts = "".join(file.read_text("utf-8") for file in SOURCES.rglob("*.py"))
    in_code = set(re.findall(r'\.(?:may|require)\("([a-z._]+)"\)|"([a-z]+\.[a-z]+)" in self\.scopes', texts))
    assert on_routes | {name for pair in in_code for name in pair if name} == PERMISSIONS.keys()


def test_every_row_of_a_field_covers_something_and_every_field_has_a_row() -> None:
    found = catalogue()
    used = {entry.row for entry in found.classes.values()} | {entry.row for entry in found.objects.values() if entry.row}
    assert used == TABLE.says["field"].keys()


@pytest.mark.parametrize("role", TABLE.roles)
def test_only_what_is_masked_is_revealed_and_only_to_whom_the_table_names(role: str) -> None:
    asked: tuple[RevealField, ...] = ("phones", "emails", "address", "name", "birth_date", "id_number")
    assert {field for field in asked if may_reveal(role, field)} == TABLE.reveals[role]
    assert TABLE.reveals[role] == frozenset() or role == "service" or "customers.reveal" in TABLE.actions[role]
    assert set(asked) == TABLE.says["reveal"].keys()


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("wish,x,yes,,why", "no such kind"),
        ("action,x,maybe,,why", "no cell named 'maybe'"),
        ("field,x,full,,why", "no cell named ''"),
        ("action,x,scope,,why", "a person has no scopes"),
        ("action,x,,yes,why", "a key has what it was given"),
        ("action,x,yes,,", "says nothing"),
        ("approve,x,yes,yes,why", "a key is nobody"),
        ("approve,x,full,,why", "no cell named 'full'"),
        ("action,x,yes,,why\naction,x,,,why", "is there twice"),
    ],
)
def test_a_table_that_says_what_cannot_be_does_not_load(row: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_rights(HEAD + row)
