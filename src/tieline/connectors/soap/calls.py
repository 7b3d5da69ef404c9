"""Write the envelope of a SOAP operation and read its answer, both as the WSDL types them.

An answer is the tree any XML is (`body.Envelope.Body.…`), in which the body's element is typed: what may stand there several
times is a list, numbers and truth values are such, nil is null, decimals and moments are text. A body that is not as the WSDL
says is left as it came, and so is a fault.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, Final

from tieline.connectors.answers.xml_tree import xml_to_tree
from tieline.connectors.manifest.soap import SoapCall
from tieline.connectors.soap.wsdl import operation_of
from tieline.connectors.wire.messages import Answer, Incoming
from tieline.domain.errors import VendorMisconfigured, VendorRejected

_FAULTS: Final = frozenset({"Fault"})
_UNFIT: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What zeep raises, beside its own errors, where a value is not of its type."""
WriteXml = Callable[[Mapping[str, Any]], bytes]
ReadAnswer = Callable[[Incoming], Answer]


class SoapOperation:
    """One operation. `header` is what every envelope of it has above the body, as XML."""

    def __init__(self, call: SoapCall, header: bytes | None) -> None:
        """Find it in its WSDL. Raises: VendorMisconfigured: it is not there, or takes nothing of a name given to it."""
        self._operation = operation_of(call.wsdl, call.operation, call.port)
        self._header = header
        body = self._operation.input.body
        known = {name for name, _ in body.type.elements} if body is not None and hasattr(body.type, "elements") else set()
        strange = [name for name in call.body if name not in known and not name.startswith("$")]
        if strange:
            detail = f"the operation {call.operation} takes nothing named {strange[0][:60]!r}"
            raise VendorMisconfigured(detail, code="wsdl_invalid")

    @property
    def headers(self) -> dict[str, str]:
        """What goes with the envelope: the content type, and the action where the version has it."""
        action = self._operation.soapaction or ""
        if "2003/05" in self._operation.nsmap["soap-env"]:
            named = f'; action="{action}"' if action else ""
            return {"content-type": f"application/soap+xml; charset=utf-8{named}"}
        return {"content-type": "text/xml; charset=utf-8", "soapaction": f'"{action}"'}

    def write(self, tree: Mapping[str, Any]) -> bytes:
        """Return the envelope. Raises: VendorRejected: the values are not what the WSDL asks for."""
        import zeep.exceptions  # noqa: PLC0415 - an extra
        from lxml import etree  # noqa: PLC0415 - comes with it

        try:
            envelope = self._operation.create(**tree).content
        except (zeep.exceptions.Error, *_UNFIT) as exc:
            raise VendorRejected("the values are not what the operation takes", code="upstream_rejected") from exc
        if self._header is not None:
            above = etree.Element(f"{{{self._operation.nsmap['soap-env']}}}Header")
            above.append(etree.fromstring(self._header))
            envelope.insert(0, above)
        written: bytes = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
        return written

    def reading(self, plain: ReadAnswer) -> ReadAnswer:
        """Return how an answer is read, on top of how any answer is."""

        def read(incoming: Incoming) -> Answer:
            answer = plain(incoming)
            body = answer.body
            inside = body.get("Envelope", {}).get("Body") if isinstance(body, Mapping) and "Envelope" in body else None
            if isinstance(inside, dict) and len(inside) == 1 and not _FAULTS & inside.keys():
                inside.update(self._typed(incoming.body))
            return answer

        return read

    def _typed(self, envelope: bytes) -> Mapping[str, Any]:
        """Return the body's element by its name; nothing, if it is not as the WSDL says. It is known to be XML without a DTD."""
        import zeep.exceptions  # noqa: PLC0415 - an extra
        from lxml import etree  # noqa: PLC0415 - comes with it

        expected = self._operation.output.body if self._operation.output is not None else None
        try:
            parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
            inside = etree.fromstring(envelope, parser).find("{*}Body")
            (element,) = inside
            if expected is None or etree.QName(element).localname != expected.name:
                return {}
            return {expected.name: plain(expected.parse(element, self._operation.output.wsdl.types))}
        except (zeep.exceptions.Error, etree.XMLSyntaxError, *_UNFIT):
            return {}


def plain(value: Any) -> Any:  # noqa: ANN401 - whatever a schema types
    """Return what zeep read as dicts, lists, texts, numbers and truth values."""
    if value is None or isinstance(value, _KEPT):
        return value
    write = next((write for kinds, write in _WRITTEN if isinstance(value, kinds)), _open_contents)
    return write(value)


def _open_contents(value: Any) -> Any:  # noqa: ANN401 - an object of a declared type, or what the schema leaves open
    from lxml import etree  # noqa: PLC0415 - an extra

    if hasattr(value, "__values__"):
        return {name: plain(each) for name, each in value.__values__.items()}
    return xml_to_tree(etree.tostring(value)) if etree.iselement(value) else str(value)


_KEPT: Final = (bool, int, float, str)
_WRITTEN: Final[Sequence[tuple[type | tuple[type, ...], Callable[[Any], Any]]]] = (
    (Decimal, lambda value: f"{value:f}"),
    ((date, time), lambda value: value.isoformat()),
    (timedelta, lambda value: value.total_seconds()),
    (bytes, lambda value: base64.b64encode(value).decode()),
    ((list, tuple), lambda value: [plain(each) for each in value]),
    (Mapping, lambda value: {name: plain(each) for name, each in value.items()}),
)
