"""What is set up for one connection, changed without a file: settings, secrets, pause. Secrets never come back out."""

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import orjson

from tieline.connectors.connection import check_addresses, open_connection
from tieline.connectors.inbound.former import inbound_secrets
from tieline.connectors.manifest.configuration import open_settings
from tieline.connectors.registry import Connector
from tieline.domain.border import Border
from tieline.domain.errors import (
    ConfigRefused,
    ManifestInvalid,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    RequestRefused,
    TielineError,
    VendorUnavailable,
)
from tieline.security.permissions import Caller
from tieline.services.delivery.waking import resume as resume_deliveries
from tieline.services.gray_mappings import open_books
from tieline.services.house import House
from tieline.store import audit_trail, configuration, secrets
from tieline.store.configuration import ConnectionRow
from tieline.store.database import Transaction
from tieline.store.journal_rows import AuditRow

UNCHANGED: Final = "unchanged"
MASK: Final = "****"
"""What a secret is shown as; sent back, it means "unchanged" and is never kept (behaviour B72)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is set up, and a tag that changes with any of it. `sealed` are the secrets that are kept, as bytes nobody reads.

    `former_until`: until when secrets that were replaced still prove the vendor.
    """

    row: ConnectionRow
    sealed: Mapping[str, bytes] = field(repr=False)
    former_until: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        """Return what a change must name to be made on this state."""
        held = [self.row.connector, self.row.folder, self.row.config, self.row.paused]
        if self.row.border is not None:
            held.append(self.row.border.in_order())
        kept = sorted((name, value.hex()) for name, value in self.sealed.items())
        return hashlib.sha256(orjson.dumps([held, kept], option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a connection shall be. A secret that is left out, or masked, stays; None takes it away.

    `border`: where its system keeps data, and whether data may go there; None: nobody says.
    `overlap`: how long secrets that prove the vendor are still taken when others come in their place.
    """

    connector: str
    config: Mapping[str, Any]
    secrets: Mapping[str, str | None] = field(repr=False)
    border: Border | Literal["unchanged"] | None = UNCHANGED
    overlap: timedelta = timedelta(0)

    @property
    def given(self) -> frozenset[str]:
        """The secrets that are set or taken away, as opposed to left unchanged."""
        return frozenset(key for key, value in self.secrets.items() if value != MASK)


async def read(house: House, name: str) -> Settings:
    """Return what is set up. Raises: NotFound."""
    async with house.database.begin() as tx:
        found = await _find(tx, name)
    if found is None:
        raise NotFound
    return found


async def put(house: House, name: str, wish: Wish, *, tag: str | None, by: Caller) -> tuple[Settings, bool]:
    """Create or change a connection; say whether it is new. It is tried out before it is kept, but nothing is sent.

    Raises: PreconditionRequired: it exists and no tag was named. PreconditionFailed. RequestRefused: no such connector.
    ConfigRefused: the form is not filled in rightly, or an address may never be called; nothing is kept.
    """
    present = await _present(house, name)
    _expect(present, tag)
    row, connector = _wanted(house, name, wish, present)
    plain = _secrets(house, wish, present)
    await _check(house, row, connector, plain)
    overlapping = _overlapping(connector, wish, present)
    now = house.clock()
    async with house.database.begin() as tx:
        await configuration.take_turn(tx)
        found = await _find(tx, name)
        if (found.tag if found else None) != (present.tag if present else None):
            raise PreconditionFailed
        await configuration.put_connection(tx, row, now=now)
        for key in sorted(wish.given & plain.keys()):
            await secrets.keep_former(tx, name, key, until=now + wish.overlap if key in overlapping else None)
            await secrets.put(tx, name, key, house.box.seal(plain[key], connection=name, field=key), now=now)
        await secrets.keep_only(tx, name, set(plain))
        await resume_deliveries(tx, [name])
        action = "connection.changed" if present else "connection.created"
        await _note(tx, name, action, _details(row, wish, overlapping), by=by, now=now)
        kept = await _find(tx, name)
    return kept or Settings(row, {}), present is None


async def remove(house: House, name: str, *, tag: str | None, by: Caller) -> Settings:
    """Remove a connection with its secrets, mapping and places of trust; return what it was.

    Raises: NotFound. PreconditionRequired. PreconditionFailed.
    """
    async with house.database.begin() as tx:
        await configuration.take_turn(tx)
        present = await _find(tx, name)
        if present is None:
            raise NotFound
        _expect(present, tag)
        await configuration.remove_connection(tx, name)
        await _note(tx, name, "connection.removed", {"connector": present.row.connector}, by=by, now=house.clock())
    return present


async def pause(house: House, name: str, *, paused: bool, by: Caller) -> Settings:
    """Stop or resume the use of a connection on every replica; doing it again changes nothing. Raises: NotFound."""
    async with house.database.begin() as tx:
        await configuration.take_turn(tx)
        present = await _find(tx, name)
        if present is None:
            raise NotFound
        if present.row.paused is not paused:
            await configuration.pause(tx, name, paused=paused, now=house.clock())
            if not paused:
                await resume_deliveries(tx, [name])
            await _note(tx, name, "connection.paused" if paused else "connection.resumed", {}, by=by, now=house.clock())
    return replace(present, row=replace(present.row, paused=paused))


def connector_of(house: House, row: ConnectionRow) -> Connector:
    """Return the connector a connection uses. Raises: ManifestInvalid."""
    return house.catalog.find(row.folder or row.connector)


def unsealed(house: House, settings: Settings) -> dict[str, str]:
    """Return the secrets that are kept. Raises: ConfigRefused: they were sealed with another key."""
    name = settings.row.name
    return {key: house.box.unseal(value, connection=name, field=key) for key, value in settings.sealed.items()}


async def _present(house: House, name: str) -> Settings | None:
    async with house.database.begin() as tx:
        return await _find(tx, name)


async def _find(tx: Transaction, name: str) -> Settings | None:
    row = (await configuration.read(tx)).connections.get(name)
    if row is None:
        return None
    former = (await secrets.formers(tx)).get(name, {})
    return Settings(row, (await secrets.of_all(tx)).get(name, {}), {key: one.until for key, one in former.items()})


def _expect(present: Settings | None, tag: str | None) -> None:
    if present is not None and tag is None:
        raise PreconditionRequired
    if tag is not None and (present is None or tag != present.tag):
        raise PreconditionFailed


def _wanted(house: House, name: str, wish: Wish, present: Settings | None) -> tuple[ConnectionRow, Connector]:
    """A folder outside the package is named by files alone; whoever comes through the door keeps the one that is set up."""
    same = present is not None and present.row.connector == wish.connector
    row = ConnectionRow(
        name=name,
        connector=wish.connector,
        folder=present.row.folder if same and present else None,
        config=wish.config,
        paused=present.row.paused if present else False,
        border=wish.border if wish.border != UNCHANGED else present.row.border if present else None,
    )
    try:
        return row, connector_of(house, row)
    except ManifestInvalid as exc:
        raise RequestRefused("There is no such connector, or its folder has faults.", code="connector_unknown") from exc


def _secrets(house: House, wish: Wish, present: Settings | None) -> dict[str, str]:
    kept = unsealed(house, present) if present else {}
    if wish.secrets.keys() - wish.given - kept.keys():
        raise RequestRefused("A secret is masked, and there is none to leave unchanged.", code="secret_missing")
    given = {key: wish.secrets[key] for key in wish.given}
    return {key: value for key, value in {**kept, **given}.items() if value is not None}


def _overlapping(connector: Connector, wish: Wish, present: Settings | None) -> frozenset[str]:
    """Return the secrets that are replaced and still prove the vendor. Raises: RequestRefused: none is, and that was wished."""
    if not wish.overlap:
        return frozenset()
    replaced = wish.given & (present.sealed.keys() if present else frozenset()) & inbound_secrets(connector.manifest)
    found = frozenset(key for key in replaced if wish.secrets[key] is not None)
    if not found:
        raise RequestRefused("No secret that proves the sender is replaced, so nothing can overlap.", code="overlap_unused")
    return found


def _details(row: ConnectionRow, wish: Wish, overlapping: frozenset[str]) -> dict[str, Any]:
    """Return what the audit is told of a change: names, and no value."""
    told: dict[str, Any] = {"connector": row.connector, "fields": sorted(row.config), "secrets": sorted(wish.given)}
    if wish.border != UNCHANGED:
        told["border"] = row.border.in_order() if row.border is not None else None
    if overlapping:
        told |= {"former": sorted(overlapping), "overlap_h": wish.overlap / timedelta(hours=1)}
    return told


async def _check(house: House, row: ConnectionRow, connector: Connector, plain: Mapping[str, str]) -> None:
    """Open it once, and judge every address it would call; a name nobody knows now is judged again when it is dialled."""
    egress = house.directory.egress
    async with house.database.begin() as tx:
        overrides = (await configuration.read(tx)).overrides.get(row.name, {})
    try:
        open_books(connector.mapping_file, overrides, connection=row.name, config=open_settings(connector.manifest, row.config))
        opened = open_connection(row.name, connector, config=row.config, secrets=plain, clock=house.clock, egress=egress)
        await opened.aclose()
        with contextlib.suppress(VendorUnavailable):
            await check_addresses(connector, config=row.config, secrets=plain, egress=egress)
    except TielineError as exc:
        raise ConfigRefused(exc.detail, code=exc.code, hint=exc.hint) from exc


async def _note(tx: Transaction, name: str, action: str, details: Mapping[str, Any], *, by: Caller, now: datetime) -> None:
    entry = AuditRow(
        at=now, actor=by.actor, actor_role=by.role, action=action, subject=f"connection:{name}", details=dict(details)
    )
    await audit_trail.write(tx, entry)
