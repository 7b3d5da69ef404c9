"""A connector's folder as a tool drafts it: what is sure as data, what is not as comments, and everything open as `todo`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from tieline.domain.errors import ConfigRefused
from tieline.services.authoring.write_yaml import inline, yaml_of
from tieline.services.connector_quality import STANDARDS
from tieline.services.connectors import check_new_folder

CAREFUL: Final[Mapping[str, int]] = {"per_second": 5, "burst": 10, "concurrency": 4, "timeout_ms": 2000}
"""Limits that hurt no vendor, until somebody has looked up the real ones."""


class Doubtful(NamedTuple):
    """A part that is written as a comment: where it would stand, what it would say, and what somebody must find out first."""

    name: str
    tree: Mapping[str, Any]
    doubt: str


class DraftRows(NamedTuple):
    """The rows of one kind of record."""

    sure: Mapping[str, Mapping[str, Any]]
    doubtful: Sequence[Doubtful] = ()
    left_over: Sequence[str] = ()


class Begun(NamedTuple):
    """What is to be called how, and what it is drafted from."""

    id: str
    name: str
    category: str
    source: str


@dataclass(slots=True)
class Draft:
    """Everything a folder is written from. `open_points`: what the README lists as not verified."""

    begun: Begun
    config: Mapping[str, Mapping[str, Any]]
    auth: Mapping[str, Any]
    operations: Mapping[str, Mapping[str, Any]]
    hosts: Mapping[str, str] = field(default_factory=dict)
    doubtful: Sequence[Doubtful] = ()
    limits: Mapping[str, Any] = field(
        default_factory=lambda: {"per_second": 5, "burst": 10, "concurrency": 4, "timeout_ms": 2000}
    )
    mapping: Mapping[str, DraftRows] = field(default_factory=dict)
    examples: Mapping[str, str] = field(default_factory=dict)
    quality: Mapping[str, object] = field(default_factory=dict)
    open_points: Sequence[tuple[str, str]] = ()


_UNTOUCHED: Final[Mapping[str, object]] = {
    "manifest": "done",
    "examples": {"todo": "record real exchanges in place of the drafted ones"},
    "secrets": "done",
    "writes": {"todo": "write the outcome table and look up how a repetition is known"},
    "mapping": {"todo": "look at every row, and at those in comments"},
    "readme": {"todo": "tell where each field is found"},
    "docs_read": {"todo": "read the vendor's pages and name them in docs:"},
    "errors": {"todo": "list the vendor's error codes"},
    "limits": {"todo": "look up the vendor's limits"},
    "paging": {"todo": "find out how a long answer continues"},
    "phones": {"todo": "find out how numbers are stored and searched"},
    "live": {"todo": "run it against the real system"},
}


def write_draft(draft: Draft, parent: Path) -> tuple[Path, ...]:
    """Write the folder; return its files. Raises: ConfigRefused: not an id or category, or there is something at that place."""
    folder = parent / draft.begun.id
    check_new_folder(folder, draft.begun.id, draft.begun.category)
    texts = {
        "connector.yaml": "\n".join(_manifest(draft)) + "\n",
        "README.md": "\n".join(_readme(draft)) + "\n",
        "quality.yaml": yaml_of({"rules": {name: draft.quality.get(name, _UNTOUCHED[name]) for name in STANDARDS}}),
        **{f"examples/{name}.yaml": text for name, text in draft.examples.items()},
    }
    if draft.mapping:
        texts["mapping.yaml"] = "\n".join(_mapping(draft)) + "\n"
    return tuple(_write(folder / name, text) for name, text in sorted(texts.items()))


def write_example(folder: Path, name: str, text: str) -> Path:
    """Add an example to a drafted folder."""
    return _write(folder / "examples" / f"{name}.yaml", text)


def _write(file: Path, text: str) -> Path:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise ConfigRefused("the file cannot be written", where=str(file)) from exc
    return file


def _manifest(draft: Draft) -> Iterator[str]:
    yield f"# Drafted from {draft.begun.source}. What stands in comments is a guess: read, correct, then take the # away."
    for key, value in (("schema", 1), ("id", draft.begun.id), ("name", draft.begun.name), ("category", draft.begun.category)):
        yield f"{key}: {inline(value)}"
    yield '# docs: {url: "https://…", read: 2026-01-31}       # the vendor\'s pages, and the day you read them'
    yield "config:" if draft.config else "config: {}"
    yield from (f"  {name}: {inline(form)}" for name, form in draft.config.items())
    if draft.hosts:
        yield f"hosts: {inline(draft.hosts)}"
    yield f"auth: {inline(draft.auth)}"
    yield f"limits: {inline(draft.limits)}"
    yield "operations:" if draft.operations else "# operations:"
    for name, operation in draft.operations.items():
        yield from (f"  {line}" for line in _operation(name, operation))
    for doubtful in draft.doubtful:
        yield from _commented(doubtful.doubt, _operation(doubtful.name, doubtful.tree), indent=2)
    yield "# A status of 2xx proves nothing where the vendor puts an error code into the body; say so here, first match wins:"
    yield "# outcomes:"
    yield '#   - {when: {status: 2xx, body.code: {not: "0"}}, is: permanent, message: body.message}'


def _operation(name: str, parts: Mapping[str, Any]) -> Iterator[str]:
    yield f"{name}:"
    yield from (f"  {key}: {inline(value)}" for key, value in parts.items())


def _mapping(draft: Draft) -> Iterator[str]:
    for kind, rows in draft.mapping.items():
        yield f"{kind}:"
        yield "  rows:"
        if not rows.sure:
            yield "    id: {from: id, required: true}"
        for name, row in rows.sure.items():
            yield f"    {name}: {inline(row)}"
        for doubtful in rows.doubtful:
            yield from _commented(doubtful.doubt, [f"{doubtful.name}: {inline(doubtful.tree)}"], indent=4)
        if rows.left_over:
            yield f"    # the vendor also has: {', '.join(rows.left_over[:60])}"


def _commented(doubt: str, lines: Iterable[str], *, indent: int) -> Iterator[str]:
    yield f"{' ' * indent}# todo: {doubt}"
    yield from (f"{' ' * indent}# {line}" for line in lines)


def _readme(draft: Draft) -> Iterator[str]:
    yield f"# {draft.begun.name}"
    yield ""
    yield f"Drafted from {draft.begun.source}; nothing here was tried against the real system."
    yield ""
    yield "| field | where to find it |"
    yield "|---|---|"
    for name, form in draft.config.items():
        yield f"| `{name}` | {form.get('description') or form['title']} |"
    yield ""
    yield "## Not verified"
    yield ""
    yield "| part | what is open |"
    yield "|---|---|"
    for part, doubt in draft.open_points:
        yield f"| {part} | {doubt} |"
