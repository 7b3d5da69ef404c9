"""One declared operation, compiled for one connection."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tieline.connectors.answers.outcome import OutcomeTable
from tieline.connectors.engine.paging import Pager
from tieline.connectors.engine.requests import CompiledRequest, compile_request
from tieline.connectors.language.paths import Read, compile_path
from tieline.connectors.language.references import Reference, references
from tieline.connectors.language.templates import as_text, compile_tree
from tieline.connectors.manifest.part import AnswerKind
from tieline.connectors.manifest.schema import Manifest, Operation, ResultPaths

Roots = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CompiledOperation:
    """Everything `run` needs, worked out when the connection opens. `timeout_s` is for one exchange."""

    name: str
    writes: bool
    needs: frozenset[str]
    takes: frozenset[str]
    request: CompiledRequest
    answer: AnswerKind
    outcomes: OutcomeTable
    records: Read
    records_at_root: bool
    pager: Pager | None
    result_id: Callable[[Roots], str | None] | None
    result_url: Callable[[Roots], str | None] | None
    timeout_s: float


def compile_operation(manifest: Manifest, name: str, config: Mapping[str, Any]) -> CompiledOperation:
    """Compile one operation. Raises: VendorMisconfigured: a configured value cannot be sent."""
    operation = manifest.operations[name]
    writes = manifest.is_write(name)
    request = compile_request(manifest, name, config)
    return CompiledOperation(
        name=name,
        writes=writes,
        needs=frozenset(_inputs(operation, optional=False)),
        takes=frozenset(_inputs(operation, optional=True)),
        request=request,
        answer=operation.answer,
        outcomes=OutcomeTable((*operation.outcomes, *manifest.outcomes), writes=writes, keyed=request.keyed),
        records=compile_path(operation.records),
        records_at_root=operation.records == "body",
        pager=Pager(operation.pages) if operation.pages else None,
        result_id=_result_path(operation.result.id),
        result_url=_result_url(operation.result, config),
        timeout_s=(operation.timeout_ms or manifest.limits.timeout_ms) / 1000,
    )


def _inputs(operation: Operation, *, optional: bool) -> Iterator[str]:
    """Yield the inputs without which the request cannot be written, and those it may go without if `optional`."""
    request = operation.request
    trees = [request.query, request.headers, request.json_, request.form, request.text, *request.path.split("/")]
    for _, found in references(trees):
        if isinstance(found, Reference) and (optional or not found.optional):
            if found.root == "in":
                yield found.steps[0]
            elif found.root == "record":
                yield "record"
    if operation.idempotency is not None and operation.idempotency.none is None:
        yield "idempotency_key"


def _result_path(path: str | None) -> Callable[[Roots], str | None] | None:
    if path is None:
        return None
    read = compile_path(path)

    def read_text(roots: Roots) -> str | None:
        value = read(roots)
        return as_text(value) if isinstance(value, str | int | float) and value != "" else None

    return read_text


def _result_url(result: ResultPaths, config: Mapping[str, Any]) -> Callable[[Roots], str | None] | None:
    if result.url is None or "${" not in result.url:
        return _result_path(result.url)
    return compile_tree(result.url, config).render
