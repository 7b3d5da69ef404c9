"""The page of one connector, written from its manifest, so that documentation cannot drift from data."""

from collections.abc import Iterator

from tieline.connectors.contract import CAPABILITIES
from tieline.connectors.manifest.schema import Manifest
from tieline.connectors.registry import Catalog


def pages(catalog: Catalog) -> dict[str, str]:
    """Return file name → Markdown for every connector, and an index. Raises: ManifestInvalid."""
    manifests = [connector.manifest for connector in catalog.list()]
    written = {f"{manifest.id}.md": "\n".join(_page(manifest)) + "\n" for manifest in manifests}
    return {"README.md": "\n".join(_index(manifests)) + "\n", **written}


def _index(manifests: list[Manifest]) -> Iterator[str]:
    yield "# Connectors"
    yield ""
    yield "Written from the manifests by `make docs`; a test fails when they differ."
    yield ""
    yield "| connector | category | can |"
    yield "|---|---|---|"
    for manifest in manifests:
        yield f"| [{manifest.name}]({manifest.id}.md) | {manifest.category} | {', '.join(_abilities(manifest))} |"


def _abilities(manifest: Manifest) -> Iterator[str]:
    yield from (f"`{operation}`" for operation in manifest.operations)
    if manifest.inbound is not None and manifest.inbound.call is not None:
        yield "reports calls"


def _page(manifest: Manifest) -> Iterator[str]:
    yield f"# {manifest.name}"
    yield ""
    yield f"`connector: {manifest.id}` · {manifest.category}" + _read(manifest)
    yield ""
    yield "| field | title | type | required | secret | |"
    yield "|---|---|---|---|---|---|"
    for name, field in manifest.config.items():
        required = "yes" if field.required and field.default is None else ""
        yield f"| `{name}` | {field.title} | {field.type} | {required} | {'yes' if field.secret else ''} | {field.description} |"
    yield ""
    limits = manifest.limits
    yield (
        f"Limits: {limits.per_second:g} calls a second (burst {limits.burst}), {limits.concurrency} at once, "
        f"{limits.timeout_ms} ms each, answers up to {limits.response_bytes // 1024} KiB. Signs in: {manifest.auth.kind}."
    )
    if manifest.operations:
        yield ""
        yield "| operation | request | |"
        yield "|---|---|---|"
    for name, operation in manifest.operations.items():
        writes = "writes" if CAPABILITIES[name].writes else "reads"
        yield f"| `{name}` | {operation.request.method} `{operation.request.path}` | {writes} |"
    if manifest.inbound is not None and manifest.inbound.call is not None:
        emitted = dict.fromkeys(event.emit for event in manifest.inbound.call.events)
        yield ""
        yield f"Reports calls to `POST /v1/cti/{{connection}}`: {', '.join(emitted)}."


def _read(manifest: Manifest) -> str:
    docs = getattr(manifest, "docs", None)
    return f" · [vendor's description]({docs.url}), read {docs.read}" if docs is not None else ""
