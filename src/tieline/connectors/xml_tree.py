"""XML as a tree of dicts: attributes as `@name`, text as `#text` or, alone, as plain text, repeated elements as lists.

Namespaces are dropped from names. A DTD, an external reference or nesting beyond 64 levels is refused (behaviour B56-B58).
"""

from collections.abc import Iterator
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

DEEPEST: Final = 64


class XmlRefused(ValueError):
    """Not XML, or XML of a kind we do not read."""


def xml_to_tree(body: bytes) -> dict[str, Any]:
    """Return `{root name: contents}`. Raises: XmlRefused."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except DefusedXmlException as exc:
        raise XmlRefused("XML with a DTD or an entity is not read") from exc
    except (ParseError, ValueError, LookupError) as exc:
        raise XmlRefused("the body is not XML") from exc
    return {_name(root.tag): _contents(root, depth=1)}


def _contents(element: Element, *, depth: int) -> Any:  # noqa: ANN401 - text or a dict
    if depth > DEEPEST:
        raise XmlRefused("the XML is nested too deeply")
    tree: dict[str, Any] = {f"@{_name(key)}": value for key, value in element.attrib.items()}
    for name, child in _children(element):
        contents = _contents(child, depth=depth + 1)
        if name not in tree:
            tree[name] = contents
        elif isinstance(tree[name], list):
            tree[name].append(contents)
        else:
            tree[name] = [tree[name], contents]
    text = (element.text or "").strip()
    if not tree:
        return text
    if text:
        tree["#text"] = text
    return tree


def _children(element: Element) -> Iterator[tuple[str, Element]]:
    return ((_name(child.tag), child) for child in element if isinstance(child.tag, str))


def _name(tag: str) -> str:
    return tag.rpartition("}")[2]
