"""Check, without running anything, that whatever a manifest refers to exists: config fields, inputs, hosts, capabilities."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from tieline.connectors.contract import CAPABILITIES, INPUTS
from tieline.connectors.language.references import Reference, TreePath, references
from tieline.connectors.manifest.inbound_references import check_inbound
from tieline.connectors.manifest.schema import Manifest, Operation
from tieline.kit.spelling import meant

Fault = tuple[TreePath, str]
_REQUEST_TREES: Final[Mapping[str, str]] = {
    "query": "query",
    "headers": "headers",
    "json_": "json",
    "form": "form",
    "text": "text",
}


def check_references(manifest: Manifest) -> Iterator[Fault]:
    """Yield every fault with its path in the file."""
    if manifest.operations or "hosts" in manifest.model_fields_set:
        yield from _check_tree(manifest, manifest.hosts, ("hosts",), roots={"config"})
    auth = {name: value for name, value in manifest.auth.model_dump().items() if isinstance(value, str | dict)}
    yield from _check_tree(manifest, auth, ("auth",), roots={"config"})
    for name, operation in manifest.operations.items():
        yield from _check_operation(manifest, name, operation)
    yield from check_inbound(manifest, lambda tree, at, roots: _check_tree(manifest, tree, at, roots=roots))
    if manifest.inbound is not None and manifest.inbound.stream is not None:
        stream = manifest.inbound.stream.model_dump(by_alias=True, exclude_none=True)
        yield from _check_tree(manifest, stream, ("inbound", "stream"), roots={"config"})


def _check_operation(manifest: Manifest, name: str, operation: Operation) -> Iterator[Fault]:
    at: TreePath = ("operations", name)
    capability = CAPABILITIES.get(name)
    if capability is None:
        yield at, f"there is no capability {name!r}{_close(name, CAPABILITIES)}"
        return
    request = operation.request
    if request.host not in manifest.hosts:
        yield (*at, "request", "host"), f"there is no host {request.host!r} under hosts:"
    roots = {"config", "in", "record"} if capability.writes else {"config", "in"}
    for attribute, key in _REQUEST_TREES.items():
        yield from _check_tree(manifest, getattr(request, attribute), (*at, "request", key), roots=roots)
    for segment in request.path.split("/"):
        yield from (
            (at_path[:-1], fault) for at_path, fault in _check_tree(manifest, segment, (*at, "request", "path", 0), roots=roots)
        )
    if operation.result.url and "${" in operation.result.url:
        yield from _check_tree(manifest, operation.result.url, (*at, "result", "url"), roots={"config", "body", "header", "in"})
    if capability.writes and operation.idempotency is None:
        yield at, f"{name} writes, so it needs idempotency: a header, a field, or none with the reason"
    if not capability.writes and operation.idempotency is not None:
        yield (*at, "idempotency"), f"{name} only reads; idempotency is for writes"


def _check_tree(manifest: Manifest, tree: object, at: TreePath, *, roots: set[str]) -> Iterator[Fault]:
    for place, found in references(tree, at):
        text = str(found) if isinstance(found, ValueError) else _fault(manifest, found, roots)
        if text:
            yield place, text


def _fault(manifest: Manifest, reference: Reference, roots: set[str]) -> str:
    if reference.root not in roots:
        return f"${reference} cannot be used here; there are {', '.join(f'${root}' for root in sorted(roots))}"
    match reference.root:
        case "config":
            known: Iterable[str] = manifest.config
            return (
                ""
                if reference.steps in {(name,) for name in known}
                else f"there is no config field ${reference}{_close(reference.steps[:1], known)}"
            )
        case "in":
            return _input_fault(reference)
        case _:
            return ""


def _input_fault(reference: Reference) -> str:
    if not reference.steps or reference.steps[0] not in INPUTS:
        return f"there is no input ${reference}{_close(reference.steps[:1], INPUTS)}"
    parts = INPUTS[reference.steps[0]]
    given = reference.steps[1:]
    if parts and (len(given) != 1 or given[0] not in parts):
        return f"${reference} must be one of {', '.join(f'$in.{reference.steps[0]}.{part}' for part in sorted(parts))}"
    if not parts and given:
        return f"$in.{reference.steps[0]} has no parts"
    return ""


def _close(word: str | tuple[str, ...], known: Iterable[str]) -> str:
    wanted = word if isinstance(word, str) else "".join(word)
    return meant(wanted, known) or f"; there are {', '.join(sorted(known))}"
