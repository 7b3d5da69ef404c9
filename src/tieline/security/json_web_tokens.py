"""Opens signed tokens of an identity provider: only with its own keys, only by algorithms we chose, read in one way only.

Sources: RFC 7515 (JWS), RFC 7517 (JWK), RFC 8725 (JWT best current practices), read 2026-11-26.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode

from tieline.domain.errors import NotSignedIn

LONGEST_TOKEN: Final = 16_384
"""Characters. A token with two hundred groups has some ten thousand."""
SHORTEST_RSA_BITS: Final = 2048
MOST_KEYS: Final = 100
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"]
USUAL_ALGORITHMS: Final[tuple[Algorithm, ...]] = ("RS256", "PS256", "ES256", "Ed25519")

_KEY_TYPES: Final[Mapping[str, str]] = {"R": "RSA", "P": "RSA", "E": "EC"}
"""By the algorithm's first letter; `Ed25519` is told apart before."""
_CURVES: Final[Mapping[str, str]] = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "Ed25519": "Ed25519"}
_OLDER_NAMES: Final[Mapping[str, str]] = {"Ed25519": "EdDSA"}
"""RFC 9864 gave the algorithm of a key its own name."""
_ELSEWHERE: Final = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64"})
"""Headers that bring a key along, point to one, or change how the token is to be read."""


class TokenRefused(NotSignedIn):
    """A token, or the answer it came in, is not what was asked for. `why` is one of our own words, for log and audit."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why


class KeyUnknown(TokenRefused):
    """No key of those known has the name this token was signed under; newer ones may."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The head of a token, before anything of it is believed."""

    text: str
    algorithm: str
    key_id: str | None
    type: str


def read_head(text: str, algorithms: Sequence[str]) -> Signed:
    """Return the head of a compact token. Raises: TokenRefused: too long, no token, another algorithm, a key of its own."""
    if len(text) > LONGEST_TOKEN or not text.isascii() or text.count(".") != 2:  # noqa: PLR2004 - a JWS has three parts
        raise TokenRefused("token_form")
    head = _object(_decoded(text.partition(".")[0]))
    algorithm, key_id, kind = head.get("alg"), head.get("kid"), head.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise TokenRefused("token_algorithm")
    if _ELSEWHERE & head.keys():
        raise TokenRefused("token_header")
    if not isinstance(kind, str) or not (key_id is None or isinstance(key_id, str)):
        raise TokenRefused("token_header")
    return Signed(text, algorithm, key_id, kind.lower().removeprefix("application/"))


def open_token(signed: Signed, keys: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the claims of a token one of `keys` (JWK) signed. Raises: KeyUnknown. TokenRefused: the signature is wrong."""
    fitting = [key for key in keys[:MOST_KEYS] if _fits(key, signed)]
    if not fitting:
        raise KeyUnknown("token_key")
    for jwk in fitting:
        payload = _verified(signed, jwk)
        if payload is not None:
            return _object(payload)
    raise TokenRefused("token_signature")


def _fits(jwk: Mapping[str, Any], signed: Signed) -> bool:
    """Say whether a key may have signed a token: kind, curve, use, declared algorithm, name."""
    kind = "OKP" if signed.algorithm == "Ed25519" else _KEY_TYPES[signed.algorithm[0]]
    return (
        jwk.get("kty") == kind
        and jwk.get("crv") == _CURVES.get(signed.algorithm)
        and jwk.get("use", "sig") == "sig"
        and jwk.get("alg", signed.algorithm) in {signed.algorithm, _OLDER_NAMES.get(signed.algorithm)}
        and (signed.key_id is None or jwk.get("kid") == signed.key_id)
    )


def _verified(signed: Signed, jwk: Mapping[str, Any]) -> bytes | None:
    """Return the payload; None: this key did not sign it, or is too weak to count."""
    public = {name: jwk[name] for name in ("kty", "crv", "n", "e", "x", "y") if isinstance(jwk.get(name), str)}
    try:
        if public["kty"] == "RSA" and int.from_bytes(_decoded(public["n"])).bit_length() < SHORTEST_RSA_BITS:
            return None
        key = _key(public)
        registry = jws.JWSRegistry(algorithms=[signed.algorithm], strict_check_header=False)
        return jws.deserialize_compact(signed.text, key, registry=registry).payload
    except (JoseError, KeyError, ValueError, TokenRefused):
        return None


def _key(public: dict[str, Any]) -> RSAKey | ECKey | OKPKey:
    kinds: Mapping[str, type[RSAKey | ECKey | OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    return kinds[public["kty"]].import_key(public)


def _decoded(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part.encode("ascii"))
    except ValueError as exc:
        raise TokenRefused("token_form") from exc


def _object(text: bytes) -> dict[str, Any]:
    """Read a JSON object that says nothing twice and holds no number that JSON has not. Raises: TokenRefused."""
    try:
        orjson.loads(text)  # a strict second opinion: what two parsers read differently is read by neither
        value = json.loads(text, object_pairs_hook=_said_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as exc:
        raise TokenRefused("token_form") from exc
    if not isinstance(value, dict):
        raise TokenRefused("token_form")
    return value


def _said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key stands twice"
        raise ValueError(message)
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)
