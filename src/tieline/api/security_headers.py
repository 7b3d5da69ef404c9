"""Headers every answer carries, unless it brings its own.

Sources: OWASP HTTP Headers Cheat Sheet; CSP Level 3, "frame-ancestors" (both read 2026-11-22).
"""

from collections.abc import Iterable, Sequence
from typing import Final

Header = tuple[bytes, bytes]

DATA_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
"""For JSON: nothing in it is ever to be run, loaded or framed."""

_ALWAYS: Final[Sequence[Header]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", DATA_POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
    (b"cache-control", b"no-store"),
)
_ONLY_WITH_TLS: Final[Header] = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class StandingHeaders:
    """Adds what is missing. `tls`: browsers reach us by https, so they may be told to insist on it."""

    def __init__(self, *, tls: bool) -> None:
        self._headers = (*_ALWAYS, _ONLY_WITH_TLS) if tls else _ALWAYS

    def complete(self, given: Iterable[Header], *more: Header) -> list[Header]:
        """Return the given headers, then the standing ones not among them, then `more`."""
        headers = list(given)
        present = {name for name, _ in headers}
        headers.extend(header for header in self._headers if header[0] not in present)
        headers.extend(more)
        return headers
