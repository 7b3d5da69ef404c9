"""Who may do what, and sees what how: the one table `rights.csv`, read once and refused where it makes no sense.

Rows are of four kinds. `action`: a permission; `yes`, or `scope`: a key that was given it. `field`: a kind of value or object,
and how a role sees it. `reveal`: a masked field a role may have shown in full. `approve`: what asks for a second person, and who
that may be. An empty cell is a no.

A column `view:…` says the most that is seen through it, whoever looks: a view only ever takes away.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, Literal, cast, get_args

Treatment = Literal["full", "verified", "mask", "last_four", "none"]
SERVICE_ROLE: Final = "service"
"""The role of every API key; its permissions are the scopes it was given."""

CELLS: Final[Mapping[str, frozenset[str]]] = {
    "action": frozenset({"yes", "scope", ""}),
    "field": frozenset(get_args(Treatment)),
    "reveal": frozenset({"yes", ""}),
    "approve": frozenset({"yes", ""}),
}
RANK: Final[Mapping[Treatment, int]] = {"none": 0, "last_four": 1, "mask": 2, "verified": 3, "full": 4}
"""How much a treatment shows."""

VIEW: Final = "view:"
_NOT_SEEN: Final = ("action", "approve")
"""Kinds that views have nothing to do with."""

_NOT_ROLES: Final = ("kind", "what", "says")
_Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rights:
    """The table by what is asked of it. `says`: kind and name → what it means, in the order of the file.

    `fields`, `reveals` and `approves` are by role, `seen_through` and `revealed_through` by view.
    """

    roles: tuple[str, ...]
    says: Mapping[str, Mapping[str, str]]
    actions: Mapping[str, frozenset[str]]
    fields: Mapping[str, Mapping[str, Treatment]]
    reveals: Mapping[str, frozenset[str]]
    approves: Mapping[str, frozenset[str]]
    views: tuple[str, ...]
    seen_through: Mapping[str, Mapping[str, Treatment]]
    revealed_through: Mapping[str, frozenset[str]]


def narrower(one: Treatment, other: Treatment) -> Treatment:
    """Return whichever of the two shows less."""
    return min(one, other, key=RANK.__getitem__)


@cache
def rights() -> Rights:
    """Return what `rights.csv` says. Raises: ValueError: it says what cannot be."""
    return read_rights(resources.files("tieline.security").joinpath("rights.csv").read_text("utf-8"))


def read_rights(text: str) -> Rights:
    """Read the table. Raises: ValueError: an unknown kind or cell, a row that is there twice or says nothing."""
    rows = list(csv.DictReader(text.splitlines()))
    roles = tuple(column for column in rows[0] if column not in _NOT_ROLES and not column.startswith(VIEW))
    views = tuple(column.removeprefix(VIEW) for column in rows[0] if column.startswith(VIEW))
    problems = sorted([*_problems(rows, roles), *_problems_of_views(rows, views)])
    if problems:
        raise ValueError("; ".join(problems))
    return Rights(
        roles=roles,
        says={kind: {row["what"]: row["says"] for row in _of(rows, kind)} for kind in CELLS},
        actions={role: _granted(rows, "action", role) for role in roles},
        fields={role: _treatments(rows, role) for role in roles},
        reveals={role: _granted(rows, "reveal", role) for role in roles},
        approves={role: _granted(rows, "approve", role) for role in roles},
        views=views,
        seen_through={view: _treatments(rows, VIEW + view) for view in views},
        revealed_through={view: _granted(rows, "reveal", VIEW + view) for view in views},
    )


def _of(rows: Sequence[_Row], kind: str) -> Iterator[_Row]:
    return (row for row in rows if row["kind"] == kind)


def _granted(rows: Sequence[_Row], kind: str, column: str) -> frozenset[str]:
    return frozenset(row["what"] for row in _of(rows, kind) if row[column] == "yes")


def _treatments(rows: Sequence[_Row], column: str) -> Mapping[str, Treatment]:
    return {row["what"]: cast("Treatment", row[column]) for row in _of(rows, "field")}


def _problems(rows: Sequence[_Row], roles: Sequence[str]) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for row in rows:
        name = f"{row['kind']} {row['what']}"
        if row["kind"] not in CELLS:
            yield f"{name}: no such kind of row"
            continue
        yield from (f"{name}: no cell named {row[role]!r}" for role in roles if row[role] not in CELLS[row["kind"]])
        yield from (f"{name}: a person has no scopes" for role in roles if row[role] == "scope" and role != SERVICE_ROLE)
        if row["kind"] == "action" and row.get(SERVICE_ROLE) == "yes":
            yield f"{name}: a key has what it was given"
        if row["kind"] == "approve" and row.get(SERVICE_ROLE):
            yield f"{name}: a key is nobody"
        if not row["says"]:
            yield f"{name}: says nothing"
        if (row["kind"], row["what"]) in seen:
            yield f"{name}: is there twice"
        seen.add((row["kind"], row["what"]))


def _problems_of_views(rows: Sequence[_Row], views: Sequence[str]) -> Iterator[str]:
    for row in rows:
        allowed = frozenset({""}) if row["kind"] in _NOT_SEEN else CELLS.get(row["kind"], frozenset())
        found = (row[VIEW + view] for view in views)
        yield from (f"{row['kind']} {row['what']}: no view has {cell!r} there" for cell in found if cell not in allowed)
