"""Is it really the system that calls? Each kind of proof is one row of `KINDS`; secrets are compared in constant time."""

import base64
import binascii
import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from tieline.connectors.inbound.fields import compile_source
from tieline.connectors.inbound.letter import Letter
from tieline.connectors.inbound.request import Refusal
from tieline.connectors.inbound.signatures import compile_signature
from tieline.connectors.inbound.standard_webhooks import compile_standard_webhooks
from tieline.connectors.inbound.timestamps import compile_timestamp
from tieline.connectors.inbound.verifier import Verifier, compare, secret, wanted_roots
from tieline.connectors.language.conditions import compile_conditions, paths_in
from tieline.connectors.language.templates import constant_text
from tieline.connectors.manifest import inbound_proof as declared
from tieline.domain.errors import VendorMisconfigured


def compile_verifier(proofs: Sequence[Any], config: Mapping[str, Any]) -> Verifier:
    """Return the check for one connection: every proof must hold. Raises: VendorMisconfigured: a secret is empty."""
    checks = [_compile(proof, config) for proof in proofs]

    def check(letter: Letter, now: datetime) -> Refusal | None:
        return next((refused for one in checks if (refused := one(letter, now))), None)

    return check


def _compile(proof: Any, config: Mapping[str, Any]) -> Verifier:  # noqa: ANN401 - any row of KINDS
    match proof:
        case declared.VerifyAny():
            return _any_of(list(_usable(proof.any, config)))
        case declared.VerifyAll():
            return compile_verifier(proof.all, config)
        case _:
            return KINDS[proof.kind](proof, config)


def _usable(proofs: Sequence[Any], config: Mapping[str, Any]) -> Iterator[Verifier]:
    """Yield the alternatives that are configured; fewer of them only let fewer in. Raises: VendorMisconfigured: none is."""
    lacking: VendorMisconfigured | None = None
    left = len(proofs)
    for proof in proofs:
        try:
            yield _compile(proof, config)
        except VendorMisconfigured as exc:
            if exc.code != "secret_missing":
                raise
            lacking, left = exc, left - 1
    if lacking is not None and not left:
        raise lacking


def _any_of(checks: Sequence[Verifier]) -> Verifier:
    """When none holds, tell of one that was tried rather than of one that was not there."""

    def check(letter: Letter, now: datetime) -> Refusal | None:
        refusals: list[Refusal] = []
        for one in checks:
            refused = one(letter, now)
            if refused is None:
                return None
            refusals.append(refused)
        return next((refused for refused in refusals if refused != "signature_missing"), "signature_missing")

    return check


def _none(_verify: declared.VerifyNone, _config: Mapping[str, Any]) -> Verifier:
    return lambda _letter, _now: None


def _static_header(verify: declared.VerifyHeader, config: Mapping[str, Any]) -> Verifier:
    expected, name = secret(verify.value, config), verify.header.lower()
    return lambda letter, _now: compare(letter.request.headers.get(name), expected)


def _static(verify: declared.VerifyStatic, config: Mapping[str, Any]) -> Verifier:
    expected, read, wanted = secret(verify.value, config), compile_source(verify.at, config), wanted_roots(verify.at)
    return lambda letter, _now: compare(read(letter.roots(wanted)), expected)


def _path_secret(verify: declared.VerifyPath, config: Mapping[str, Any]) -> Verifier:
    expected = secret(verify.value, config)
    return lambda letter, _now: compare(letter.request.path_tail.strip("/") or None, expected)


def _basic(verify: declared.VerifyBasic, config: Mapping[str, Any]) -> Verifier:
    expected = f"{secret(verify.username, config)}:{secret(verify.password, config)}"

    def check(letter: Letter, _now: datetime) -> Refusal | None:
        scheme, _, encoded = letter.request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return "signature_missing"
        try:
            given = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            return "signature_invalid"
        return compare(given, expected)

    return check


def _address(verify: declared.VerifyAddress, config: Mapping[str, Any]) -> Verifier:
    try:
        networks = [
            ipaddress.ip_network(each, strict=False) for each in constant_text(verify.allow, config).replace(",", " ").split()
        ]
    except ValueError as exc:
        raise VendorMisconfigured(
            "the list of addresses holds something that is none; write 203.0.113.0/24, 198.51.100.7"
        ) from exc

    def check(letter: Letter, _now: datetime) -> Refusal | None:
        if not networks:
            return None
        try:
            peer = ipaddress.ip_address(letter.request.peer)
        except ValueError:
            return "signature_missing"
        return None if any(peer in network for network in networks) else "signature_invalid"

    return check


def _condition(verify: declared.VerifyCondition, _config: Mapping[str, Any]) -> Verifier:
    holds, wanted = compile_conditions(verify.when), wanted_roots(*paths_in(verify.when))
    return lambda letter, _now: None if holds(letter.roots(wanted)) else "signature_missing"


KINDS: Final[Mapping[str, Callable[[Any, Mapping[str, Any]], Verifier]]] = {
    "none": _none,
    "static_header": _static_header,
    "static": _static,
    "basic": _basic,
    "path_secret": _path_secret,
    "ip": _address,
    "condition": _condition,
    "timestamp": compile_timestamp,
    "signature": compile_signature,
    "standard_webhooks": compile_standard_webhooks,
}
