"""XML as a tree of dicts: attributes as `@name`, text as `#text` or, alone, as plain text, repeated elements as lists.

Namespaces are dropped from names. A DTD, an external reference or nesting beyond 64 levels is refused (behaviour B56-B58).
"""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

DEEPEST: Final = 64
_ENCODING: Final = re.compile(rb"""\s*<\?xml[^>]{0,100}encoding=["']([A-Za-z0-9._-]{1,20})""")
_MULTIBYTE: Final = ("gb", "big5", "euc-", "shift_jis", "shift-jis", "cp949", "iso-2022")


class XmlRefused(ValueError):
    """Not XML, or XML of a kind we do not read; `code` says which."""

    def __init__(self, text: str, code: Literal["body_malformed", "xml_dtd_forbidden", "xml_limits"] = "body_malformed") -> None:
        super().__init__(text)
        self.code = code


def xml_to_tree(body: bytes) -> dict[str, Any]:
    """Return `{root name: contents}`. Raises: XmlRefused."""
    builder = _TreeBuilder()
    try:
        parser = DefusedXMLParser(target=builder, forbid_dtd=True)
        parser.feed(_in_unicode(body))
        parser.close()
    except XmlRefused:
        raise
    except DefusedXmlException as exc:
        raise XmlRefused("XML with a DTD or an entity is not read", "xml_dtd_forbidden") from exc
    except (ParseError, ValueError, LookupError) as exc:
        raise XmlRefused("the body is not XML") from exc
    return builder.tree


class _Open(NamedTuple):
    """An element whose end has not come yet."""

    name: str
    tree: dict[str, Any]
    texts: list[str]


class _TreeBuilder:
    """Grows the dicts while the parser reads, so that nesting is refused where it begins."""

    def __init__(self) -> None:
        self._open = [_Open("", {}, [])]

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Open an element. Raises: XmlRefused: too deep."""
        if len(self._open) > DEEPEST:
            raise XmlRefused("the XML is nested too deeply", "xml_limits")
        self._open.append(_Open(_bare(tag), {f"@{_bare(key)}": value for key, value in attributes.items()}, []))

    def data(self, text: str) -> None:
        """Take text, which comes in pieces."""
        self._open[-1].texts.append(text)

    def end(self, _tag: str) -> None:
        """Close an element and hand it to its parent."""
        name, tree, texts = self._open.pop()
        text = "".join(texts).strip()
        if tree and text:
            tree["#text"] = text
        parent = self._open[-1].tree
        contents = tree or text
        if name not in parent:
            parent[name] = contents
        elif isinstance(parent[name], list):
            parent[name].append(contents)
        else:
            parent[name] = [parent[name], contents]

    @property
    def tree(self) -> dict[str, Any]:
        """What has been read so far; the whole, once the parser has closed without complaint."""
        return self._open[0].tree


def _in_unicode(body: bytes) -> bytes | str:
    """Decode the character sets of East Asia ourselves: the parser knows none with more than one byte a letter."""
    declared = _ENCODING.match(body)
    encoding = declared.group(1).decode().lower() if declared else ""
    return body.decode("gb18030" if encoding.startswith("gb") else encoding) if encoding.startswith(_MULTIBYTE) else body


def _bare(tag: str) -> str:
    return tag.rpartition("}")[2]
