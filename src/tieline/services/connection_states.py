"""Which systems can be connected, which are, and how each stands at this moment. No vendor is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from tieline.connectors.connection import VendorConnection
from tieline.connectors.registry import Catalog, Connector
from tieline.domain.errors import ManifestInvalid, NotFound
from tieline.services.live_directory import LiveDirectory
from tieline.store import stream_states
from tieline.store.database import Database
from tieline.store.stream_states import StreamState

Standing = Literal["up", "trying", "paused", "misconfigured"]
_BY_BREAKER: Final[Mapping[str, Standing]] = {"closed": "up", "half_open": "trying", "open": "paused"}


@dataclass(frozen=True, slots=True)
class ConnectorSummary:
    """A system that can be connected. `fault` is the code of what is wrong with its folder."""

    id: str
    name: str
    category: str | None
    operations: tuple[str, ...] = ()
    receives_calls: bool = False
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """A connected system. `paused_s`: seconds until the vendor, who asked to be left alone, is asked again.

    `fault` beside any standing but `misconfigured`: its files were written anew and cannot be used; what they were before holds.
    `stream`: how it stands with listening to it, as the process that listens wrote it down.
    """

    name: str
    connector: str | None
    standing: Standing
    operations: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    paused_s: float = 0.0
    fault: str | None = None
    stream: StreamState | None = None


def connectors(catalog: Catalog) -> Sequence[ConnectorSummary]:
    """Return the whole catalog, by id."""
    return [_summary(connector) for connector in catalog.list()]


def connections(directory: LiveDirectory) -> Sequence[ConnectionState]:
    """Return every connection that is set up and not switched off, by name."""
    states = [_state(directory, connection) for connection in directory.now.connections.values()]
    states += [
        ConnectionState(name, connector=None, standing="misconfigured", fault=code)
        for name, code in directory.faults.items()
        if name not in directory.now.connections
    ]
    return sorted(states, key=lambda state: state.name)


def connection(directory: LiveDirectory, name: str) -> ConnectionState:
    """Return one connection. Raises: NotFound."""
    found = next((state for state in connections(directory) if state.name == name), None)
    if found is None:
        raise NotFound
    return found


async def with_streams(database: Database, states: Sequence[ConnectionState]) -> Sequence[ConnectionState]:
    """Add how each stream stands. Raises: Overloaded."""
    async with database.read() as conn:
        streams = await stream_states.read(conn)
    return [replace(state, stream=streams.get(state.name)) for state in states]


def _summary(connector: Connector) -> ConnectorSummary:
    try:
        manifest = connector.manifest
    except ManifestInvalid as exc:
        return ConnectorSummary(connector.folder.name, name=connector.folder.name, category=None, fault=exc.code)
    return ConnectorSummary(
        id=manifest.id,
        name=manifest.name,
        category=manifest.category,
        operations=tuple(sorted(manifest.operations)),
        receives_calls=manifest.inbound is not None and manifest.inbound.call is not None,
    )


def _state(directory: LiveDirectory, connection: VendorConnection) -> ConnectionState:
    health = connection.health()
    records = [record for record, sources in directory.now.sources.items() if connection.name in {each.name for each in sources}]
    return ConnectionState(
        name=connection.name,
        connector=connection.connector.manifest.id,
        standing="paused" if health.paused_s > 0 else _BY_BREAKER[health.breaker],
        operations=tuple(sorted(connection.operations)),
        answers=tuple(sorted(records)),
        paused_s=round(health.paused_s, 1),
        fault=directory.faults.get(connection.name),
    )
