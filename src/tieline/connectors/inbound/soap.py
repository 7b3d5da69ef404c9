"""SOAP as far as it concerns a receiver: what is no SOAP message is told so in SOAP, as its sender expects.

Sources: SOAP 1.1, 4.4 and 6.2 (a fault has status 500); SOAP 1.2 part 2, 7.5.2 (env:Sender has status 400).
"""

from typing import Any, Final

from tieline.connectors.inbound.request import Reply

_REASON: Final = "The message is not one this address takes"
_FAULT_11: Final = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
    f"<faultcode>s:Client</faultcode><faultstring>{_REASON}</faultstring></s:Fault></s:Body></s:Envelope>"
)
_FAULT_12: Final = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code>'
    f'<s:Reason><s:Text xml:lang="en">{_REASON}</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>'
)
_TYPE_12: Final = "application/soap+xml"


def is_message(tree: Any) -> bool:  # noqa: ANN401 - whatever was sent
    """Say whether a body is a SOAP message that says something, and no fault."""
    envelope = tree.get("Envelope") if isinstance(tree, dict) else None
    body = envelope.get("Body") if isinstance(envelope, dict) else None
    return isinstance(body, dict) and "Fault" not in body


def fault(content_type: str) -> Reply:
    """Return the fault in the version of SOAP the sender speaks."""
    if content_type.strip().lower().startswith(_TYPE_12):
        return Reply(400, f"{_TYPE_12}; charset=utf-8", _FAULT_12.encode())
    return Reply(500, "text/xml; charset=utf-8", _FAULT_11.encode())
