"""One declared operation, compiled for one connection."""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tieline.connectors.answers.items import ItemTable
from tieline.connectors.answers.outcome import OutcomeTable
from tieline.connectors.answers.read import read_answer
from tieline.connectors.answers.records import compile_columns, records_in
from tieline.connectors.contract import Record, Tier
from tieline.connectors.engine.look_back import LookBack, compile_look_back
from tieline.connectors.engine.paging import Pager
from tieline.connectors.engine.requests import CompiledRequest, body_of, compile_request
from tieline.connectors.language.paths import compile_path, parse
from tieline.connectors.language.references import Reference, references
from tieline.connectors.language.templates import compile_tree
from tieline.connectors.language.text_ops import compile_text_ops
from tieline.connectors.language.writing import as_text
from tieline.connectors.manifest.answers import ResultPaths, Taken
from tieline.connectors.manifest.schema import Manifest, Operation
from tieline.connectors.manifest.writes import Idempotency
from tieline.connectors.wire.messages import Answer, Incoming
from tieline.connectors.wire.windows import OwnWindow

Roots = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CompiledOperation:
    """Everything `run` needs, worked out when the connection opens. `timeout_s` is for one exchange."""

    name: str
    writes: bool
    tier: Tier | None
    needs: frozenset[str]
    takes: frozenset[str]
    request: CompiledRequest
    read: Callable[[Incoming], Answer]
    outcomes: OutcomeTable
    records: Callable[[Answer], tuple[Record, ...]]
    cap: int | None
    pager: Pager | None
    items: ItemTable | None
    result_id: Callable[[Roots], str | None] | None
    result_url: Callable[[Roots], str | None] | None
    read_back: LookBack | None
    confirm: LookBack | None
    windows: Callable[[Roots], tuple[OwnWindow, ...]]
    timeout_s: float


def compile_operation(manifest: Manifest, name: str, config: Mapping[str, Any]) -> CompiledOperation:
    """Compile one operation. Raises: VendorMisconfigured: a configured value cannot be sent."""
    operation = manifest.single(name)
    if operation is None:
        raise KeyError(name)
    writes = manifest.is_write(name)
    request = compile_request(manifest, name, operation, config)
    choice = operation.idempotency
    return CompiledOperation(
        name=name,
        writes=writes,
        tier=tier_of(choice),
        needs=frozenset(_inputs(operation, optional=False)),
        takes=frozenset(_inputs(operation, optional=True)),
        request=request,
        read=_reading(manifest, operation, request),
        outcomes=OutcomeTable((*operation.outcomes, *manifest.outcomes), writes=writes, keyed=request.keyed),
        records=_records(operation),
        cap=operation.cap,
        pager=Pager(operation.pages, config) if operation.pages else None,
        items=ItemTable(operation.items) if operation.items else None,
        result_id=_result_path(operation.result.id),
        result_url=_result_url(operation.result, config),
        read_back=compile_look_back(choice.read_back, config) if choice and choice.read_back else None,
        confirm=compile_look_back(operation.confirm, config) if operation.confirm else None,
        windows=_windows(name, operation, config),
        timeout_s=(operation.timeout_ms or manifest.limits.timeout_ms) / 1000,
    )


def _reading(manifest: Manifest, operation: Operation, request: CompiledRequest) -> Callable[[Incoming], Answer]:
    nested = tuple(parse(path)[1:] for path in (*manifest.nested_json, *operation.nested_json))
    read = functools.partial(read_answer, kind=operation.answer, nested=nested)
    return request.soap.reading(read) if request.soap else read


def tier_of(choice: Idempotency | None) -> Tier | None:
    """Return the tier a choice amounts to; None: nothing is chosen."""
    return None if choice is None else "T1" if choice.keyed else "T2" if choice.read_back else "T3"


def weakest_tier(manifest: Manifest, name: str) -> Tier | None:
    """Return an operation's tier; a plan's is its own choice, or that of its weakest step. None: it only reads."""
    declared = manifest.operations[name]
    own = tier_of(declared.idempotency)
    if own or isinstance(declared, Operation):
        return own
    singles = (manifest.single(step.do) for step in declared.steps)
    return max((tier for each in singles if each and (tier := tier_of(each.idempotency))), default=None)


def _windows(name: str, operation: Operation, config: Mapping[str, Any]) -> Callable[[Roots], tuple[OwnWindow, ...]]:
    declared = [(window, compile_tree(window.per or "", config).render) for window in operation.limits]
    if not declared:
        return lambda _roots: ()
    return lambda roots: tuple(OwnWindow(f"{name} {per(roots)}", window.calls, window.every_s) for window, per in declared)


def _records(operation: Operation) -> Callable[[Answer], tuple[Record, ...]]:
    read, at_root, name_rows = compile_path(operation.records), operation.records == "body", compile_columns(operation.columns)
    return lambda answer: records_in(answer, read, at_root=at_root, name_rows=name_rows)


def _inputs(operation: Operation, *, optional: bool) -> Iterator[str]:
    """Yield the inputs without which the request cannot be written, and those it may go without if `optional`."""
    request, choice = operation.request, operation.idempotency
    lock = operation.lock.from_ if operation.lock else None
    trees = [request.query, request.headers, body_of(request)[1], lock, *request.path.split("/")]
    yield from named_inputs(trees, optional=optional)
    if choice is not None and (choice.header or choice.field):
        yield "idempotency_key"


def named_inputs(tree: object, *, optional: bool) -> Iterator[str]:
    """Yield the inputs a tree refers to; without `optional` only those it cannot go without."""
    for _, found in references(tree):
        if isinstance(found, Reference) and (optional or not found.optional) and found.root in {"in", "record"}:
            yield found.steps[0] if found.root == "in" else "record"


def _result_path(place: str | Taken | None) -> Callable[[Roots], str | None] | None:
    if place is None:
        return None
    taken = Taken.model_validate({"from": place}) if isinstance(place, str) else place
    read, rewrite = compile_path(taken.from_), compile_text_ops(taken.take)

    def read_text(roots: Roots) -> str | None:
        value = read(roots)
        return rewrite(as_text(value)) or None if isinstance(value, str | int | float) else None

    return read_text


def _result_url(result: ResultPaths, config: Mapping[str, Any]) -> Callable[[Roots], str | None] | None:
    if result.url is None or "${" not in result.url:
        return _result_path(result.url)
    return compile_tree(result.url, config).render
