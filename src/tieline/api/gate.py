"""Picks the credentials out of a request and asks `services.access` whose they are."""

from typing import Final

from fastapi import Request

from tieline.api.client_certificates import certificate_of
from tieline.security.client_address import client_address
from tieline.security.permissions import Caller
from tieline.services.access import Access, Credentials

_RELAY_HEADERS: Final = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"})


def session_cookie(*, tls: bool) -> str:
    """Return the session cookie's name. With TLS the prefix makes browsers hold it to this host alone (RFC 6265bis, 4.1.3.2)."""
    return "__Host-tieline" if tls else "tieline"


class HttpGate:
    """`security.declarations.Gate` for HTTP."""

    def __init__(self, access: Access, *, cookie: str) -> None:
        self._access = access
        self._cookie = cookie

    async def caller_of(self, request: Request) -> Caller:
        """Say who asks. Raises as `Access.who`."""
        headers = request.scope["headers"]
        authorization = tuple(value.decode("latin-1") for name, value in headers if name == b"authorization")
        session = request.cookies.get(self._cookie)
        return await self._access.who(
            Credentials(
                authorization=authorization,
                session=session,
                query=request.scope["query_string"].decode("latin-1"),
                client=request.client.host if request.client else None,
                relayed=any(name in _RELAY_HEADERS for name, _ in headers),
                address=client_address(request),
                certificate=certificate_of(request.scope),
                agent=None if authorization or session else _agent_named(request),
            )
        )


def _agent_named(request: Request) -> str | None:
    """Return whom the address speaks of; only an open door, which asks for no credentials, goes by it."""
    return request.path_params.get("agent") or request.query_params.get("agent")
