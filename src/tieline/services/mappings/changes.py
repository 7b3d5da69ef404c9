"""Change a mapping: draft it, publish the draft, go back. Every step names the state it is meant for and is in the audit.

Publishing writes the rows the directories of all replicas load, and the announcement of it commits with them; so no replica
serves with rows that were rolled back, and none misses a publication.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieline.connectors.registry import Catalog
from tieline.domain.errors import NotFound, PreconditionFailed, StateConflict
from tieline.security.permissions import Caller
from tieline.services.gray_mappings import Kept, MappingEntry
from tieline.services.mappings.state import MappingState, reading_of, state_of
from tieline.store import audit_trail, configuration, mappings
from tieline.store.database import Database, Transaction
from tieline.store.journal_rows import AuditRow
from tieline.store.mappings import Origin


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes the mapping of which connection, in which state (`tag`) they read it."""

    connection: str
    tag: str
    by: Caller
    now: datetime


async def save_draft(database: Database, catalog: Catalog, change: Change, entries: Mapping[str, MappingEntry]) -> MappingState:
    """Keep rows as a draft, which nothing is served with yet.

    Raises: NotFound. PreconditionFailed. MappingInvalid: naming the row; nothing is kept.
    """
    async with database.begin() as tx:
        state = await _expected(tx, change)
        reading_of(catalog, state.row).book(entries)
        kinds = {kind: entry.model_dump(exclude_none=True, exclude_defaults=True) for kind, entry in entries.items()}
        await mappings.put_draft(tx, change.connection, kinds, by=change.by.actor, now=change.now)
        await _note(tx, change, "mapping.drafted", {"kinds": sorted(kinds)})
        return await state_of(tx, change.connection)


async def discard_draft(database: Database, change: Change) -> MappingState:
    """Take the draft away. Raises: NotFound. PreconditionFailed."""
    async with database.begin() as tx:
        await _expected(tx, change)
        await mappings.put_draft(tx, change.connection, None, by=change.by.actor, now=change.now)
        await _note(tx, change, "mapping.draft_discarded", {})
        return await state_of(tx, change.connection)


async def publish(database: Database, catalog: Catalog, change: Change) -> MappingState:
    """Put the draft into use on every replica.

    Raises: NotFound. PreconditionFailed. StateConflict: there is no draft. MappingInvalid: the connector has changed under it.
    """
    async with database.begin() as tx:
        state = await _expected(tx, change)
        if state.draft.kinds is None:
            raise StateConflict("There is no draft to publish.", code="mapping_no_draft")
        reading_of(catalog, state.row).book(state.entries)
        kinds = {kind: entry.kept(state.published.get(kind)) for kind, entry in state.entries.items()}
        number = await _put_into_use(tx, change, state, kinds, origin="published")
        await _note(tx, change, "mapping.published", {"version": number, "kinds": sorted(kinds)})
        return await state_of(tx, change.connection)


async def roll_back(database: Database, catalog: Catalog, change: Change, number: int) -> MappingState:
    """Put an earlier version into use again, as a version of its own; a draft stays where it is.

    Raises: NotFound. PreconditionFailed. MappingInvalid: the connector no longer takes these rows.
    """
    async with database.begin() as tx:
        state = await _expected(tx, change)
        earlier = await mappings.version(tx, change.connection, number)
        if earlier is None:
            raise NotFound
        entries = {kind: MappingEntry(rows=kept["rows"]) for kind, kept in earlier.kinds.items()}
        reading_of(catalog, state.row).book(entries)
        made = await _put_into_use(tx, change, state, earlier.kinds, origin="rolled_back")
        await _note(tx, change, "mapping.rolled_back", {"version": made, "to": number})
        return await state_of(tx, change.connection)


async def _expected(tx: Transaction, change: Change) -> MappingState:
    """Let one administrator at a time change anything, and only what they have seen."""
    await configuration.take_turn(tx)
    state = await state_of(tx, change.connection)
    if change.tag != state.tag:
        raise PreconditionFailed
    return state


async def _put_into_use(
    tx: Transaction, change: Change, state: MappingState, kinds: Mapping[str, Kept], *, origin: Origin
) -> int:
    """Replace the rows in use, keeping what an apply file had put there as a version to go back to."""
    actor, now = change.by.actor, change.now
    newest = await mappings.versions(tx, change.connection, limit=1)
    if not newest or newest[0].kinds != state.published:
        await mappings.add_version(tx, change.connection, state.published, origin="found", by="apply", now=now)
    await configuration.put_overrides(tx, change.connection, kinds, now=now)
    draft = state.draft.kinds if origin == "rolled_back" else None
    await mappings.put_draft(tx, change.connection, draft, by=actor, now=now)
    return await mappings.add_version(tx, change.connection, kinds, origin=origin, by=actor, now=now)


async def _note(tx: Transaction, change: Change, action: str, details: Mapping[str, Any]) -> None:
    entry = AuditRow(
        at=change.now,
        actor=change.by.actor,
        actor_role=change.by.role,
        action=action,
        subject=f"connection:{change.connection}",
        details=dict(details),
    )
    await audit_trail.write(tx, entry)
