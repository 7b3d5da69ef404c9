"""Turn one declared request into an `Outgoing`: URL, headers and body, byte for byte as they will be sent."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tieline.connectors.engine.bodies import CONTENT_TYPES, ENCODERS, query_text, without_nulls, xml_bytes
from tieline.connectors.language.paths import Step, parse
from tieline.connectors.language.references import Reference, parse_text
from tieline.connectors.language.templates import Compiled, Render, Roots, compile_tree, constant_text
from tieline.connectors.language.writing import as_text
from tieline.connectors.manifest.requests import BODIES, EXCHANGE_METHODS, MAIL_METHODS, Request
from tieline.connectors.manifest.schema import Manifest, Operation
from tieline.connectors.manifest.soap import SoapCall
from tieline.connectors.soap.calls import SoapOperation
from tieline.connectors.wire.headers import header_values
from tieline.connectors.wire.messages import Outgoing
from tieline.domain.errors import VendorMisconfigured, VendorRejected
from tieline.security.egress import EXCHANGE, MAIL

Placement = tuple[Sequence[Step], Render]


@dataclass(frozen=True, slots=True)
class CompiledRequest:
    """A request of one connection. `kind`: of its body, if it has one; paging parameters then travel there too."""

    method: str
    url: Render
    query: Compiled
    headers: Compiled
    body: Compiled
    encode: Callable[[Any], bytes] | None
    kind: str | None
    soap: SoapOperation | None
    read: bool
    keyed: bool
    auth: str

    def render(self, roots: Roots, page: Mapping[str, Any], headers: Mapping[str, str]) -> Outgoing:
        """Write the request with what paging adds to it. Raises: InputMissing, VendorMisconfigured, VendorRejected."""
        url, query = self.url(roots), self.query.render(roots)
        body = self.body.render(roots) if self.kind else None
        if self.kind is None:
            query = {**query, **page} if page else query
        for param, value in page.items() if isinstance(body, Mapping) else ():
            body = placed(body, parse(param) if self.kind in {"json", "soap"} else (param,), value)
        written = query_text(query)
        return Outgoing(
            method=self.method,
            url=f"{url}{'&' if '?' in url else '?'}{written}" if written else url,
            headers={**self.headers.render(roots), **headers},
            body=self.encode(body) if self.encode else None,
            read=self.read,
            keyed=self.keyed,
            auth=self.auth,
        )


def compile_request(manifest: Manifest, name: str, operation: Operation, config: Mapping[str, Any]) -> CompiledRequest:
    """Compile an operation's request for one configuration. Raises: VendorMisconfigured: a value cannot stand in a header."""
    request, choice = operation.request, operation.idempotency
    kind, tree = body_of(request)
    soap = _soap(request, config)
    server = constant_text(manifest.hosts[request.host], config).rstrip("/")
    _check_method(request.method, server.partition(":")[0].lower())
    return CompiledRequest(
        method=request.method,
        url=_url(server, request.path, config),
        query=compile_tree(request.query, config),
        headers=_checked_headers(compile_tree(_headers(operation, kind, soap), config)),
        body=_compile_body(operation, tree, config),
        encode=soap.write if soap else ENCODERS[kind] if kind else None,
        kind=kind,
        soap=soap,
        read=not manifest.is_write(name),
        keyed=choice is not None and choice.keyed,
        auth=request.auth or "auth",
    )


def _check_method(method: str, scheme: str) -> None:
    """Hold methods and servers together. Raises: VendorMisconfigured: the server is of another kind than the method."""
    if (method in MAIL_METHODS) != (scheme in MAIL):
        raise VendorMisconfigured("SEND and NOOP are for servers under smtps:// or smtp://, and those take nothing else")
    if (method in EXCHANGE_METHODS) != (scheme in EXCHANGE):
        raise VendorMisconfigured("API is for exchanges under esl:// or esls://, and those take nothing else")


def body_of(request: Request) -> tuple[str | None, object]:
    """Return which kind of body the request has, and its tree."""
    for kind in BODIES:
        tree = request.json_ if kind == "json" else getattr(request, kind)
        if tree is not None:
            return kind, tree.body if isinstance(tree, SoapCall) else tree
    return None, None


def _soap(request: Request, config: Mapping[str, Any]) -> SoapOperation | None:
    """Find the operation in its WSDL. Raises: VendorMisconfigured: it is not there, or the file is unsound."""
    if request.soap is None:
        return None
    header = compile_tree(request.soap.header, config).render({})
    return SoapOperation(request.soap, xml_bytes(header) if header else None)


