"""The catalogue of fields, read once from the file beside this one and checked against the table of rights."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from tieline.domain.masking import MASKS, MaskKind
from tieline.security.rights import Treatment, rights

OPEN = "open"


@dataclass(frozen=True, slots=True)
class FieldClass:
    """What a value is: the mask it gets, the matrix row that says who sees it how, siblings with which it names nobody."""

    row: str
    mask: MaskKind
    unless: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field: `target` is `open`, a class or an object; `many` if it is a list of them."""

    target: str
    many: bool = False


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """One object: who may see it at all (`row`), its fields; or, for objects named by their key, which object each key holds."""

    fields: Mapping[str, FieldSpec]
    row: str | None = None
    by_key: Mapping[str, str] | None = None
    otherwise: str | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Classes and objects by name, and who sees what how: role → row → treatment."""

    classes: Mapping[str, FieldClass]
    objects: Mapping[str, ObjectSpec]
    matrix: Mapping[str, Mapping[str, Treatment]]


@cache
def catalogue() -> Catalogue:
    """Return what the file and the table say. Raises: ValueError: they contradict each other."""
    text = resources.files("tieline.security").joinpath("masking_catalogue.yaml").read_text("utf-8")
    return read_catalogue(yaml.safe_load(text), rights().fields)


def read_catalogue(document: Mapping[str, Any], matrix: Mapping[str, Mapping[str, Treatment]]) -> Catalogue:
    """Build a catalogue. Raises: ValueError: an unknown mask, class, object or row, a row of no use, or a name used twice."""
    classes = {name: _field_class(entry) for name, entry in document["classes"].items()}
    objects = {name: _object(name, document["objects"]) for name in document["objects"]}
    found = Catalogue(classes, objects, matrix)
    problems = sorted(_problems(found))
    if problems:
        raise ValueError("; ".join(problems))
    return found


def _field_class(entry: Mapping[str, Any]) -> FieldClass:
    return FieldClass(entry["row"], entry["mask"], tuple(entry.get("unless", {}).items()))


def _object(name: str, objects: Mapping[str, Any]) -> ObjectSpec:
    entry = objects[name]
    parent = _object(entry["like"], objects) if "like" in entry else ObjectSpec({})
    own = {field: _field(target) for field, target in entry.get("fields", {}).items()}
    return ObjectSpec(
        fields={**parent.fields, **own},
        row=entry.get("row", parent.row),
        by_key=entry.get("by_key"),
        otherwise=entry.get("otherwise"),
    )


def _field(target: str | list[str]) -> FieldSpec:
    return FieldSpec(target) if isinstance(target, str) else FieldSpec(target[0], many=True)


def _problems(found: Catalogue) -> set[str]:
    names = {OPEN, *found.classes, *found.objects}
    rows = {row for treatments in found.matrix.values() for row in treatments}
    targets = {spec.target for entry in found.objects.values() for spec in entry.fields.values()}
    targets |= {name for entry in found.objects.values() for name in (*(entry.by_key or {}).values(), entry.otherwise) if name}
    used = {entry.row for entry in found.classes.values()} | {entry.row for entry in found.objects.values() if entry.row}
    return {
        *(f"no class or object named {name}" for name in targets - names),
        *(f"no row named {row} in the matrix" for row in used - rows),
        *(f"no mask named {entry.mask}" for entry in found.classes.values() if entry.mask not in MASKS),
        *(f"the row {row} is about nothing" for row in rows - used),
        *(f"{row}: what has no mask is full or none" for row in _unmasked(found)),
        *(f"{name} is both a class and an object" for name in set(found.classes) & set(found.objects)),
    }


def _unmasked(found: Catalogue) -> set[str]:
    """Return the rows that would mask what only hides or shows: sums are no texts."""
    rows = {entry.row for entry in found.classes.values() if entry.mask == "hidden"}
    return {row for row in rows for cells in found.matrix.values() if cells.get(row, "none") not in {"full", "none"}}
