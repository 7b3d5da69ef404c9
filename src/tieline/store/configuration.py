"""What an administrator set up: read whole, written in one transaction, announced to every process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Table, delete, func, insert, null, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.agent import Agent
from tieline.domain.border import Border
from tieline.domain.line import Line
from tieline.store import policy_versions
from tieline.store.tables_configuration import agents, connections, lines, mapping_overrides, policies, sources

CHANNEL: Final = "tieline_config"


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One connection. `connector` is an id in the catalog; `folder` is set when it lies outside the package."""

    name: str
    connector: str
    folder: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    paused: bool = False
    border: Border | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """The whole of it. `sources`: record kind → connections in order of trust. `overrides`: connection → kind → rows.

    `policies`: house rules as documents, by kind; `policy_versions`: which version of each holds, told when read.
    """

    connections: Mapping[str, ConnectionRow] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)
    agents: Mapping[str, Agent] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    policy_versions: Mapping[str, int] = field(default_factory=dict)


async def read(conn: AsyncConnection) -> Configuration:
    """Return what is set up. Call within a transaction if it must be of one moment."""
    trust: dict[str, list[str]] = {}
    for row in await conn.execute(select(sources).order_by(sources.c.kind, sources.c.position)):
        trust.setdefault(row.kind, []).append(row.connection)
    overrides: dict[str, dict[str, Any]] = {}
    for row in await conn.execute(select(mapping_overrides)):
        overrides.setdefault(row.connection, {})[row.kind] = row.rows
    rules = (await conn.execute(select(policies))).all()
    return Configuration(
        connections={row.name: _connection(row) for row in await conn.execute(select(connections))},
        lines={row.number: Line.model_validate(row.definition) for row in await conn.execute(select(lines))},
        agents={row.id: Agent.model_validate(row.definition) for row in await conn.execute(select(agents))},
        sources={kind: tuple(names) for kind, names in trust.items()},
        overrides=overrides,
        policies={row.kind: row.definition for row in rules},
        policy_versions={row.kind: row.version for row in rules},
    )


async def save(tx: AsyncConnection, wanted: Configuration, *, now: datetime) -> None:
    """Create or replace everything named in `wanted`; what it does not name stays. Announces itself on commit.

    Each kind in `sources`, and each connection in `overrides`, is replaced whole.
    """
    await take_turn(tx)
    await _put(tx, connections, [_connection_values(row, now) for row in wanted.connections.values()])
    await _put(tx, lines, [_definition("number", key, line, now) for key, line in wanted.lines.items()])
    await _put(tx, agents, [_definition("id", key, agent, now) for key, agent in wanted.agents.items()])
    await _put_sources(tx, wanted.sources)
    await _put_overrides(tx, wanted.overrides, now)
    for kind, rule in wanted.policies.items():
        await policy_versions.put(tx, kind, rule, by="apply", now=now)
    await announce(tx, "configuration")


async def pause(tx: AsyncConnection, name: str, *, paused: bool, now: datetime) -> bool:
    """Stop or resume the use of a connection; False: there is none of that name."""
    await take_turn(tx)
    statement = connections.update().where(connections.c.name == name).values(paused=paused, updated_at=now)
    changed = (await tx.execute(statement)).rowcount == 1
    await announce(tx, "connections")
    return changed


async def put_overrides(tx: AsyncConnection, connection: str, kinds: Mapping[str, Any], *, now: datetime) -> None:
    """Replace the mapping rows of one connection whole. Announces itself on commit."""
    await take_turn(tx)
    await _put_overrides(tx, {connection: kinds}, now)
    await announce(tx, "mappings")


async def put_connection(tx: AsyncConnection, row: ConnectionRow, *, now: datetime) -> None:
    """Create or replace one connection. Announces itself on commit."""
    await take_turn(tx)
    await _put(tx, connections, [_connection_values(row, now)])
    await announce(tx, "connections")


async def remove_connection(tx: AsyncConnection, name: str) -> bool:
    """Remove a connection with its secrets, overrides and places of trust; False: there is none of that name."""
    await take_turn(tx)
    gone = (await tx.execute(delete(connections).where(connections.c.name == name))).rowcount == 1
    await announce(tx, "connections")
    return gone


async def announce(tx: AsyncConnection, what: str) -> None:
    """Tell every process, when the transaction commits, that `what` has changed."""
    await tx.execute(select(func.pg_notify(CHANNEL, what)))


async def take_turn(tx: AsyncConnection) -> None:
    """Let one administrator write at a time; readers are not held up."""
    await tx.execute(text("LOCK TABLE sources IN SHARE ROW EXCLUSIVE MODE"))


async def _put(tx: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Write rows by primary key."""
    if not rows:
        return
    key = [column.name for column in table.primary_key]
    statement = upsert(table).values(rows)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    await tx.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))


async def _put_sources(tx: AsyncConnection, wanted: Mapping[str, tuple[str, ...]]) -> None:
    await tx.execute(delete(sources).where(sources.c.kind.in_(wanted)))
    rows = [
        {"kind": kind, "position": position, "connection": name}
        for kind, names in wanted.items()
        for position, name in enumerate(names)
    ]
    if rows:
        await tx.execute(insert(sources).values(rows))


async def _put_overrides(tx: AsyncConnection, wanted: Mapping[str, Mapping[str, Any]], now: datetime) -> None:
    await tx.execute(delete(mapping_overrides).where(mapping_overrides.c.connection.in_(wanted)))
    rows = [
        {"connection": name, "kind": kind, "rows": given, "updated_at": now}
        for name, kinds in wanted.items()
        for kind, given in kinds.items()
    ]
    await _put(tx, mapping_overrides, rows)


def _connection(row: Row[Any]) -> ConnectionRow:
    border = Border.model_validate(row.border) if row.border is not None else None
    return ConnectionRow(row.name, row.connector, row.folder, row.config, row.paused, border)


def _connection_values(row: ConnectionRow, now: datetime) -> dict[str, Any]:
    return {
        "name": row.name,
        "connector": row.connector,
        "folder": row.folder,
        "config": dict(row.config),
        "paused": row.paused,
        "border": row.border.model_dump(mode="json") if row.border is not None else null(),
        "updated_at": now,
    }


def _definition(key_name: str, key: str, model: Line | Agent, now: datetime) -> dict[str, Any]:
    return {key_name: key, "definition": model.model_dump(mode="json"), "updated_at": now}
