"""Turn one declared request into an `Outgoing`: URL, headers and body, byte for byte as they will be sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from tieline.connectors.language.paths import Step, parse
from tieline.connectors.language.references import Reference, parse_text
from tieline.connectors.language.templates import Compiled, Render, Roots, as_text, compile_tree, constant_text, json_bytes
from tieline.connectors.manifest.schema import Idempotency, Manifest, Request
from tieline.connectors.wire.headers import header_values
from tieline.connectors.wire.messages import Outgoing
from tieline.domain.errors import VendorRejected

PageParams = Mapping[str, Any]
_CONTENT_TYPES: Final[Mapping[str, str]] = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class CompiledRequest:
    """A request of one connection. `paged_in_body`: paging parameters travel in the body because that is where the others are."""

    method: str
    url: Render
    query: Compiled
    headers: Compiled
    body: Compiled
    encode: Callable[[Any], bytes]
    has_body: bool
    read: bool
    keyed: bool

    def render(self, roots: Roots, page: PageParams | None = None) -> Outgoing:
        """Write the request. Raises: InputMissing, VendorMisconfigured, VendorRejected."""
        in_body = page is not None and self.has_body
        url = self.url(roots)
        query = query_text(self.query.render(roots) if in_body or not page else {**self.query.render(roots), **page})
        body = self.body.render(roots) if self.has_body else None
        if in_body and isinstance(body, Mapping) and page:
            body = {**body, **page}
        return Outgoing(
            method=self.method,
            url=f"{url}{'&' if '?' in url else '?'}{query}" if query else url,
            headers=dict(self.headers.render(roots)),
            body=self.encode(body) if self.has_body else None,
            read=self.read,
            keyed=self.keyed,
        )


def compile_request(manifest: Manifest, name: str, config: Mapping[str, Any]) -> CompiledRequest:
    """Compile an operation's request for one configuration. Raises: VendorMisconfigured: a value cannot stand in a header."""
    operation = manifest.operations[name]
    request = operation.request
    kind, tree = body_of(request)
    base = constant_text(manifest.hosts[request.host], config).rstrip("/")
    headers = _headers(request, kind)
    if operation.idempotency and operation.idempotency.header:
        headers[operation.idempotency.header.lower()] = "$in.idempotency_key"
    return CompiledRequest(
        method=request.method,
        url=_url(base, request.path, config),
        query=compile_tree(request.query, config),
        headers=_checked_headers(compile_tree(headers, config)),
        body=_compile_body(tree, operation.idempotency, config),
        encode=_ENCODERS[kind or "text"],
        has_body=kind is not None,
        read=not manifest.is_write(name),
        keyed=operation.idempotency is not None and operation.idempotency.none is None,
    )


def body_of(request: Request) -> tuple[str | None, object]:
    """Return which kind of body the request has, and its tree."""
    for kind, tree in (("json", request.json_), ("form", request.form), ("text", request.text)):
        if tree is not None:
            return kind, tree
    return None, None


def query_text(query: Mapping[str, Any]) -> str:
    """Write a query string in the manifest's order; a list repeats its key, None is left out (RFC 3986 escapes)."""
    return "&".join(
        f"{quote(key, safe='')}={quote(as_text(value), safe='')}" for key, values in query.items() for value in _repeated(values)
    )


def _repeated(values: object) -> list[object]:
    if isinstance(values, list | tuple):
        return [value for value in values if value is not None]
    return [] if values is None else [values]


def _form_bytes(form: Mapping[str, Any]) -> bytes:
    return urlencode([(key, as_text(value)) for key, values in form.items() for value in _repeated(values)]).encode("ascii")


_ENCODERS: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "json": json_bytes,
    "form": _form_bytes,
    "text": lambda text: as_text(text if text is not None else "").encode(),
}


def _headers(request: Request, kind: str | None) -> dict[str, Any]:
    headers: dict[str, Any] = {"accept": "application/json, application/xml;q=0.9, */*;q=0.5"}
    if kind is not None:
        headers["content-type"] = request.content_type or _CONTENT_TYPES[kind]
    return headers | {name.lower(): value for name, value in request.headers.items()}


def _compile_body(tree: object, choice: Idempotency | None, config: Mapping[str, Any]) -> Compiled:
    compiled = compile_tree(tree, config)
    if choice is None or choice.field is None:
        return compiled
    steps, key = parse(choice.field), compile_tree("$in.idempotency_key", config).render
    return Compiled(constant=False, render=lambda roots: _placed(compiled.render(roots), steps, key(roots)))


def _placed(tree: object, steps: tuple[Step, ...], value: object) -> object:
    """Return a copy of the tree with `value` at the path, sharing what did not change."""
    if not steps:
        return value
    branch = dict(tree) if isinstance(tree, Mapping) else {}
    branch[steps[0]] = _placed(branch.get(steps[0]), steps[1:], value)
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
