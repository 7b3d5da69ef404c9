"""Where a request comes from: the peer, or whom a front proxy of ours says it speaks for."""

from fastapi import Request

from tieline.security.networks import address_of


def client_address(request: Request) -> str:
    """Return the sender's address. `X-Forwarded-For` is believed from our own proxies alone, and of it what they wrote last."""
    peer = request.client.host if request.client else ""
    return address_of(peer, request.headers.getlist("x-forwarded-for"), getattr(request.app.state, "front_proxies", ()))
