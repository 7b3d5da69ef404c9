"""Why something that arrived is turned away, as the error whose answer its sender gets."""

from collections.abc import Mapping
from typing import Final

from tieline.connectors.inbound.request import Refusal
from tieline.domain.errors import BodyMalformed, NotSignedIn, TielineError

NOT_PROVEN: Final = frozenset({"signature_missing", "signature_invalid", "timestamp_stale", "timestamp_invalid"})
_CODES: Final[Mapping[Refusal, tuple[str, int]]] = {
    "method_not_allowed": ("method_not_allowed", 405),
    "unsupported_media_type": ("media_type", 415),
}


def refusal_of(why: Refusal) -> TielineError:
    """Return the error; its text holds nothing of what arrived."""
    if why in NOT_PROVEN:
        return NotSignedIn(code=why)
    code, status = _CODES.get(why, (why, 400))
    return BodyMalformed(code=code, http_status=status)
