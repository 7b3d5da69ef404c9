"""Make what is set up match one file: checked whole before anything is written, and told as a diff."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from tieline.connectors.connection import check_addresses
from tieline.connectors.manifest.configuration import open_settings
from tieline.connectors.registry import Catalog, Connector
from tieline.domain.errors import ConfigRefused, TielineError, VendorUnavailable
from tieline.kit.clock import Clock
from tieline.security.egress import Egress
from tieline.security.secret_box import SecretBox
from tieline.services.apply_file import ApplyFile, ConnectionEntry, read_apply_file
from tieline.services.delivery.waking import resume
from tieline.services.gray_mappings import Kept, open_books
from tieline.services.secret_words import resolve
from tieline.store import configuration, secrets
from tieline.store.configuration import Configuration, ConnectionRow
from tieline.store.database import Database, Transaction

Verb = Literal["create", "update", "keep"]
_HINTS: Final[Mapping[str, str]] = {
    "url_forbidden": "Whoever runs the server may permit it with TIELINE_PRIVATE_NETWORKS, an entry written host=CIDR:port."
}


@dataclass(frozen=True, slots=True)
class Change:
    """What applying does to one thing."""

    kind: str
    name: str
    verb: Verb


@dataclass(frozen=True, slots=True)
class Applying:
    """What applying works with. `plain_secrets` says whether `plain:` secrets are taken: only on the embedded database."""

    database: Database
    catalog: Catalog
    box: SecretBox
    egress: Egress
    clock: Clock
    plain_secrets: bool


async def apply(tools: Applying, path: Path, *, dry_run: bool = False) -> tuple[Change, ...]:
    """Create or update everything the file names, in one transaction; the same file again changes nothing.

    What the file does not name stays. Raises: ConfigRefused: with file and line, or the connection at fault; nothing is written.
    """
    wanted = read_apply_file(path)
    connectors = {name: _connector(tools, entry, path) for name, entry in wanted.connections.items()}
    plain = {name: _secrets(tools, name, entry, path) for name, entry in wanted.connections.items()}
    for name, connector in connectors.items():
        await _check(tools, connector, name, wanted, plain[name])
    async with tools.database.begin() as tx:
        await configuration.take_turn(tx)
        present = await configuration.read(tx)
        target = _configuration(wanted, connectors, present)
        sealed = await secrets.of_all(tx)
        kept = {name: _opened(tools.box, name, fields) for name, fields in sealed.items()}
        changes = tuple(_changes(present, target, kept, plain))
        if not dry_run and any(change.verb != "keep" for change in changes):
            await _write(tools, tx, target, plain)
        elif not dry_run:
            await configuration.announce(tx, "folders")  # Nothing changed here, but what a connector's folder holds may have.
        if not dry_run:
            await resume(tx, wanted.connections)
    return changes


async def _write(tools: Applying, tx: Transaction, target: Configuration, plain: Mapping[str, Mapping[str, str]]) -> None:
    await configuration.save(tx, target, now=tools.clock())
    for name, fields in plain.items():
        for field, value in fields.items():
            await secrets.put(tx, name, field, tools.box.seal(value, connection=name, field=field), now=tools.clock())
        await secrets.keep_only(tx, name, set(fields))


def _connector(tools: Applying, entry: ConnectionEntry, path: Path) -> Connector:
    return tools.catalog.find(entry.connector, relative_to=path.resolve().parent)


def _secrets(tools: Applying, name: str, entry: ConnectionEntry, path: Path) -> dict[str, str]:
    where = f"{path}: connections.{name}.secrets"
    return {
        field: resolve(word, where=f"{where}.{field}", folder=path.resolve().parent, plain_allowed=tools.plain_secrets)
        for field, word in entry.secrets.items()
    }


async def _check(tools: Applying, connector: Connector, name: str, wanted: ApplyFile, plain: Mapping[str, str]) -> None:
    """Refuse settings and mapping rows that could not be used later, and addresses that must never be called.

    A name that nobody knows at this moment is let pass: every address it will have is judged again before it is dialled.
    """
    config = wanted.connections[name].config
    try:
        settled = open_settings(connector.manifest, config)
        open_books(connector.mapping_file, _kept(wanted, name, {}), connection=name, config=settled)
        with contextlib.suppress(VendorUnavailable):
            await check_addresses(connector, config=config, secrets=plain, egress=tools.egress)
    except TielineError as exc:
        hint = exc.hint or _HINTS.get(exc.code, "")
        raise ConfigRefused(exc.detail, where=f"connections.{name}", code=exc.code, hint=hint) from exc


def _configuration(wanted: ApplyFile, connectors: Mapping[str, Connector], present: Configuration) -> Configuration:
    return Configuration(
        connections={
            name: ConnectionRow(
                name=name,
                connector=connectors[name].manifest.id,
                folder=str(connectors[name].folder) if _is_path(entry.connector) else None,
                config=entry.config,
                paused=entry.paused,
                border=entry.border,
            )
            for name, entry in wanted.connections.items()
        },
        lines=wanted.lines,
        agents=wanted.agents,
        sources={str(kind): names for kind, names in wanted.sources.items()},
        overrides={name: _kept(wanted, name, present.overrides.get(name, {})) for name in wanted.connections},
        policies={
            kind: entry.model_dump(mode="json", exclude_unset=True, by_alias=True)
            for kind, entry in wanted.policies.items()
            if entry is not None
        },
    )


def _kept(wanted: ApplyFile, name: str, present: Mapping[str, Kept]) -> dict[str, Kept]:
    """Return the mapping rows to store for one connection; a gray release keeps the rows that held before it."""
    return {kind: entry.kept(present.get(kind)) for kind, entry in wanted.mappings.get(name, {}).items()}


def _is_path(connector: str) -> bool:
    return "/" in connector or connector.startswith(".")


def _opened(box: SecretBox, name: str, sealed: Mapping[str, bytes]) -> dict[str, str]:
    """Return the secrets kept now, to tell whether they change; one that no longer opens counts as changed."""
    opened = {}
    for field, value in sealed.items():
        try:
            opened[field] = box.unseal(value, connection=name, field=field)
        except ConfigRefused:
            continue
    return opened


def _changes(
    present: Configuration, target: Configuration, kept: Mapping[str, Mapping[str, str]], plain: Mapping[str, Mapping[str, str]]
) -> Iterable[Change]:
    sections: tuple[tuple[str, Mapping[str, Any], Mapping[str, Any]], ...] = (
        ("connection", present.connections, target.connections),
        ("line", present.lines, target.lines),
        ("agent", present.agents, target.agents),
        ("source", present.sources, target.sources),
        (
            "mapping",
            present.overrides,
            {name: rows for name, rows in target.overrides.items() if rows or name in present.overrides},
        ),
        ("policy", present.policies, target.policies),
        ("secrets", kept, {name: fields for name, fields in plain.items() if fields or kept.get(name)}),
    )
    for kind, before, after in sections:
        for name, value in after.items():
            yield Change(kind, name, _verb(before.get(name), value))


def _verb(before: object, after: object) -> Verb:
    if before is None:
        return "create"
    return "keep" if before == after else "update"
