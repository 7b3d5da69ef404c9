"""Is it really the PBX that calls? Each kind of proof is one row of `KINDS`; secrets are compared in constant time."""

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tieline.connectors.language.templates import constant_text
from tieline.connectors.manifest import inbound as declared
from tieline.domain.errors import VendorMisconfigured

Refusal = Literal["signature_missing", "signature_invalid"]


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """What arrived, raw. Header names in lower case; `path_tail`: what follows the connection's name in the URL."""

    method: str
    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    content_type: str
    body: bytes = field(repr=False)
    path_tail: str = field(default="", repr=False)


Verifier = Callable[[InboundRequest], Refusal | None]


def compile_verifier(verify: declared.Verify, config: Mapping[str, Any]) -> Verifier:
    """Return the check for one connection. Raises: VendorMisconfigured: the secret it compares with is empty."""
    return KINDS[verify.kind](verify, config)


def _none(_verify: declared.VerifyNone, _config: Mapping[str, Any]) -> Verifier:
    return lambda _request: None


def _static_header(verify: declared.VerifyHeader, config: Mapping[str, Any]) -> Verifier:
    expected, name = _secret(verify.value, config), verify.header.lower()
    return lambda request: _compare(request.headers.get(name), expected)


def _path_secret(verify: declared.VerifyPath, config: Mapping[str, Any]) -> Verifier:
    expected = _secret(verify.value, config)
    return lambda request: _compare(request.path_tail.strip("/") or None, expected)


def _basic(verify: declared.VerifyBasic, config: Mapping[str, Any]) -> Verifier:
    expected = f"{_secret(verify.username, config)}:{_secret(verify.password, config)}"

    def check(request: InboundRequest) -> Refusal | None:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return "signature_missing"
        try:
            given = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return "signature_invalid"
        return _compare(given, expected)

    return check


def _compare(given: str | None, expected: str) -> Refusal | None:
    if given is None:
        return "signature_missing"
    return None if hmac.compare_digest(given.encode(errors="surrogateescape"), expected.encode()) else "signature_invalid"


def _secret(template: str, config: Mapping[str, Any]) -> str:
    value = constant_text(template, config)
    if not value.strip():
        raise VendorMisconfigured("the secret that proves the sender is empty", code="secret_missing")
    return value


KINDS: Final[Mapping[str, Callable[[Any, Mapping[str, Any]], Verifier]]] = {
    "none": _none,
    "static_header": _static_header,
    "basic": _basic,
    "path_secret": _path_secret,
}
