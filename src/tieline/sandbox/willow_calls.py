"""The calls Willow Helpdesk keeps: logged once under a key, completed later, shown as XML."""

from collections.abc import Mapping
from xml.etree import ElementTree as ET


class WillowCalls:
    """Calls by the key they were logged under."""

    def __init__(self) -> None:
        self._calls: dict[str, dict[str, str]] = {}

    def log(self, key: str, form: Mapping[str, str]) -> bytes:
        """Keep a call; the same key again changes nothing."""
        self._calls.setdefault(key, dict(form))
        return _xml(key, self._calls[key])

    def read(self, key: str) -> bytes | None:
        """Return a call; None: there is none."""
        return _xml(key, self._calls[key]) if key in self._calls else None

    def change(self, key: str, form: Mapping[str, str]) -> bytes | None:
        """Set some fields; None: there is no such call."""
        if key not in self._calls:
            return None
        self._calls[key] |= form
        return _xml(key, self._calls[key])


def _xml(key: str, call: Mapping[str, str]) -> bytes:
    root = ET.Element("call", {"id": key})
    for name in sorted(call):
        ET.SubElement(root, name).text = call[name]
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document
