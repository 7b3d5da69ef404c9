"""A stand-in for a number in places that must be searchable but must not hold it: audit, logs, metrics.

HMAC-SHA-256 (RFC 2104, FIPS 180-4) under a key of this deployment, cut to 64 bits: enough to tell a few billion numbers
apart in practice, useless to anyone without the key.
"""

import hashlib
import hmac


class Pseudonyms:
    """Makes the same stand-in for the same text, under a key of at least 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) < hashlib.sha256().digest_size:
            message = "the pseudonym key must have at least 32 bytes"
            raise ValueError(message)
        self._keyed = hmac.new(key, digestmod="sha256")

    def of(self, kind: str, text: str) -> str:
        """Return `kind#` and 16 hexadecimal digits."""
        mac = self._keyed.copy()
        mac.update(f"{kind}\x1f{text}".encode())
        return f"{kind}#{mac.digest()[:8].hex()}"
