"""Read a connector's YAML files and tell every fault with its line, in words an administrator can act on."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tieline.connectors.language.paths import walk
from tieline.connectors.manifest.part import Part
from tieline.connectors.manifest.problems import ManifestProblems, Problem
from tieline.connectors.manifest.references import check_references
from tieline.connectors.manifest.schema import Manifest
from tieline.connectors.manifest.soap import FOLDER
from tieline.kit.spelling import meant
from tieline.kit.yaml_lines import LocatedTree, PathKey, YamlRefused, line_of, load_with_lines

Model = TypeVar("Model", bound=BaseModel)
FILE_NAME: Final = "connector.yaml"
_SENTENCES: Final[Mapping[str, str]] = {
    "missing": "{place} is missing",
    "string_type": "{place} must be text; put it in quotes",
    "int_type": "{place} must be a whole number",
    "int_parsing": "{place} must be a whole number",
    "dict_type": "{place} must be a map of keys and values",
    "tuple_type": "{place} must be a list",
    "model_type": "{place} must be a map of keys and values",
    "model_attributes_type": "{place} must be a map of keys and values",
    "union_tag_not_found": "{place} needs a kind",
    "date_from_datetime_parsing": "{place} must be a date such as 2026-11-22",
    "date_parsing": "{place} must be a date such as 2026-11-22",
}


def load_manifest(path: Path) -> Manifest:
    """Read and check one connector.yaml. Raises: ManifestProblems: unreadable, not YAML, or not a manifest."""
    located = read_yaml(path)
    manifest = _validated(Manifest, located.tree, located.lines, path)
    faults = [
        Problem(path, line_of(located.lines, tuple(_written(at, located.tree, missing=False))), text)
        for at, text in check_references(manifest)
    ]
    if manifest.id != path.absolute().parent.name:
        text = f"id is {manifest.id!r} but the folder is called {path.absolute().parent.name!r}; they must be the same word"
        faults.append(Problem(path, line_of(located.lines, ("id",)), text))
    if faults:
        raise ManifestProblems(sorted(faults))
    return manifest


def load_part(model: type[Model], path: Path) -> Model:
    """Read any other YAML file of a connector into `model`. Raises: ManifestProblems: as `load_manifest`."""
    located = read_yaml(path)
    return _validated(model, located.tree, located.lines, path)


def read_yaml(path: Path) -> LocatedTree:
    """Read a YAML file with the line of every value. Raises: ManifestProblems: unreadable or not YAML."""
    try:
        return load_with_lines(path)
    except YamlRefused as exc:
        raise ManifestProblems([Problem(path, exc.line, exc.problem)]) from exc
    except OSError as exc:
        raise ManifestProblems([Problem(path, 1, "the file cannot be read; does it exist?")]) from exc


def _validated(model: type[Model], tree: object, lines: Mapping[PathKey, int], path: Path) -> Model:
    try:
        return model.model_validate(tree, context={FOLDER: path.parent})
    except ValidationError as exc:
        errors = exc.errors(include_url=False)
        problems = [_problem(error, tree, lines, path) for error in errors if not _follows(error, errors)]
        raise ManifestProblems(sorted(set(problems))) from exc


def _follows(error: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
    """A list that is "too short" because its only items are faulty: pydantic counts the sound ones."""
    place = error["loc"]
    return error["type"] == "too_short" and any(other["loc"][: len(place)] == place and other is not error for other in errors)


def _problem(error: ErrorDetails, tree: object, lines: Mapping[PathKey, int], path: Path) -> Problem:
    place = tuple(_written(error["loc"], tree, missing=error["type"] == "missing"))
    return Problem(path, line_of(lines, place), _sentence(error, place))


def _written(location: Sequence[str | int], tree: object, *, missing: bool) -> Iterator[str | int]:
    """Keep the steps that stand in the file: pydantic adds the tags of unions between them."""
    for index, step in enumerate(location):
        if step in (tree if isinstance(tree, Mapping) else range(len(tree)) if isinstance(tree, list) else ()):
            tree = walk(tree, (step,))
            yield step
        elif missing and index == len(location) - 1:
            yield step


def _sentence(error: ErrorDetails, place: Sequence[str | int]) -> str:
    named = ".".join(str(step) for step in place) or "the file"
    context = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return f"unknown key {named}{meant(str(error['loc'][-1]), _known_keys(Part))}"
        case "literal_error":
            return f"{named} must be {context['expected']}{_meant(error['input'], context['expected'])}"
        case "union_tag_invalid":
            return f"{named}.kind must be one of {context['expected_tags']}{_meant(context['tag'], context['expected_tags'])}"
        case "value_error":
            return f"{named}: {context['error']}"
        case known if known in _SENTENCES:
            return _SENTENCES[known].format(place=named)
        case _:
            return f"{named}: {error['msg'][:1].lower()}{error['msg'][1:]}"


def _meant(written: object, expected: str) -> str:
    """Look among the words of pydantic's `'a', 'b' or 'c'`."""
    return meant(written, re.findall(r"'([^']*)'", expected)) if isinstance(written, str) else ""


def _known_keys(part: type[BaseModel]) -> set[str]:
    """Every key any part of a manifest knows, by the name it has in the file."""
    keys = {field.alias or name for name, field in part.model_fields.items()}
    return keys.union(*(_known_keys(child) for child in part.__subclasses__()))
