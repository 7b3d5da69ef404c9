"""Numbers used once, as vendors want them written. Not a secret, but never the same twice."""

import secrets
import uuid
from collections.abc import Callable, Mapping
from typing import Final

NONCES: Final[Mapping[str, Callable[[], str]]] = {
    "hex_32": lambda: secrets.token_hex(16),
    "digits_6": lambda: f"{secrets.randbelow(10**6):06d}",
    "digits_10": lambda: f"{secrets.randbelow(10**10):010d}",
    "uuid": lambda: str(uuid.uuid4()),
}


def draw_nonce(kind: str) -> str:
    """Return a fresh one."""
    return NONCES[kind]()
