"""Write a body: JSON, a form, a form in parts, text, or a tree as XML: `{root: {"@attribute": …, "#text": …, child: […]}}`."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape, quoteattr

from tieline.connectors.language.writing import as_text, json_bytes
from tieline.connectors.manifest.requests import XML_NAME
from tieline.domain.errors import VendorRejected

PART_MARK: Final = "tieline-8c1f4e0b9d27"
"""What stands between the parts of a form in parts. It is the same each time, so that a recorded request can be compared."""
CONTENT_TYPES: Final[Mapping[str, str]] = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain; charset=utf-8",
    "xml": "application/xml; charset=utf-8",
    "multipart": f"multipart/form-data; boundary={PART_MARK}",
}
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def query_text(query: Mapping[str, Any]) -> str:
    """Write a query string in the manifest's order; a list repeats its key, None is left out (RFC 3986 escapes)."""
    return "&".join([f"{_escape(key)}={_escape(as_text(value))}" for key, values in query.items() for value in _repeated(values)])


def _escape(text: str) -> str:
    """Escape a name or value, which nearly always is a word or a number and stays as it is."""
    return text if text.isascii() and text.isalnum() else quote(text, safe="")


def without_nulls(tree: object, *, instead: str | None) -> Any:  # noqa: ANN401 - a tree
    """Return a copy in which every null of a map is left out, or replaced by `instead`."""
    match tree:
        case Mapping():
            kept = {key: instead if value is None else without_nulls(value, instead=instead) for key, value in tree.items()}
            return {key: value for key, value in kept.items() if value is not None}
        case list() | tuple():
            return [without_nulls(value, instead=instead) for value in tree]
        case _:
            return tree


def _repeated(values: object) -> list[object]:
    if isinstance(values, list | tuple):
        return [value for value in values if value is not None]
    return [] if values is None else [values]


def _form_bytes(form: Mapping[str, Any]) -> bytes:
    return urlencode([(key, as_text(value)) for key, values in form.items() for value in _repeated(values)]).encode("ascii")


def multipart_bytes(parts: Mapping[str, Any]) -> bytes:
    """Write a form in parts of text (RFC 7578). Raises: VendorRejected: a value holds the mark between the parts."""
    written = [(name, as_text(value)) for name, values in parts.items() for value in _repeated(values)]
    if any(f"--{PART_MARK}" in text for _, text in written):
        raise VendorRejected("a value holds the mark that stands between the parts of the form")
    texts = (
        f'--{PART_MARK}\r\nContent-Disposition: form-data; name="{name}"\r\n'
        f"Content-Type: text/plain; charset=UTF-8\r\n\r\n{text}\r\n"
        for name, text in written
    )
    return f"{''.join(texts)}--{PART_MARK}--\r\n".encode()


def xml_bytes(tree: Mapping[str, Any]) -> bytes:
    """Write XML in UTF-8; a character XML cannot hold becomes U+FFFD. Raises: VendorRejected: a key is no name of an element."""
    text = "".join(part for name, contents in tree.items() for part in _element(name, contents))
    return f'<?xml version="1.0" encoding="UTF-8"?>{_NOT_IN_XML.sub("�", text)}'.encode()


def _element(name: str, contents: object) -> Iterator[str]:
    if isinstance(contents, list | tuple):
        for each in contents:
            yield from _element(name, each)
        return
    if not XML_NAME.fullmatch(name):
        raise VendorRejected("a field cannot be the name of an XML element")
    tree = contents if isinstance(contents, Mapping) else {"#text": "" if contents is None else contents}
    attributes = "".join(f" {key[1:]}={quoteattr(as_text(value))}" for key, value in tree.items() if key.startswith("@"))
    yield f"<{name}{attributes}>"
    for key, value in tree.items():
        if key == "#text":
            yield escape(as_text(value))
        elif not key.startswith("@"):
            yield from _element(key, value)
    yield f"</{name}>"


ENCODERS: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "json": json_bytes,
    "form": _form_bytes,
    "text": lambda text: as_text(text if text is not None else "").encode(),
    "xml": xml_bytes,
    "multipart": multipart_bytes,
}
