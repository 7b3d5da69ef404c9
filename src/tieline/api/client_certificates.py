"""Takes the front proxy's word on which certificate a machine showed it: from our own proxies alone, struck out from others.

The header goes no further than here: what is read of it stands in the request's scope.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from tieline.api.problems import Fault, render
from tieline.observability.metrics import SECURITY_EVENTS
from tieline.security.client_certificates import CertificateUnreadable, ClientCertificate, read_certificate
from tieline.security.networks import Networks, is_within

HEADER: Final = b"client-cert"
PLACE: Final = "tieline.client_certificate"


class ClientCertificates:
    """Reads `Client-Cert` (RFC 9440) where the peer is one of `proxies`; pure ASGI."""

    def __init__(self, app: ASGIApp, *, proxies: Networks) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on without the header, or refuse one that says two things, or nothing that can be read."""
        told = [value for name, value in scope["headers"] if name == HEADER] if scope["type"] == "http" else []
        if not told:
            await self._app(scope, receive, send)
            return
        kept: dict[str, Any] = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != HEADER]}
        if not is_within(scope["client"][0] if scope.get("client") else "", self._proxies):
            SECURITY_EVENTS.labels("client_cert_from_elsewhere").inc()
        elif len(told) > 1:
            await render(scope, Fault(400, "client_cert_ambiguous"))(scope, receive, send)
            return
        else:
            try:
                kept[PLACE] = read_certificate(told[0].decode("latin-1"))
            except CertificateUnreadable:
                await render(scope, Fault(400, "client_cert_malformed"))(scope, receive, send)
                return
        await self._app(kept, receive, send)


def certificate_of(scope: Mapping[str, Any]) -> ClientCertificate | None:
    """Return the certificate that a request came with."""
    found: ClientCertificate | None = scope.get(PLACE)
    return found
