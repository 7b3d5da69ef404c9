"""Show what rows would make of a record, field by field: one written down, one of a recorded example, or live ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tieline.connectors.contract import CAPABILITIES
from tieline.connectors.recordings.example import OperationExample
from tieline.connectors.recordings.replay import RecordedWire
from tieline.connectors.recordings.tap import TappedWire
from tieline.connectors.registry import Connector
from tieline.domain.errors import ConnectorError, NotFound, RequestRefused
from tieline.kit.deadline import Deadline
from tieline.mapping.preview import FieldPreview
from tieline.mapping.record import RecordMapping
from tieline.security.permissions import Caller
from tieline.services.authoring.play import run
from tieline.services.connector_examples import PATIENCE_S, connect, inputs_of, load_example
from tieline.services.connectors import read_inputs, refuse_unasked
from tieline.services.house import House
from tieline.services.mappings.state import MappingState, Reading
from tieline.store import audit_trail
from tieline.store.journal_rows import AuditRow

MOST_RECORDS: Final = 20


@dataclass(frozen=True, slots=True)
class Preview:
    """What was previewed: the record kind, and for each record what became of each field. `error`: why nothing came."""

    kind: str
    records: Sequence[Sequence[FieldPreview]] = ()
    error: str | None = None


def preview_record(reading: Reading, state: MappingState, kind: str, record: Mapping[str, Any]) -> Preview:
    """Explain a record that was written down. Raises: RequestRefused: no such kind. MappingInvalid."""
    return Preview(kind, (_mapping(reading, state, kind).preview(record),))


async def preview_example(reading: Reading, state: MappingState, name: str) -> Preview:
    """Explain the records of one of the connector's examples. Raises: NotFound: no such example, or it brings no records."""
    content = _example(reading.connector, name)
    tap = TappedWire(RecordedWire(content.exchanges, strict=False))
    played = await run(connect(reading.connector, content, tap), tap, content.operation, inputs_of(content))
    if played.result is None:
        return Preview(CAPABILITIES[content.operation].record, error=played.failure.code if played.failure else None)
    return _explained(reading, state, content.operation, played.result.records)


async def preview_live(
    house: House, reading: Reading, state: MappingState, asked: tuple[str, Mapping[str, str]], *, by: Caller
) -> Preview:
    """Ask the real system, as (operation, inputs), and explain what it brings; who looked at whom is in the audit.

    Raises: NotFound: it is not open. RequestRefused: not offered, it writes, or no such input.
    """
    operation, written = asked
    trial = house.directory.trial(state.row.name)
    refuse_unasked(trial, operation, writing=False)
    inputs = read_inputs(trial, operation, written, house.directory.now.line_of(None))
    note = AuditRow(
        at=house.clock(),
        actor=by.actor,
        actor_role=by.role,
        action="mapping.previewed_live",
        subject=f"connection:{state.row.name}",
        details={"operation": operation, "inputs": sorted(written)},
    )
    async with house.database.begin() as tx:
        await audit_trail.write(tx, note)
    try:
        result = await trial.connection.run(operation, deadline=Deadline.after(PATIENCE_S), **inputs)
    except ConnectorError as exc:
        return Preview(CAPABILITIES[operation].record, error=exc.code)
    return _explained(reading, state, operation, result.records)


def _explained(reading: Reading, state: MappingState, operation: str, records: Sequence[Mapping[str, Any]]) -> Preview:
    kind = CAPABILITIES[operation].record
    mapping = _mapping(reading, state, kind)
    return Preview(kind, tuple(mapping.preview(record) for record in records[:MOST_RECORDS]))


def _mapping(reading: Reading, state: MappingState, kind: str) -> RecordMapping:
    mapping = reading.book(state.entries).get(kind)
    if mapping is None:
        raise RequestRefused("There is no mapping of this kind.", code="mapping_kind_unknown")
    return mapping


def _example(connector: Connector, name: str) -> OperationExample:
    file = next((each for each in connector.examples if each.stem == name), Path())
    content = load_example(file).content if file.name else None
    if not isinstance(content, OperationExample) or CAPABILITIES[content.operation].writes:
        raise NotFound
    return content
