"""Keeps the directory as it is set up: loads it, opens its connections, and follows every change."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from tieline.connectors.connection import VendorConnection, open_connection
from tieline.connectors.inbound.former import FormerSecret
from tieline.connectors.manifest.configuration import open_settings
from tieline.connectors.registry import Catalog, Connector, Stamp
from tieline.domain.agent import Agent
from tieline.domain.border import Crossing
from tieline.domain.errors import NotFound, TielineError
from tieline.domain.pop_blocks import BLOCK_KIND_OF_RECORD, BLOCK_KINDS, PROFILE_KIND, BlockKind
from tieline.kit.clock import Clock
from tieline.security.egress import Egress
from tieline.security.secret_box import SecretBox
from tieline.services.at_last import read_at_last
from tieline.services.connectors import Trial
from tieline.services.directory import Directory
from tieline.services.gray_mappings import Books, Kept, open_books
from tieline.services.sources import Source
from tieline.services.token_vault import StoredTokens
from tieline.store import configuration, secrets
from tieline.store.configuration import Configuration, ConnectionRow
from tieline.store.database import Database
from tieline.store.secrets import Former

log = structlog.get_logger()
LET_CALLS_FINISH_S = 10.0


class Given(NamedTuple):
    """What a connection is opened with."""

    row: ConnectionRow
    sealed: Mapping[str, bytes]
    formers: Mapping[str, Former]
    overrides: Mapping[str, Kept]


@dataclass(frozen=True, slots=True)
class _Opened:
    """An open connection, its mappings, and what it was opened with: what is set up, and the connector's files as they were."""

    given: Given
    stamps: tuple[Stamp | None, ...]
    connection: VendorConnection
    books: Books


class LiveDirectory:
    """The snapshot that holds now.

    `faults` names each connection that could not be opened as it is set up now, with a code; `switched_off` each that an
    administrator paused, with its connector.
    """

    def __init__(
        self, database: Database, *, catalog: Catalog, box: SecretBox, egress: Egress, clock: Clock, home_region: str = ""
    ) -> None:
        self.now = Directory()
        self.faults: dict[str, str] = {}
        self.switched_off: dict[str, str] = {}
        self._database = database
        self._catalog = catalog
        self._box = box
        self.egress = egress
        self._clock = clock
        self._home_region = home_region
        self._opened: dict[str, _Opened] = {}
        self._following: asyncio.Task[None] | None = None
        self._farewells: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Load once, then follow every change announced by any process."""
        await self.reload()
        self._following = asyncio.create_task(self._follow(), name="configuration")

    async def reload(self) -> None:
        """Read everything anew and swap the snapshot; calls under way finish on the old connections."""
        async with self._database.begin() as tx:
            wanted = await configuration.read(tx)
            sealed, formers = await secrets.of_all(tx), await secrets.formers(tx)
        before = self._opened
        self._opened = self._open_all(wanted, sealed, formers)
        self.switched_off = {name: row.connector for name, row in wanted.connections.items() if row.paused}
        self.now = Directory(
            lines=wanted.lines,
            agents=wanted.agents,
            connections={name: one.connection for name, one in self._opened.items()},
            sources=_sources(wanted.sources, self._opened),
            books={name: one.books.standing for name, one in self._opened.items()},
            policies=wanted.policies,
            policy_versions=wanted.policy_versions,
        )
        self._say_farewell(one.connection for name, one in before.items() if self._opened.get(name) is not one)

    def agent(self, agent_id: str) -> Agent | None:
        """Return an agent by id."""
        return self.now.agents.get(agent_id)

    def trial(self, name: str) -> Trial:
        """Return a connection with its mappings, to be tried out. Raises: NotFound: there is none of that name, or not open."""
        opened = self._opened.get(name)
        if opened is None:
            raise NotFound(f"there is no open connection {name[:60]!r}", hint=self.faults.get(name, ""))
        return Trial(opened.connection, opened.books.standing)

    async def aclose(self) -> None:
        """Stop following and close every connection."""
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following
        for farewell in self._farewells:
            farewell.cancel()
        await asyncio.gather(*(connection.aclose() for connection in self.now.connections.values()))

    def _open_all(
        self, wanted: Configuration, sealed: Mapping[str, Mapping[str, bytes]], formers: Mapping[str, Mapping[str, Former]]
    ) -> dict[str, _Opened]:
        """Open what is wanted; a connection whose settings and files did not change stays open."""
        self.faults = {}
        opened: dict[str, _Opened] = {}
        for name, row in wanted.connections.items():
            given = Given(row, sealed.get(name, {}), formers.get(name, {}), wanted.overrides.get(name, {}))
            if row.paused:
                continue
            before = self._opened.get(name)
            same = before if before is not None and before.given == given else None
            try:
                opened[name] = self._open_anew_if_written(given, same)
            except TielineError as exc:
                if same is not None:
                    opened[name] = same  # A slip in a file that is being edited takes no working system away.
                self.faults[name] = exc.code
                log.error("connection.not_opened", connection=name, code=exc.code)  # noqa: TRY400 - foreseen, no traceback
        return opened

    def _open_anew_if_written(self, given: Given, same: _Opened | None) -> _Opened:
        """Open a connection; the `same` one of before is kept if its connector's files were not written since."""
        connector = self._catalog.find(given.row.folder or given.row.connector)
        return same if same is not None and same.stamps == connector.stamps else self._open(connector, given)

    def _open(self, connector: Connector, given: Given) -> _Opened:
        row, sealed, formers, overrides = given
        stamps = connector.stamps
        plain = {field: self._box.unseal(value, connection=row.name, field=field) for field, value in sealed.items()}
        settled = open_settings(connector.manifest, row.config)
        crossing = Crossing(row.border, home=self._home_region)
        books = open_books(connector.mapping_file, overrides, connection=row.name, config=settled)
        connection = open_connection(
            row.name,
            connector,
            config=row.config,
            secrets=plain,
            clock=self._clock,
            egress=self.egress,
            vault=StoredTokens(self._database, self._box, self._clock, connection=row.name),
        )
        connection.crossing = crossing
        connection.honour(self._former_secrets(row.name, formers))
        return _Opened(given, stamps, connection, books.without_writing(crossing.withheld))

    def _former_secrets(self, name: str, formers: Mapping[str, Former]) -> dict[str, FormerSecret]:
        return {
            field: FormerSecret(self._box.unseal(one.sealed, connection=name, field=field), one.until)
            for field, one in formers.items()
        }

    async def _follow(self) -> None:
        async with self._database.listen(configuration.CHANNEL) as notes:
            async for _ in notes:
                await read_at_last(self.reload, otherwise="configuration.not_read")

    def _say_farewell(self, replaced: Iterable[VendorConnection]) -> None:
        for connection in replaced:
            farewell = asyncio.create_task(_close_later(connection))
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)


