"""Which networks an address lies in, and whose it is behind proxies of ours."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from tieline.domain.errors import ConfigRefused

Networks = tuple[IPv4Network | IPv6Network, ...]


def networks(written: Sequence[str]) -> Networks:
    """Read addresses and CIDR networks. Raises: ConfigRefused: one is neither."""
    try:
        return tuple(ip_network(text.strip()) for text in written if text.strip())
    except ValueError as exc:
        raise ConfigRefused("something there is no address and no network", code="network_invalid") from exc


def address_of(peer: str, forwarded: Sequence[str], proxies: Networks) -> str:
    """Return the sender's address, from that of the peer and the lines of `X-Forwarded-For`."""
    if not proxies or not is_within(peer, proxies):
        return peer
    told = [part.strip() for line in forwarded for part in line.split(",")]
    return next((part for part in reversed(told) if part and not is_within(part, proxies)), peer)


@lru_cache(maxsize=4096)
def is_within(address: str, proxies: Networks) -> bool:
    """Say whether an address lies in one of some networks; what is no address lies nowhere."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in proxies)
