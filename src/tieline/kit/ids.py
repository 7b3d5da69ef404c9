"""Identifiers made in Python, so that every Postgres from 15 on can store them."""

import secrets
import uuid
from datetime import datetime


def opaque_token(entropy_bytes: int = 24) -> str:
    """Return a URL-safe secret; 24 bytes are 192 bits of entropy."""
    return secrets.token_urlsafe(entropy_bytes)


def time_ordered_id(now: datetime) -> str:
    """Return a UUID version 7 (RFC 9562, 5.7) for the instant `now`, so that index pages fill in order."""
    milliseconds = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    random_bits = secrets.randbits(74)
    value = milliseconds << 80 | 0x7 << 76 | (random_bits >> 62) << 64 | 0b10 << 62 | random_bits & ((1 << 62) - 1)
    return str(uuid.UUID(int=value))
