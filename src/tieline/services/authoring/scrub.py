"""Walk through an answer and replace whatever is secret or personal in it, keeping its shape."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import orjson
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from tieline.connectors.language.writing import json_bytes
from tieline.services.authoring.fiction import Fiction
from tieline.services.authoring.personal import KEEP, kind_of_number, kind_of_text

_NEVER_KEPT: Final = frozenset({"secret", "number", "email"})
_LONGEST_TOLD: Final = 60
_PATH: Final = re.compile(r"/[A-Za-z0-9_.~%-]+(/[A-Za-z0-9_.~%-]*)+(\?\S*)?")
"""An address on the vendor's own server, as in a link to the next page."""


class Scrubbed(NamedTuple):
    """One replacement as it is told: where, what kind of thing stood there, and what stands there now."""

    place: str
    kind: str
    instead: str


@dataclass(slots=True)
class Scrubber:
    """Replaces by one story. `words` are known to manifest and mapping and stay; `kinds` says what the mapping reads a value as.

    `hosts` are the vendor's own, as the requests name them.
    """

    fiction: Fiction
    words: Collection[str] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    hosts: Collection[str] = ()
    told: list[Scrubbed] = field(default_factory=list)

    def tree(self, tree: Any, place: str = "", key: str = "") -> Any:  # noqa: ANN401 - JSON
        """Return a copy of a tree of JSON values with its leaves replaced, and its keys where they name somebody."""
        match tree:
            case Mapping():
                return {
                    self._key(str(name), place): self.tree(value, _under(place, name), str(name)) for name, value in tree.items()
                }
            case list() | tuple():
                return [self.tree(value, f"{place}[{index}]", key) for index, value in enumerate(tree)]
            case str():
                return self._text(tree, place, key)
            case int() if not isinstance(tree, bool):
                return self._number(tree, place, key)
            case _:
                return tree

    def body(self, body: bytes, content_type: str, place: str = "body") -> bytes:
        """Return an answer's body, read as what it is and written again; plain text keeps the words nobody is known by."""
        text = body.decode("utf-8", errors="replace")
        if (tree := _json(body)) is not None:
            return json_bytes(self.tree(tree, place))
        if "xml" in content_type or text.lstrip().startswith("<?xml"):
            return self._xml(text, place)
        if "x-www-form-urlencoded" in content_type:
            pairs = parse_qsl(text, keep_blank_values=True)
            return urlencode([(name, self._text(value, _under(place, name), name)) for name, value in pairs]).encode()
        return self._plain(text, place).encode()

    def headers(self, headers: Mapping[str, str], wanted: Collection[str], place: str = "header") -> dict[str, str]:
        """Return the headers somebody reads, their values replaced; a cookie's value always is."""
        return {name: self._header(name, value, place) for name, value in headers.items() if name in wanted}

    def _header(self, name: str, value: str, place: str) -> str:
        if name == "content-type":
            return value
        if name == "set-cookie":
            cookie, _, rest = value.partition("=")
            return f"{cookie}={self._replaced('secret', rest.partition(';')[0], _under(place, name))}"
        if name in {"link", "location"}:
            return re.sub(r"https?://[^\s<>\"]+", lambda found: self.url(found.group()), value)
        return self._text(value, _under(place, name), name)

    def url(self, url: str) -> str:
        """Return an address of the vendor's with host, ids and values replaced; one on another host is replaced whole."""
        parts = urlsplit(url)
        if parts.netloc and parts.netloc not in self.hosts:
            return self.fiction.of("url", url)
        path = "/".join(quote(self._segment(each), safe="%") for each in parts.path.split("/"))
        query = urlencode(
            [(name, self._text(value, name, name)) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
        )
        server = f"{parts.scheme}://{self.fiction.inside(parts.netloc)}" if parts.netloc else ""
        return server + path + (f"?{query}" if query else "")

    def _segment(self, segment: str) -> str:
        """A path's own words (`v2`, `sobjects`, `index.php`) stay; whatever holds three digits in a row is taken for an id."""
        known = self.fiction.known(segment)
        if known is not None:
            return known
        return self.fiction.of("id", segment) if re.search(r"\d{3}", segment) else self.fiction.inside(segment)

    def _key(self, key: str, place: str) -> str:
        """A map by e-mail address or number names people in its keys."""
        looks = kind_of_text(key, "")
        return self._replaced(looks, key, _under(place, "(key)")) if looks in {"email", "number"} else self.fiction.inside(key)

    def _text(self, value: str, place: str, key: str) -> str:
        if not value:
            return value
        if value[0] in "[{" and isinstance(nested := _json(value.encode()), dict | list):
            return json_bytes(self.tree(nested, place, key)).decode()
        kind = self.kinds.get(value) or kind_of_text(value, key)
        if kind == KEEP or (value in self.words and kind not in _NEVER_KEPT):
            return self.fiction.inside(value)
        if (known := self.fiction.known(value)) is not None:
            return known
        if (kind == "url" and urlsplit(value).netloc) or _PATH.fullmatch(value):
            return self._noted("url", value, self.url(value), place)
        return self._replaced(kind, value, place)

    def _number(self, value: int, place: str, key: str) -> int:
        text = str(value)
        known = self.fiction.known(text)
        if known is not None and known.lstrip("-").isdigit():
            return int(known)
        kind = kind_of_number(value, key)
        return value if kind == KEEP or text in self.words else int(self._replaced(kind, text, place))

    def _replaced(self, kind: str, value: str, place: str) -> str:
        return self._noted(kind, value, self.fiction.of(kind, value), place)

    def _noted(self, kind: str, value: str, instead: str, place: str) -> str:
        if instead != value:
            self.told.append(Scrubbed(place, kind, instead[:_LONGEST_TOLD]))
        return instead

    def _plain(self, text: str, place: str) -> str:
        text = re.sub(r"https?://[^\s<>\"']+", lambda found: self.url(found.group()), text)
        for kind, pattern in (("email", r"[\w.+-]+@[\w-]+\.[\w.-]+"), ("number", r"\+?\d[\d ().-]{5,20}\d")):
            text = re.sub(pattern, lambda found, kind=kind: self._replaced(kind, found.group(), place), text)  # type: ignore[misc]
        return self.fiction.inside(text)

    def _xml(self, text: str, place: str) -> bytes:
        try:
            root = ElementTree.fromstring(text, forbid_dtd=True)
        except (ElementTree.ParseError, DefusedXmlException):
            return self._plain(text, place).encode()
        for element in root.iter():
            key = element.tag.rpartition("}")[2]
            if element.text and element.text.strip():
                element.text = self._text(element.text.strip(), _under(place, key), key)
            for name, value in list(element.attrib.items()):
                element.set(name, self._text(value, _under(place, f"@{name}"), name))
        written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
        return written


def _under(place: str, key: object) -> str:
    return f"{place}.{key}" if place else str(key)


def _json(body: bytes) -> Any:  # noqa: ANN401 - JSON
    """Return what the bytes say, if they are JSON of more than one value; None otherwise."""
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return tree if isinstance(tree, dict | list) else None
