"""Is it really the system that calls? Each kind of proof is one row of `KINDS`; secrets are compared in constant time."""

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from tieline.connectors.inbound.letter import Letter
from tieline.connectors.inbound.request import Refusal
from tieline.connectors.language.templates import constant_text
from tieline.connectors.manifest import inbound_proof as declared
from tieline.domain.errors import VendorMisconfigured

Verifier = Callable[[Letter, datetime], Refusal | None]


def compile_verifier(verify: declared.Verify, config: Mapping[str, Any]) -> Verifier:
    """Return the check for one connection. Raises: VendorMisconfigured: the secret it compares with is empty."""
    return KINDS[verify.kind](verify, config)


def _none(_verify: declared.VerifyNone, _config: Mapping[str, Any]) -> Verifier:
    return lambda _letter, _now: None


def _static_header(verify: declared.VerifyHeader, config: Mapping[str, Any]) -> Verifier:
    expected, name = _secret(verify.value, config), verify.header.lower()
    return lambda letter, _now: _compare(letter.request.headers.get(name), expected)


def _path_secret(verify: declared.VerifyPath, config: Mapping[str, Any]) -> Verifier:
    expected = _secret(verify.value, config)
    return lambda letter, _now: _compare(letter.request.path_tail.strip("/") or None, expected)


def _basic(verify: declared.VerifyBasic, config: Mapping[str, Any]) -> Verifier:
    expected = f"{_secret(verify.username, config)}:{_secret(verify.password, config)}"

    def check(letter: Letter, _now: datetime) -> Refusal | None:
        scheme, _, encoded = letter.request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return "signature_missing"
        try:
            given = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
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
