"""Replay a connector's recorded examples offline: what it sends, what it makes of the answer, what the mapping makes of that."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic_core import to_jsonable_python

from tieline.connectors.answers.outcome import ERRORS
from tieline.connectors.auth.vault import Keeping
from tieline.connectors.connection import VendorConnection, assemble
from tieline.connectors.contract import CAPABILITIES, Record, Result
from tieline.connectors.manifest.configuration import open_settings, settle
from tieline.connectors.manifest.load import load_part, read_yaml
from tieline.connectors.manifest.problems import Problem
from tieline.connectors.recordings.example import IntakeExample, OperationExample, StreamExample
from tieline.connectors.recordings.replay import RecordedWire, RecordingMismatch
from tieline.connectors.registry import Connector
from tieline.connectors.streams.listening import meanings_of
from tieline.connectors.wire.messages import Wire
from tieline.domain.errors import ConnectorError, MappingInvalid, VendorMisconfigured
from tieline.domain.line import Line
from tieline.domain.phone_normalise import normalise
from tieline.kit.deadline import Deadline
from tieline.kit.yaml_lines import PathKey, line_of
from tieline.mapping.book import load_book
from tieline.mapping.record import RecordMapping
from tieline.services.intake_examples import replay_intake

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE_S: Final = 30.0
EXAMPLE_LINE: Final = Line(number="", name="", country="CN")


class Example(NamedTuple):
    """One example file, read."""

    file: Path
    lines: Mapping[PathKey, int]
    content: OperationExample | IntakeExample | StreamExample

    def problem(self, text: str, *at: str | int) -> Problem:
        """Name a fault at a place in the file."""
        return Problem(self.file, line_of(self.lines, at), text)


def load_example(file: Path) -> Example:
    """Read an example of any kind. Raises: ManifestProblems: with file and line."""
    located = read_yaml(file)
    named = located.tree if isinstance(located.tree, Mapping) else {}
    if "stream" in named:
        return Example(file, located.lines, load_part(StreamExample, file))
    if "intake" in named:
        return Example(file, located.lines, load_part(IntakeExample, file))
    return Example(file, located.lines, load_part(OperationExample, file))


async def replay(connector: Connector, example: Example) -> tuple[Problem, ...]:
    """Return every way in which the example is not reproduced byte for byte; none: it is."""
    match example.content:
        case OperationExample():
            return await _replay_operation(connector, example, example.content)
        case IntakeExample():
            return tuple(_replay_intake(connector, example, example.content))
        case StreamExample():
            return tuple(_replay_stream(connector, example, example.content))


def inputs_of(content: OperationExample) -> dict[str, Any]:
    """Return the inputs as a service would pass them: a phone number as a number, everything else as written."""
    return {name: normalise(str(value), line=EXAMPLE_LINE) if name == "phone" else value for name, value in content.in_.items()}


def connect(connector: Connector, content: OperationExample | IntakeExample | StreamExample, wire: Wire) -> VendorConnection:
    """Open the connector over a recording. Raises: VendorMisconfigured: the example's configuration does not fit the form."""
    settled = settle(connector.manifest, content.config, content.secrets)
    nonce, arrived_at = content.nonce.encode(), content.at or NOW
    return assemble(
        "example",
        connector,
        settled,
        wire=wire,
        clock=lambda: arrived_at,
        entropy=lambda count: nonce[:count],
        keeping=Keeping(draw_nonce=lambda _kind: content.nonce),
    )


async def _replay_operation(connector: Connector, example: Example, content: OperationExample) -> tuple[Problem, ...]:
    if content.operation not in connector.manifest.operations:
        return (example.problem(f"the connector has no operation {content.operation}", "operation"),)
    wire = RecordedWire(content.exchanges)
    try:
        connection = connect(connector, content, wire)
        ask = connection.read_back if content.read_back else connection.run
        result = await ask(content.operation, deadline=Deadline.after(PATIENCE_S), **inputs_of(content))
    except RecordingMismatch as exc:
        return tuple(
            example.problem(difference.text, "exchanges", exc.exchange, "request", difference.part)
            for difference in exc.differences
        )
    except ConnectorError as exc:
        return (*_error_faults(example, content, exc), *_unsent(example, wire))
    return (*_result_faults(connector, example, content, result), *_unsent(example, wire))