def _headers(operation: Operation, kind: str | None, soap: SoapOperation | None) -> dict[str, Any]:
    request = operation.request
    if request.method in MAIL_METHODS | EXCHANGE_METHODS:
        return {}
    headers: dict[str, Any] = {"accept": "application/json, application/xml;q=0.9, */*;q=0.5"}
    if soap is not None:
        headers |= soap.headers
    elif kind is not None:
        headers["content-type"] = request.content_type or CONTENT_TYPES[kind]
    headers |= {name.lower(): value for name, value in request.headers.items()}
    if operation.idempotency and operation.idempotency.header:
        headers[operation.idempotency.header.lower()] = "$in.idempotency_key"
    if operation.lock and operation.lock.header:
        headers[operation.lock.header.lower()] = operation.lock.from_
    return headers


def _compile_body(operation: Operation, tree: object, config: Mapping[str, Any]) -> Compiled:
    """Put into the body what is declared apart from it: our key, the version that was read, and what goes with that."""
    compiled, nulls, placements = compile_tree(tree, config), operation.request.nulls, (*_placements(operation, config),)
    if nulls == "send" and not placements:
        return compiled

    def render(roots: Roots) -> Any:  # noqa: ANN401 - a tree
        body = compiled.render(roots)
        if nulls != "send":
            body = without_nulls(body, instead="" if nulls == "empty" else None)
        for steps, value in placements:
            found = value(roots)
            body = body if found is None else placed(body, steps, found)
        return body

    return Compiled(constant=False, render=render)


def _placements(operation: Operation, config: Mapping[str, Any]) -> Iterator[Placement]:
    choice, lock = operation.idempotency, operation.lock
    if choice and choice.field:
        yield parse(choice.field), compile_tree("$in.idempotency_key", config).render
    if lock:
        version = compile_tree(lock.from_, config).render
        if lock.field:
            yield parse(lock.field), version
        for field, constant in lock.beside.items():
            yield parse(field), _with_version(version, constant)


def _with_version(version: Render, constant: object) -> Render:
    return lambda roots: None if version(roots) is None else constant


def placed(tree: object, steps: Sequence[Step], value: object) -> Any:  # noqa: ANN401 - a tree
    """Return a copy of the tree with `value` at the path, sharing what did not change. A list has no places but its own."""
    if not steps:
        return value
    step = steps[0]
    if isinstance(step, int):
        items = list(tree) if isinstance(tree, list | tuple) else []
        if not -len(items) <= step < len(items):
            raise VendorRejected("there is no such place in the list that is sent")
        items[step] = placed(items[step], steps[1:], value)
        return items
    branch = dict(tree) if isinstance(tree, Mapping) else {}
    branch[step] = placed(branch.get(step), steps[1:], value)
    return branch


def _checked_headers(headers: Compiled) -> Compiled:
    """Refuse values that would break out of their header (behaviour B71): constants now, others when they are rendered."""
    if headers.constant:
        checked = header_values(headers.render({}))
        return Compiled(constant=True, render=lambda _roots: checked)
    return Compiled(constant=False, render=lambda roots: header_values(headers.render(roots)))


def _url(base: str, path: str, config: Mapping[str, Any]) -> Render:
    segments = [_segment(segment, config) for segment in path.split("/")[1:]]
    if all(segment.constant for segment in segments):
        whole = "/".join([base, *(segment.render({}) for segment in segments)])
        return lambda _roots: whole
    return lambda roots: "/".join([base, *(segment.render(roots) for segment in segments)])


def _segment(template: str, config: Mapping[str, Any]) -> Compiled:
    """Compile one path segment: what a reference brings is escaped, what the file says stays as written."""
    parsed = parse_text(template)
    parts = parsed if isinstance(parsed, tuple) else (parsed,)
    writers = [_written(part) if isinstance(part, str) else _escaped(part, config) for part in parts]
    constant = all(writer.constant for writer in writers)
    if constant:
        text = "".join(writer.render({}) for writer in writers)
        return Compiled(constant=True, render=lambda _roots: text)
    return Compiled(constant=False, render=lambda roots: _not_dots("".join(writer.render(roots) for writer in writers)))


def _written(text: str) -> Compiled:
    return Compiled(constant=True, render=lambda _roots: text)


def _escaped(reference: Reference, config: Mapping[str, Any]) -> Compiled:
    whole = compile_tree(f"${reference}", config)

    def render(roots: Roots) -> str:
        value = whole.render(roots)
        return "" if value is None else quote(as_text(value), safe="")

    return Compiled(constant=whole.constant, render=render)


def _not_dots(segment: str) -> str:
    """An id that is empty or made of dots would name another resource."""
    if segment in {"", ".", ".."}:
        raise VendorRejected("an input cannot stand in a URL path")
    return segment
