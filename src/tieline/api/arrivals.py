"""What other systems send us, taken as it came: spelling, character set and repetitions are for the manifest to judge."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request, Response

from tieline.api.body_turns import BodyReader
from tieline.api.strict_body import refuse_compression
from tieline.connectors.inbound.request import InboundRequest, Reply
from tieline.security.declarations import public

VERIFIED: Final = public("the connection's manifest says how the sender proves itself, and its proof is checked first")
PUBLIC_URL: Final = "public_url"
"""Where the application keeps how others reach us: behind a proxy, what a sender signed is not what arrives here."""


async def arrived(request: Request, connection: str, *, path_tail: str = "") -> InboundRequest:
    """Return a request as it came, its body within the bounds of the connection it is for.

    Raises: BodyMalformed: it is compressed. NotFound. Overloaded. HTTPException: it is too large.
    """
    refuse_compression(request.headers)
    bodies: BodyReader = request.app.state.bodies
    query = request.scope["query_string"].decode("latin-1")
    return InboundRequest(
        method=request.method,
        headers=_headers(request.scope["headers"]),
        query=query,
        content_type=request.headers.get("content-type", ""),
        body=await bodies.read(request, connection),
        path_tail=path_tail,
        url=f"{_origin(request)}{_raw_path(request.scope)}{f'?{query}' if query else ''}",
        peer=request.client.host if request.client else "",
    )


def answered(reply: Reply) -> Response:
    """Return what the sender is told, in its own words."""
    headers = {
        **reply.headers,
        **({"Content-Type": reply.content_type} if reply.body or reply.status == HTTPStatus.NO_CONTENT else {}),
    }
    return Response(reply.body, status_code=reply.status, headers=headers)


def _headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """One header given several times is one list (RFC 9110, 5.3)."""
    found: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _origin(request: Request) -> str:
    public_url: str = getattr(request.app.state, PUBLIC_URL, "")
    return public_url.rstrip("/") or f"{request.url.scheme}://{request.headers.get('host', '')}"


def _raw_path(scope: Any) -> str:  # noqa: ANN401 - ASGI's scope
    """Return the path as it was written; a decoded one would not be what was signed."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.partition(b"?")[0].decode("latin-1")
