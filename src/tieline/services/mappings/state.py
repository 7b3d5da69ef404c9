"""How the mapping of one connection stands: the connector's own rows, those published over them, and the draft."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from tieline.connectors.manifest.configuration import open_settings
from tieline.connectors.registry import Catalog, Connector
from tieline.domain.errors import NotFound
from tieline.kit.yaml_lines import load_with_lines
from tieline.mapping.book import load_book
from tieline.mapping.record import RecordMapping
from tieline.services.gray_mappings import Kept, MappingEntry
from tieline.store import configuration, mappings
from tieline.store.configuration import ConnectionRow
from tieline.store.database import Database, Transaction
from tieline.store.mappings import Draft


@dataclass(frozen=True, slots=True)
class MappingState:
    """`tag` changes with every change of rows or draft, whoever makes it. `number`: the version in use, None before the first."""

    row: ConnectionRow
    published: Mapping[str, Kept]
    draft: Draft
    number: int | None

    @property
    def tag(self) -> str:
        """Return what a change must name to be made on this state."""
        rows = hashlib.sha256(orjson.dumps(self.published, option=orjson.OPT_SORT_KEYS)).hexdigest()
        return f"{self.draft.revision}-{rows[:12]}"

    @property
    def entries(self) -> Mapping[str, MappingEntry]:
        """Return the draft's entries, or what is published while there is none."""
        written = self.draft.kinds if self.draft.kinds is not None else _as_written(self.published)
        return {kind: MappingEntry.model_validate(entry) for kind, entry in written.items()}


@dataclass(frozen=True, slots=True)
class Reading:
    """A connection's connector, with the settings its mapping may depend on."""

    connector: Connector
    config: Mapping[str, Any]

    def book(self, entries: Mapping[str, MappingEntry]) -> dict[str, RecordMapping]:
        """Compile the connector's mapping with rows laid over it. Raises: MappingInvalid: naming the row."""
        return load_book(
            self.connector.mapping_file, {kind: {"rows": entry.rows} for kind, entry in entries.items()}, config=self.config
        )

    def own_rows(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the connector's own rows as written, by kind."""
        if not self.connector.mapping_file.exists():
            return {}
        tree = load_with_lines(self.connector.mapping_file).tree
        return {kind: block["rows"] for kind, block in tree.items()} if isinstance(tree, Mapping) else {}


async def read_state(database: Database, connection: str) -> MappingState:
    """Return how the mapping of a connection stands. Raises: NotFound."""
    async with database.begin() as tx:
        return await state_of(tx, connection)


async def state_of(tx: Transaction, connection: str) -> MappingState:
    """Read the state within a transaction. Raises: NotFound."""
    present = await configuration.read(tx)
    row = present.connections.get(connection)
    if row is None:
        raise NotFound
    newest = await mappings.versions(tx, connection, limit=1)
    kept = present.overrides.get(connection, {})
    return MappingState(row, kept, await mappings.draft(tx, connection), newest[0].number if newest else None)


def reading_of(catalog: Catalog, row: ConnectionRow) -> Reading:
    """Return what a connection's mapping is compiled from. Raises: ManifestInvalid."""
    connector = catalog.find(row.folder or row.connector)
    return Reading(connector, open_settings(connector.manifest, row.config))


def _as_written(kept: Mapping[str, Kept]) -> dict[str, Any]:
    """Return what is kept in the form in which it is written: without the rows a gray release came after."""
    return {kind: {key: value for key, value in entry.items() if key != "before"} for kind, entry in kept.items()}
