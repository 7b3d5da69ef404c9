"""The catalogue of everything that is kept or shown of a person, read once from the file beside this one.

Masks are checked against it, export and erasure work by it, retention counts by it, and docs/privacy.md is printed from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

import yaml

Sensitivity = Literal["none", "general", "sensitive", "secret"]
ABOUT_CUSTOMERS: Final = frozenset({"general", "sensitive"})
NOT_A_CUSTOMERS: Final = frozenset({"plain", "staff", "secret", "pseudonym"})


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value is. `masked_as`: the classes that may stand for it where it leaves."""

    sensitivity: Sensitivity
    masked_as: frozenset[str]


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why something is processed, and the article that allows it, in both laws."""

    why: str
    pipl: str
    gdpr: str


@dataclass(frozen=True, slots=True)
class CataloguedTable:
    """One table: `erased` is `delete`, `blank`, `keep` or `with TABLE`; `stays` are the columns that blanking leaves."""

    purpose: str
    keep: str
    erased: str
    because: str
    holds: Mapping[str, str]
    plain: frozenset[str]
    stays: frozenset[str]

    @property
    def fields(self) -> frozenset[str]:
        """Return every column."""
        return self.plain | self.holds.keys()

    @property
    def blanked(self) -> tuple[str, ...]:
        """Return the columns that are emptied when somebody is erased."""
        if self.erased != "blank":
            return ()
        return tuple(name for name, kind in self.holds.items() if kind not in NOT_A_CUSTOMERS and name not in self.stays)


@dataclass(frozen=True, slots=True)
class CataloguedModel:
    """One canonical model: its fields and what each holds."""

    purpose: str
    holds: Mapping[str, str]
    plain: frozenset[str]


@dataclass(frozen=True, slots=True)
class FieldCatalogue:
    """The whole file."""

    kinds: Mapping[str, Kind]
    purposes: Mapping[str, Purpose]
    retention: Mapping[str, timedelta]
    models: Mapping[str, CataloguedModel]
    tables: Mapping[str, CataloguedTable]


@cache
def field_catalogue() -> FieldCatalogue:
    """Return what the file says. Raises: ValueError: it names a kind, a purpose or a table that it does not have."""
    text = resources.files("tieline.security").joinpath("field_catalogue.yaml").read_text("utf-8")
    return read_field_catalogue(yaml.safe_load(text))


def read_field_catalogue(document: Mapping[str, Any]) -> FieldCatalogue:
    """Build the catalogue. Raises: ValueError: it names what it does not have, or one field twice."""
    found = FieldCatalogue(
        kinds={name: Kind(one["sensitivity"], frozenset(one["masked_as"])) for name, one in document["kinds"].items()},
        purposes={name: Purpose(**one) for name, one in document["purposes"].items()},
        retention={name: timedelta(**one) for name, one in document["retention"].items()},
        models={
            name: CataloguedModel(one["purpose"], one["holds"], frozenset(one["plain"]))
            for name, one in document["models"].items()
        },
        tables={name: _table(one) for name, one in document["tables"].items()},
    )
    problems = sorted(_problems(found))
    if problems:
        raise ValueError("; ".join(problems))
    return found


def _table(one: Mapping[str, Any]) -> CataloguedTable:
    about = one["about"]
    return CataloguedTable(
        purpose=about["purpose"],
        keep=about["keep"],
        erased=about["erased"],
        because=about.get("because", ""),
        holds=one.get("holds", {}),
        plain=frozenset(one.get("plain", ())),
        stays=frozenset(one.get("stays", ())),
    )


def _problems(found: FieldCatalogue) -> set[str]:
    entries: dict[str, CataloguedModel | CataloguedTable] = {**found.models, **found.tables}
    problems = {f"{name}: no purpose {one.purpose}" for name, one in entries.items() if one.purpose not in found.purposes}
    for name, one in entries.items():
        problems |= {f"{name}.{field}: no kind {kind}" for field, kind in one.holds.items() if kind not in found.kinds}
        problems |= {f"{name}.{field}: listed twice" for field in one.plain & one.holds.keys()}
    for name, table in found.tables.items():
        if table.erased not in {"delete", "blank", "keep"} and table.erased.removeprefix("with ") not in found.tables:
            problems.add(f"{name}: cannot be erased {table.erased}")
        if table.erased == "keep" and set(table.holds.values()) - NOT_A_CUSTOMERS and not table.because:
            problems.add(f"{name}: is kept and says not why")
    return problems
