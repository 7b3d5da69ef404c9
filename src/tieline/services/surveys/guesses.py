"""Who names too many pages that do not exist is not answered for a while: nobody shall guess tokens or keep the database busy.

Counted by address and process, in memory. Only misses count; a page that exists never does.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Final

from tieline.domain.errors import RateLimited

MOST: Final = 30
WITHIN_S: Final = 600.0
ADDRESSES: Final = 20_000
"""Addresses remembered at once; beyond it, those that missed longest ago are forgotten."""
SITE_BITS: Final = 64
"""Of an IPv6 address only the network counts: the rest is chosen freely by whoever has it."""


@dataclass(slots=True)
class Guesses:
    """Misses by address, the latest address last."""

    monotonic_s: Callable[[], float]
    misses: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    def check(self, address: str) -> None:
        """Raises: RateLimited: too many misses came from there."""
        known = self.misses.get(site_of(address))
        if known is None or len(known) < MOST:
            return
        left_s = known[0] + WITHIN_S - self.monotonic_s()
        if left_s > 0:
            raise RateLimited("Too many pages that do not exist.", retry_after_s=left_s)

    def miss(self, address: str) -> None:
        """Note a page that does not exist."""
        site = site_of(address)
        self.misses.setdefault(site, deque(maxlen=MOST)).append(self.monotonic_s())
        self.misses.move_to_end(site)
        if len(self.misses) > ADDRESSES:
            self.misses.popitem(last=False)


def site_of(address: str) -> str:
    """Return what is counted of an address."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(found.packed[: SITE_BITS // 8].hex())
    return str(found)