def _unsent(example: Example, wire: RecordedWire) -> Iterator[Problem]:
    if wire.unsent:
        yield example.problem("this request is recorded but was not sent", "exchanges", wire.sent)


def _error_faults(example: Example, content: OperationExample, raised: ConnectorError) -> Iterator[Problem]:
    if content.error is not None:
        if raised.code != content.error:
            yield example.problem(f"it fails with {raised.code} ({raised.detail})", "error")
        return
    expected = ERRORS.get(content.outcome)
    if expected is None or not isinstance(raised, expected):
        yield example.problem(f"it fails with {raised.code}: {raised.detail}", "outcome")
    elif content.wait_s is not None and raised.retry_after_s != content.wait_s:
        yield example.problem(f"the vendor's wish to wait is read as {raised.retry_after_s} s", "wait_s")


def _result_faults(connector: Connector, example: Example, content: OperationExample, result: Result) -> Iterator[Problem]:
    if content.error is not None:
        yield example.problem("it succeeds", "error")
    elif result.outcome != content.outcome:
        yield example.problem(f"the outcome is {result.outcome}", "outcome")
    if result.truncated != content.truncated:
        yield example.problem(f"truncated is {str(result.truncated).lower()}", "truncated")
    if content.records is not None and list(result.records) != list(content.records):
        yield example.problem(f"the records are {list(result.records)!r}", "records")
    named = {key: value for key, value in (("id", result.external_id), ("url", result.external_url)) if value is not None}
    if content.result is not None and named != content.result:
        yield example.problem(f"the result is {named!r}", "result")
    if content.mapped is not None:
        yield from _mapped_faults(connector, example, content, result)


def _mapped_faults(connector: Connector, example: Example, content: OperationExample, result: Result) -> Iterator[Problem]:
    try:
        mapped = mapped_of(_mapping(connector, content), result.records)
    except (ConnectorError, MappingInvalid) as exc:
        yield example.problem(exc.detail, "mapped")
        return
    if mapped != list(content.mapped or ()):
        yield example.problem(f"the mapping gives {mapped!r}", "mapped")


def mapped_of(mapping: RecordMapping, records: Sequence[Record]) -> list[Any]:
    """Return what the mapping makes of records, as an example writes it. Raises: VendorBadAnswer: a required field is missing."""
    return [to_jsonable_python(mapping.read(record)) for record in records]


def _mapping(connector: Connector, content: OperationExample) -> RecordMapping:
    kind = CAPABILITIES[content.operation].record
    book = load_book(connector.mapping_file, config=open_settings(connector.manifest, content.config))
    if kind not in book:
        detail = f"mapping.yaml has no {kind}"
        raise MappingInvalid(detail)
    return book[kind]


def _replay_intake(connector: Connector, example: Example, content: IntakeExample) -> Iterator[Problem]:
    try:
        connection = connect(connector, content, RecordedWire(()))
        yield from replay_intake(connection, content, example.problem)
    except VendorMisconfigured as exc:
        yield example.problem(exc.detail, "config")


def _replay_stream(connector: Connector, example: Example, content: StreamExample) -> Iterator[Problem]:
    try:
        listening = connect(connector, content, RecordedWire(())).listening
    except VendorMisconfigured as exc:
        yield example.problem(exc.detail, "config")
        return
    if listening is None or listening.kind != content.stream:
        yield example.problem("the connector does not listen to a stream of this kind with this configuration", "stream")
        return
    meanings = meanings_of(listening, content.messages)
    yield from (example.problem(f"a message cannot be understood: {one.fault}", "messages") for one in meanings if one.fault)
    events = to_jsonable_python([event for one in meanings for event in one.events])
    if events != list(content.events):
        yield example.problem(f"the events are {events!r}", "events")
