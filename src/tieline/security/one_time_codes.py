"""Codes of an authenticator app: RFC 6238 with SHA-1, six digits, thirty seconds, which every app can do.

A code counts for its step of time and the one before and after it; which step it was is told, so that none is taken twice.
"""

from datetime import datetime
from typing import Final

import pyotp
from pyotp.utils import strings_equal

STEP_S: Final = 30
DIGITS: Final = 6
AROUND: Final = 1
"""Steps by which two clocks may differ (RFC 6238, 5.2)."""
ISSUER: Final = "Tieline"


def new_secret() -> str:
    """Return 160 random bits in base 32."""
    return pyotp.random_base32()


def address_of(secret: str, *, name: str) -> str:
    """Return the `otpauth://` address an app reads, usually as a picture."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S).provisioning_uri(name=name, issuer_name=ISSUER)


def step_of(code: str, secret: str, *, now: datetime) -> int | None:
    """Return the step of time that a code belongs to; None: it is none of this moment's. Always compares all of them."""
    made = pyotp.HOTP(secret, digits=DIGITS)
    present = int(now.timestamp()) // STEP_S
    steps = range(present - AROUND, present + AROUND + 1)
    fitting = [step for step in steps if strings_equal(made.at(step), code)]
    return fitting[0] if fitting else None
