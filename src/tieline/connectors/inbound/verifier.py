"""What every kind of proof shares: what it returns, how it compares, where it finds its secret."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from tieline.connectors.inbound.letter import Letter
from tieline.connectors.inbound.request import Refusal
from tieline.connectors.language.paths import parse
from tieline.connectors.language.templates import constant_text
from tieline.connectors.manifest.inbound_sources import paths_of
from tieline.connectors.signing.algorithms import equal
from tieline.domain.errors import VendorMisconfigured

Verifier = Callable[[Letter, datetime], Refusal | None]
LONGEST_PROOF: Final = 4096


def compare(given: object, expected: str) -> Refusal | None:
    """Compare in constant time; nothing given, or no text, is missing."""
    if not isinstance(given, str):
        return "signature_missing"
    return None if same(given, expected.encode()) else "signature_invalid"


def same(given: str, expected: bytes) -> bool:
    """Compare what was sent, whatever characters it is made of, with what is right."""
    return equal(given[:LONGEST_PROOF].encode(errors="surrogatepass"), expected)


def secret(template: str, config: Mapping[str, Any]) -> str:
    """Return a configured text. Raises: VendorMisconfigured: it is empty, and would prove anybody."""
    value = constant_text(template, config)
    if not value.strip():
        raise VendorMisconfigured("the secret that proves the sender is empty", code="secret_missing")
    return value


def wanted_roots(*sources: object) -> frozenset[str]:
    """Return the roots these sources read."""
    return frozenset(str(parse(path)[0]) for source in sources for path in paths_of(source))
