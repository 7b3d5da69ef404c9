"""Check, without running anything, that whatever a manifest refers to exists: config fields, inputs, hosts, capabilities."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from tieline.connectors.contract import CAPABILITIES, INPUTS
from tieline.connectors.language.references import Reference, TreePath, references
from tieline.connectors.manifest.auth_check import check_auth, open_secret
from tieline.connectors.manifest.inbound_references import check_inbound
from tieline.connectors.manifest.plan_references import check_plan
from tieline.connectors.manifest.plans import Plan
from tieline.connectors.manifest.requests import Request
from tieline.connectors.manifest.schema import Manifest, Operation
from tieline.connectors.manifest.writes import LookBack
from tieline.kit.spelling import meant

Fault = tuple[TreePath, str]
_REQUEST_TREES: Final[Mapping[str, str]] = {
    "query": "query",
    "headers": "headers",
    "json_": "json",
    "form": "form",
    "text": "text",
    "xml": "xml",
    "multipart": "multipart",
}
_GIVEN: Final = frozenset({"config", "in", "record"})
_FOR_WRITES: Final = ("idempotency", "lock", "confirm", "items")


def check_references(manifest: Manifest) -> Iterator[Fault]:
    """Yield every fault with its path in the file."""
    if manifest.operations or "hosts" in manifest.model_fields_set:
        yield from _check_tree(manifest, manifest.hosts, ("hosts",), roots={"config"})
    if manifest.tls:
        yield from _check_tree(manifest, manifest.tls.model_dump(exclude_none=True), ("tls",), roots={"config"})
        yield from open_secret(manifest.tls.key, ("tls", "key"), {name: field.secret for name, field in manifest.config.items()})
    yield from check_auth(manifest)
    yield from _check_shown(manifest)
    for name, declared in manifest.operations.items():
        if name not in CAPABILITIES:
            yield ("operations", name), f"there is no capability {name!r}{_close(name, CAPABILITIES)}"
        elif isinstance(declared, Plan):
            yield from _check_plan(manifest, name, declared)
        else:
            yield from _check_operation(manifest, name, declared, ("operations", name))
    for name, part in manifest.parts.items():
        yield from _check_operation(manifest, name, part, ("parts", name), own_roots={"saved", "record"})
    yield from check_inbound(manifest, lambda tree, at, roots: _check_tree(manifest, tree, at, roots=roots))
    if manifest.inbound is not None and manifest.inbound.stream is not None:
        stream = manifest.inbound.stream.model_dump(by_alias=True, exclude_none=True)
        yield from _check_tree(manifest, stream, ("inbound", "stream"), roots={"config"})


def _check_shown(manifest: Manifest) -> Iterator[Fault]:
    """An address stands in errors and logs, and what a write made is shown to agents: no secret goes there."""
    shown: dict[TreePath, object] = {("hosts", name): host for name, host in manifest.hosts.items()}
    shown |= {(*at, "result", "url"): declared.result.url for at, declared in manifest.declared()}
    for at, tree in shown.items():
        for place, found in references(tree, at):
            if isinstance(found, Reference) and found.root == "config" and found.steps[:1][0] in manifest.secrets:
                yield place, f"the secret {found.steps[0]} would be seen here"


def _check_plan(manifest: Manifest, name: str, plan: Plan) -> Iterator[Fault]:
    at: TreePath = ("operations", name)
    yield from check_plan(manifest, name, plan, at, lambda tree, place, roots: _check_tree(manifest, tree, place, roots=roots))
    if not manifest.is_write(name):
        yield from (((*at, key), f"{name} only reads; {key} is for writes") for key in _FOR_WRITES if getattr(plan, key, None))
    elif plan.idempotency and plan.idempotency.read_back:
        yield from _check_look_back(manifest, plan.idempotency.read_back, (*at, "idempotency", "read_back"), roots=_GIVEN)
    if plan.confirm:
        yield from _check_look_back(manifest, plan.confirm, (*at, "confirm"), roots=_GIVEN | {"result"})


def _check_operation(
    manifest: Manifest, name: str, operation: Operation, at: TreePath, *, own_roots: AbstractSet[str] = frozenset()
) -> Iterator[Fault]:
    request = operation.request
    if request.host not in manifest.hosts:
        yield (*at, "request", "host"), f"there is no host {request.host!r} under hosts:"
    writes = manifest.is_write(name)
    roots = {"config", "in", *own_roots} | ({"record"} if writes else set())
    for position, window in enumerate(operation.limits):
        yield from _check_tree(manifest, window.per, (*at, "limits", position, "per"), roots=roots)
    for place, tree in _trees(request):
        yield from _check_tree(manifest, tree, (*at, "request", *place), roots=roots)
    if request.soap:
        yield from _check_tree(manifest, request.soap.header, (*at, "request", "soap", "header"), roots={"config"})
    for segment in request.path.split("/"):
        yield from (
            (at_path[:-1], fault) for at_path, fault in _check_tree(manifest, segment, (*at, "request", "path", 0), roots=roots)
        )
    if operation.result.url and "${" in operation.result.url:
        yield from _check_tree(manifest, operation.result.url, (*at, "result", "url"), roots={"config", "body", "header", "in"})
    if writes:
        yield from _check_write(manifest, name, operation, at)
    else:
        yield from (((*at, key), f"{name} only reads; {key} is for writes") for key in _FOR_WRITES if getattr(operation, key))


def _check_write(manifest: Manifest, name: str, operation: Operation, at: TreePath) -> Iterator[Fault]:
    choice = operation.idempotency
    if choice is None:
        yield at, f"{name} writes, so it needs idempotency: what makes its repetition harmless, or none with the reason"
    elif operation.request.method == "SEND" and not choice.none:
        yield (*at, "idempotency"), "a mail server knows no key and cannot be asked: say none, with the reason"
    elif choice.client_id and not _refers(operation.request, "in", choice.client_id):
        yield (*at, "idempotency"), f"the request does not send $in.{choice.client_id}, so it tells nobody who it is"
    elif choice.read_back:
        yield from _check_look_back(manifest, choice.read_back, (*at, "idempotency", "read_back"), roots=_GIVEN)
    if operation.confirm:
        yield from _check_look_back(manifest, operation.confirm, (*at, "confirm"), roots=_GIVEN | {"result"})
    if operation.lock:
        yield from _check_tree(manifest, operation.lock.from_, (*at, "lock", "from"), roots={*_GIVEN, "saved"})


def _trees(request: Request) -> Iterator[tuple[TreePath, object]]:
    """Yield every tree of a request that the inputs may stand in, with its place."""
    for attribute, key in _REQUEST_TREES.items():
        yield (key,), getattr(request, attribute)
    if request.soap:
        yield ("soap", "body"), request.soap.body


def _refers(request: Request, root: str, name: str) -> bool:
    trees = [*(tree for _, tree in _trees(request)), *request.path.split("/")]
    return any(
        isinstance(found, Reference) and (found.root, found.steps[:1]) == (root, (name,)) for _, found in references(trees)
    )


def _check_look_back(manifest: Manifest, back: LookBack, at: TreePath, *, roots: AbstractSet[str]) -> Iterator[Fault]:
    known = back.operation in CAPABILITIES and back.operation in manifest.operations
    if not known or manifest.is_write(back.operation):
        yield (*at, "operation"), f"{back.operation} is no operation of this file that reads"
    for name in back.with_:
        if name not in INPUTS:
            yield (*at, "with", name), f"there is no input {name!r}{_close(name, INPUTS)}"
    yield from _check_tree(manifest, back.with_, (*at, "with"), roots=roots)
    for path, expected in back.holds.items():
        tree = expected["contains"] if isinstance(expected, Mapping) and list(expected) == ["contains"] else expected
        yield from _check_tree(manifest, tree, (*at, "holds", path), roots=roots)


def _check_tree(manifest: Manifest, tree: object, at: TreePath, *, roots: AbstractSet[str]) -> Iterator[Fault]:
    for place, found in references(tree, at):
        text = str(found) if isinstance(found, ValueError) else _fault(manifest, found, roots)
        if text:
            yield place, text


def _fault(manifest: Manifest, reference: Reference, roots: AbstractSet[str]) -> str:
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