async def _close_later(connection: VendorConnection) -> None:
    """Let calls under way finish, then close."""
    try:
        await asyncio.sleep(LET_CALLS_FINISH_S)
    finally:
        await connection.aclose()


def _sources(trust: Mapping[str, tuple[str, ...]], opened: Mapping[str, _Opened]) -> dict[str, tuple[Source, ...]]:
    """Return who answers what. Systems that take their own customer id are searched for it too, trusted least."""
    found = {
        record: tuple(_source(record, opened[name]) for name in trust.get(record, ()) if _answers(opened.get(name), record))
        for record in BLOCK_KIND_OF_RECORD
    }
    customers = {source.name: source for source in found[PROFILE_KIND.record]}
    for kind in BLOCK_KINDS:
        for source in found[kind.record]:
            if source.name not in customers and _tells_apart(opened[source.name], kind):
                needed = source.connection.needs(kind.operation) or frozenset()
                customers[source.name] = _source(PROFILE_KIND.record, opened[source.name], on_demand="customer_id" not in needed)
    return {**found, PROFILE_KIND.record: tuple(customers.values())}


def _source(record: str, one: _Opened, *, on_demand: bool = False) -> Source:
    return Source(record, one.connection, one.books.standing[record], one.books.gray.get(record), on_demand=on_demand)


def _answers(one: _Opened | None, record: str) -> bool:
    if one is None or record not in one.books.standing:
        return False
    return one.connection.needs(BLOCK_KIND_OF_RECORD[record].operation) is not None


def _tells_apart(one: _Opened, kind: BlockKind) -> bool:
    """Say whether a system can both be searched for a customer and be asked about that one alone."""
    return _answers(one, PROFILE_KIND.record) and "customer_id" in one.connection.takes(kind.operation)
