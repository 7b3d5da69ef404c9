"""Put one value where the vendor wants it: a header, the query, a cookie, or a field of the body. One row of `PLACES` each."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, quote_plus, unquote

from tieline.connectors.language.writing import json_bytes
from tieline.connectors.wire.headers import header_values
from tieline.connectors.wire.messages import Outgoing
from tieline.domain.errors import VendorMisconfigured


def put(outgoing: Outgoing, place: str, name: str, value: str) -> None:
    """Put `value` under `name`, in place of what stood there. Raises: VendorMisconfigured: it cannot stand there."""
    PLACES[place](outgoing, name, value)


def _header(outgoing: Outgoing, name: str, value: str) -> None:
    outgoing.headers.update(header_values({name.lower(): value}))


def _query(outgoing: Outgoing, name: str, value: str) -> None:
    """A vendor's link to the next page may repeat the parameter; every other byte of the query stays as it is."""
    address, mark, query = outgoing.url.partition("?")
    kept = [pair for pair in query.split("&") if pair and unquote(pair.partition("=")[0]) != name] if mark else []
    pair = f"{quote(name, safe='')}={quote(value, safe='')}"
    outgoing.url = f"{address}?{'&'.join([*kept, pair])}"


def _cookie(outgoing: Outgoing, name: str, value: str) -> None:
    if not value.isascii() or any(character in value for character in ' ";,\\'):
        raise VendorMisconfigured("a cookie would hold a character that no cookie may hold", code="header_forbidden")
    kept = [each for each in outgoing.headers.get("cookie", "").split("; ") if each and each.partition("=")[0] != name]
    _header(outgoing, "cookie", "; ".join([*kept, f"{name}={value}"]))


def _body(outgoing: Outgoing, name: str, value: str) -> None:
    """Write one more field into the bytes as they are, so that nothing else in them changes."""
    kind = outgoing.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = outgoing.body or b""
    if kind == "application/x-www-form-urlencoded":
        outgoing.body = b"&".join([*([body] if body else []), f"{quote_plus(name)}={quote_plus(value)}".encode()])
    elif body.startswith(b"{") and body.endswith(b"}"):
        field = json_bytes({name: value})[1:-1]
        outgoing.body = b"{" + (b"," if body[1:-1].strip() else b"").join((body[1:-1], field)) + b"}"
    else:
        raise VendorMisconfigured("a credential belongs in the body, but this request's is neither an object nor a form")


PLACES: Final[Mapping[str, Callable[[Outgoing, str, str], None]]] = {
    "header": _header,
    "query": _query,
    "cookie": _cookie,
    "body": _body,
}
