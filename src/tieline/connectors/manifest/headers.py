"""Which headers a file may set, and what no name in a header can hold (behaviour B71)."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator

HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
# What the transport itself writes; a second copy from a file would smuggle or override.
OWN_HEADERS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect", "accept-encoding"}
)
GUARDED_HEADERS: Final = OWN_HEADERS | {"authorization", "proxy-authorization", "cookie"}


def _named(text: str) -> str:
    if not HEADER_NAME.fullmatch(text):
        message = f"{text[:40]!r} is not a header name"
        raise ValueError(message)
    return text


def header_name(text: str) -> str:
    """Accept a header an operation may set. Raises: ValueError: not a header name, or one that is not for a file to set."""
    if _named(text).lower() in GUARDED_HEADERS:
        message = f"the header {text} is set by the engine; credentials belong under auth:"
        raise ValueError(message)
    return text


def credential_header(text: str) -> str:
    """Accept a header that credentials may stand in. Raises: ValueError: no header name, or one the transport writes itself."""
    if _named(text).lower() == "cookie":
        raise ValueError("the header Cookie is not for a file to set; write cookie: NAME")
    if text.lower() in OWN_HEADERS:
        message = f"the header {text} is not for a file to set"
        raise ValueError(message)
    return text


def cookie_name(text: str) -> str:
    """Accept the name of a cookie. Raises: ValueError: it is none."""
    if not HEADER_NAME.fullmatch(text):
        message = f"{text[:40]!r} is not the name of a cookie"
        raise ValueError(message)
    return text


HeaderName = Annotated[str, AfterValidator(header_name)]
CredentialHeader = Annotated[str, AfterValidator(credential_header)]
CookieName = Annotated[str, AfterValidator(cookie_name)]
