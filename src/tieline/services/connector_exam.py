"""The exam every connector sits, packaged or not: one function per rule, all faults told with file and line."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tieline.connectors.contract import CAPABILITIES, UNMAPPED
from tieline.connectors.manifest.configuration import open_settings
from tieline.connectors.manifest.load import FILE_NAME, read_yaml
from tieline.connectors.manifest.problems import ManifestProblems, Problem
from tieline.connectors.manifest.schema import Manifest
from tieline.connectors.recordings.example import IntakeExample, OperationExample, StreamExample
from tieline.connectors.registry import Connector
from tieline.domain.errors import MappingInvalid
from tieline.kit.spelling import meant
from tieline.kit.yaml_lines import line_of
from tieline.mapping.book import load_book
from tieline.services.connector_examples import Example, load_example, replay
from tieline.services.connector_quality import QUALITY, quality_of
from tieline.services.connector_secrets import leaks


@dataclass(slots=True)
class Subject:
    """One folder under examination."""

    connector: Connector
    examples: list[Example] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.connector.folder

    def problem(self, text: str, *at: str | int) -> Problem:
        """Name a fault at a place in connector.yaml."""
        file = self.folder / FILE_NAME
        return Problem(file, line_of(read_yaml(file).lines, at), text)


_SAMPLES: Final[Mapping[str, object]] = {"timezone": "Asia/Shanghai", "country": "CN", "int": 2}
Rule = Callable[[Subject], Awaitable[Sequence[Problem]]]


async def examine(folder: Path) -> tuple[Problem, ...]:
    """Return every fault of the connector in `folder`; none: it passes."""
    subject = Subject(Connector(folder))
    try:
        _ = subject.connector.manifest
    except ManifestProblems as exc:
        return exc.problems
    problems: list[Problem] = []
    for rule in RULES:
        try:
            problems.extend(await rule(subject))
        except ManifestProblems as exc:
            problems.extend(exc.problems)
    return tuple(dict.fromkeys(problems))


async def examples_reproduce(subject: Subject) -> Sequence[Problem]:
    """Replay every example, and miss none."""
    problems: list[Problem] = []
    for file in subject.connector.examples:
        try:
            subject.examples.append(load_example(file))
        except ManifestProblems as exc:
            problems.extend(exc.problems)
    for example in subject.examples:
        problems.extend(await replay(subject.connector, example))
    return [*problems, *_missing_examples(subject)]


def _missing_examples(subject: Subject) -> Iterator[Problem]:
    shown = {example.content.operation for example in subject.examples if isinstance(example.content, OperationExample)}
    for operation in subject.connector.manifest.operations:
        if operation not in shown:
            yield subject.problem(f"{operation} has no example in examples/", "operations", operation)
    yield from _unproved_read_backs(subject)
    taken = {example.content.intake for example in subject.examples if isinstance(example.content, IntakeExample)}
    inbound = subject.connector.manifest.inbound
    for kind in inbound.kinds if inbound else ():
        if kind not in taken:
            yield subject.problem(f"the {kind} intake has no example in examples/", "inbound", kind)
    heard = {example.content.stream for example in subject.examples if isinstance(example.content, StreamExample)}
    for way in inbound.stream.kinds if inbound and inbound.stream else ():
        if way not in heard:
            yield subject.problem(f"the stream {way} has no example in examples/", "inbound", "stream", way)


def _unproved_read_backs(subject: Subject) -> Iterator[Problem]:
    """A doubtful write is repeated or not by what the read-back says, so it is proved like the write itself."""
    proved = {
        example.content.operation
        for example in subject.examples
        if isinstance(example.content, OperationExample) and example.content.read_back
    }
    for (key, name), declared in subject.connector.manifest.declared():
        if key == "operations" and declared.idempotency and declared.idempotency.read_back and name not in proved:
            yield subject.problem(f"{name} is read back, so it needs an example with read_back: true", key, name, "idempotency")


async def secrets_stay_hidden(subject: Subject) -> Sequence[Problem]:
    """Run every example with marked secrets."""
    return [
        example.problem(f"a secret is shown in {place}")
        for example in subject.examples
        for place in await leaks(subject.connector, example)
    ]


async def writes_are_safe(subject: Subject) -> Sequence[Problem]:
    """A write whose refusals are not told apart would be believed or repeated wrongly."""
    manifest = subject.connector.manifest
    return [
        subject.problem(f"{name} writes, so it needs outcomes: of its own or of the connector", key, name)
        for key, name, operation in manifest.singles()
        if manifest.is_write(name) and not (operation.outcomes or manifest.outcomes)
    ]


async def mapping_serves(subject: Subject) -> Sequence[Problem]:
    """Every operation that brings or sends records finds a mapping of their kind."""
    needed = {
        CAPABILITIES[name].record: name
        for name in subject.connector.manifest.operations
        if CAPABILITIES[name].record not in UNMAPPED
    }
    if not needed:
        return ()
    try:
        book = load_book(subject.connector.mapping_file, config=sample_settings(subject.connector.manifest))
    except MappingInvalid as exc:
        return [_mapping_fault(subject.connector.mapping_file, exc)]
    return [
        Problem(subject.connector.mapping_file, 1, f"there is no mapping of the kind {kind}, which {name} needs")
        for kind, name in needed.items()
        if kind not in book
    ]


def sample_settings(manifest: Manifest) -> dict[str, object]:
    """Return settings with which a mapping can be compiled before anybody has filled in the form."""
    return {
        name: _SAMPLES.get(field.type, "CNY") if value is None else value
        for name, value in open_settings(manifest, {}).items()
        if (field := manifest.config[name])
    }


def _mapping_fault(file: Path, exc: MappingInvalid) -> Problem:
    """Take line and row out of the place the mapping names, so that the fault is told like every other one."""
    place = re.search(r"line (\d+)(?:, row (\S+))?", exc.where)
    fault = exc.detail.removeprefix(f"{exc.where}: ")
    row = place[2] if place else None
    return Problem(file, int(place[1]) if place else 1, f"{row}: {fault}" if row else fault)


async def readme_names_fields(subject: Subject) -> Sequence[Problem]:
    """An administrator finds every field of the form explained."""
    file = subject.folder / "README.md"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    return [
        Problem(file, 1, f"the field {name} is not explained")
        for name in subject.connector.manifest.config
        if not re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", text)
    ]


async def quality_is_told(subject: Subject) -> Sequence[Problem]:
    """quality.yaml speaks about every rule and no other."""
    file = subject.folder / "quality.yaml"
    stands = quality_of(subject.folder).rules
    missing = [
        Problem(file, 1, f"the rule {name} is not listed ({meaning})") for name, meaning in QUALITY.items() if name not in stands
    ]
    lines = read_yaml(file).lines
    unknown = [
        Problem(file, line_of(lines, ("rules", name)), f"there is no rule {name!r}{meant(name, QUALITY)}")
        for name in stands
        if name not in QUALITY
    ]
    return [*missing, *unknown]


RULES: Final[tuple[Rule, ...]] = (
    examples_reproduce,
    secrets_stay_hidden,
    writes_are_safe,
    mapping_serves,
    readme_names_fields,
    quality_is_told,
)
