"""A statement about ourselves signed with our private key, traded for a token (RFC 7523, 2.1)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, RSAKey

from tieline.connectors.auth.vault import Kept
from tieline.domain.errors import VendorMisconfigured
from tieline.kit.clock import Clock

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_PEM: Final = re.compile(r"(-----BEGIN [A-Z ]+-----)\s*([A-Za-z0-9+/=\s]+?)\s*(-----END [A-Z ]+-----)")
_KEYS: Final[Mapping[str, Callable[[str], Key]]] = {
    "RS256": RSAKey.import_key,
    "PS256": RSAKey.import_key,
    "ES256": ECKey.import_key,
}


@dataclass(frozen=True, slots=True)
class Assertion:
    """Who says what to whom, in PEM and claims. `valid_s`: how long one statement holds."""

    claims: Mapping[str, str] = field(repr=False)
    header: Mapping[str, str]
    key: Key = field(repr=False)
    valid_s: int
    clock: Clock

    def __call__(self, _kept: Kept) -> Mapping[str, str]:
        """Write the form, with a statement made for this moment."""
        now_s = int(self.clock().timestamp())
        claims = {**self.claims, "iat": now_s, "exp": now_s + self.valid_s}
        header = dict(self.header)
        return {"grant_type": GRANT_TYPE, "assertion": jwt.encode(header, claims, self.key, algorithms=[header["alg"]])}


def private_key(pem: str, algorithm: str) -> Key:
    """Read a private key in PEM, even where a form has swallowed its line breaks.

    Raises: VendorMisconfigured: it is none, or not one for the algorithm.
    """
    try:
        # A form in which an administrator pastes a key may have made spaces of its line breaks.
        key = _KEYS[algorithm](_with_line_breaks(pem.replace("\\n", "\n")))
    except (JoseError, ValueError, TypeError) as exc:
        detail = f"the private key cannot be read; it must be a PEM for {algorithm}"
        raise VendorMisconfigured(detail, code="secret_invalid") from exc
    if not key.is_private:
        raise VendorMisconfigured("the private key is a public one", code="secret_invalid")
    return key


def _with_line_breaks(pem: str) -> str:
    found = _PEM.fullmatch(pem.strip())
    return "\n".join((found[1], *found[2].split(), found[3])) if found else pem
