"""A request as signers see it: method, address, headers and the very bytes of the body, whichever way it travels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, unquote_to_bytes, urlsplit

from tieline.connectors.manifest.signing import Canonical, HeaderSpelling, PairSpelling
from tieline.connectors.signing.algorithms import ESCAPES

_USUAL_PORTS: Final[Mapping[str, int]] = {"https": 443, "http": 80}
_TURNS: Final[Mapping[str, Callable[[str], str]]] = {"plain": str, "lower": str.lower, "rfc3986": ESCAPES["rfc3986"]}
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Message:
    """One request. `url` is absolute and written as it is sent; header names are in lower case."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def hostname(self) -> str:
        """The server's name, without its port."""
        return urlsplit(self.url).hostname or ""

    @property
    def host(self) -> str:
        """What stands in the Host header: the port only if it is not the usual one."""
        given = self.headers.get("host")
        if given is not None:
            return given
        parts = urlsplit(self.url)
        name = f"[{self.hostname}]" if ":" in self.hostname else self.hostname
        return name if parts.port in {None, _USUAL_PORTS.get(parts.scheme)} else f"{name}:{parts.port}"

    @property
    def path(self) -> str:
        """The path as it is sent."""
        return urlsplit(self.url).path or "/"

    @property
    def query(self) -> str:
        """The query string as it is sent."""
        return urlsplit(self.url).query

    def header(self, name: str) -> str | None:
        """Return one header; those, too, which the transport adds only later."""
        own = _LATER.get(name)
        return own(self) if own else self.headers.get(name)

    def parameter(self, name: str) -> str | None:
        """Return the first query parameter of that name, unescaped."""
        return next((value for key, value in query_pairs(self.query) if key == name), None)


_LATER: Final[Mapping[str, Callable[[Message], str]]] = {
    "host": lambda message: message.host,
    "content-length": lambda message: str(len(message.body)),
}


def query_pairs(query: str) -> list[Pair]:
    """Take a query string apart; a plus sign stays one (RFC 3986), for we and signers write a space as %20."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return [(unquote(name), unquote(value)) for name, _, value in pairs]


def form_pairs(body: bytes) -> list[Pair]:
    """Take a form apart, where a plus sign is a space."""
    return parse_qsl(body.decode(errors="replace"), keep_blank_values=True)


def spelled_pairs(pairs: list[Pair], spelling: PairSpelling) -> str:
    """Write parameters the canonical way."""
    kept = [pair for pair in pairs if pair[0] not in spelling.exclude]
    kept = list(dict.fromkeys(kept)) if spelling.distinct else kept
    if spelling.sort == "plain":
        kept.sort()
    escape = ESCAPES[spelling.escape]
    written = [(escape(name), escape(value)) for name, value in kept]
    if spelling.sort == "escaped":
        written.sort()
    return spelling.join.join(f"{name}{spelling.pair}{value}" for name, value in written)


def signed_names(message: Message, spelling: HeaderSpelling) -> list[str]:
    """Return the names of the headers to sign that the request has, sorted."""
    present = {*message.headers, *_LATER}
    wanted = [name.lower() for name in spelling.names]
    beginnings = tuple(name[:-1] for name in wanted if name.endswith("*"))
    return sorted(name for name in present if name in wanted or (beginnings and name.startswith(beginnings)))


def header_lines(message: Message, spelling: HeaderSpelling) -> str:
    """Write `name:value` of every signed header, a line each, without a line break at the end."""
    turn = _TURNS[spelling.values]
    return "\n".join(f"{name}:{turn((message.header(name) or '').strip())}" for name in signed_names(message, spelling))


# What `$request.NAME` stands for; the names are those of `manifest.signing.REQUEST_PARTS`.
READERS: Final[Mapping[str, Callable[[Message, Canonical], str | bytes]]] = {
    "method": lambda message, _: message.method,
    "url": lambda message, _: message.url,
    "host": lambda message, _: message.host,
    "hostname": lambda message, _: message.hostname,
    "path": lambda message, _: message.path,
    "path_decoded": lambda message, _: unquote_to_bytes(message.path),
    "query": lambda message, _: message.query,
    "body": lambda message, _: message.body,
    "canonical_query": lambda message, spelling: spelled_pairs(query_pairs(message.query), spelling.query),
    "canonical_form": lambda message, spelling: spelled_pairs(form_pairs(message.body), spelling.form),
    "header_lines": lambda message, spelling: header_lines(message, spelling.headers),
    "header_names": lambda message, spelling: ";".join(signed_names(message, spelling.headers)),
}
NAMED_READERS: Final[Mapping[str, Callable[[Message, str], str | None]]] = {
    "header": lambda message, name: message.header(name.lower()),
    "query": Message.parameter,
}
