"""Passwords of local administrators: how long one is, and argon2id, which makes guessing from a copy dear.

Sources: NIST SP 800-63B-4, 3.1.1.2 (fifteen characters, no rules of composition); RFC 9106, 4 (the second recommended choice of
parameters, which argon2-cffi takes by default); read 2026-11-26.
"""

import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from tieline.domain.errors import ConfigRefused

SHORTEST: Final = 15
LONGEST: Final = 128
FEWEST_DIFFERENT: Final = 6
_HASHER: Final = PasswordHasher()
STAND_IN: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$c3RhbmQtaW4tc2FsdC0wMQ$Zm9yLW5vYm9keS1hdC1hbGwsLW9mLW5vLXBhc3N3b3I"  # of no password
)
"""Verified where there is nobody of the name, so that it takes as long as where there is."""


def require_strong(password: str, *, name: str) -> None:
    """Raises: ConfigRefused: too short, too long, of few characters, or made of the name."""
    written = normal(password)
    if not SHORTEST <= len(written) <= LONGEST:
        raise ConfigRefused(f"a password has {SHORTEST} to {LONGEST} characters", code="password_length")
    if len(set(written)) < FEWEST_DIFFERENT or name.casefold() in written.casefold() or "tieline" in written.casefold():
        raise ConfigRefused(
            "a password repeats neither itself, nor the name, nor ours", code="password_weak", hint="Let a generator make one."
        )


def digest(password: str) -> str:
    """Return what is kept of a password."""
    return _HASHER.hash(normal(password))


def fits(password: str, kept: str) -> bool:
    """Say whether this is the password. Costs tens of milliseconds and 64 MiB; leave it to a thread."""
    try:
        return _HASHER.verify(kept, normal(password[: 2 * LONGEST]))
    except (VerifyMismatchError, InvalidHashError):
        return False


def normal(password: str) -> str:
    """Return it as every keyboard would send it (NFKC)."""
    return unicodedata.normalize("NFKC", password)
