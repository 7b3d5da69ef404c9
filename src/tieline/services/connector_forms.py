"""The catalog as an administrator's page wants it: what there is, and what each system wants filled in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tieline.connectors.contract import CAPABILITIES
from tieline.connectors.manifest.part import Part
from tieline.connectors.manifest.schema import Manifest
from tieline.connectors.registry import Catalog, Connector
from tieline.domain.errors import ManifestInvalid, NotFound
from tieline.services.connector_quality import Tier, tier_of


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
class FormField:
    """One field of the form."""

    name: str
    title: str
    type: str
    description: str
    required: bool
    secret: bool
    default: str | int | bool | None
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfferedOperation:
    """One thing it can be asked. `record` is the kind that comes back or is sent."""

    name: str
    writes: bool
    record: str


@dataclass(frozen=True, slots=True)
class ConnectorDetail:
    """One connector, whole. `arrivals`: what it can tell us of; `tier` None: it has no quality.yaml that can be read."""

    id: str
    name: str
    category: str
    tier: Tier | None
    docs_url: str | None
    docs_read: date | None
    form: tuple[FormField, ...]
    operations: tuple[OfferedOperation, ...]
    arrivals: tuple[str, ...]
    examples: tuple[str, ...]


def connectors(catalog: Catalog) -> Sequence[ConnectorSummary]:
    """Return the whole catalog, by id."""
    return [_summary(connector) for connector in catalog.list()]


def detail(catalog: Catalog, connector_id: str) -> ConnectorDetail:
    """Return one connector of the catalog, by id alone. Raises: NotFound: there is none, or its folder has faults."""
    found = next((each for each in catalog.list() if each.folder.name == connector_id), None)
    if found is None:
        raise NotFound
    try:
        manifest = found.manifest
    except ManifestInvalid as exc:
        raise NotFound from exc
    return ConnectorDetail(
        id=manifest.id,
        name=manifest.name,
        category=manifest.category,
        tier=tier_of(found.folder),
        docs_url=manifest.docs.url if manifest.docs else None,
        docs_read=manifest.docs.read if manifest.docs else None,
        form=tuple(_form(manifest)),
        operations=tuple(_offered(name) for name in manifest.operations),
        arrivals=arrivals_of(manifest),
        examples=tuple(file.stem for file in found.examples),
    )


def arrivals_of(manifest: Manifest) -> tuple[str, ...]:
    """Return what a manifest lets arrive, by name: each intake that is declared."""
    inbound = manifest.inbound
    return tuple(name for name in type(inbound).model_fields if isinstance(getattr(inbound, name), Part)) if inbound else ()


def _form(manifest: Manifest) -> list[FormField]:
    return [
        FormField(
            name=name,
            title=field.title,
            type=field.type,
            description=field.description,
            required=field.required and field.default is None,
            secret=field.secret,
            default=field.default,
            choices=field.choices,
        )
        for name, field in manifest.config.items()
    ]


def _offered(name: str) -> OfferedOperation:
    return OfferedOperation(name, CAPABILITIES[name].writes, CAPABILITIES[name].record)


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
        receives_calls="call" in arrivals_of(manifest),
    )
