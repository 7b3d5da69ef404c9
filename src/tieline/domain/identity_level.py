"""How far we may trust who is calling: 0 unknown, 1 by number, 2 by number and recent context, 3 verified in this call."""

from collections.abc import Mapping

from tieline.domain.screen_pop import IdentityLevel, MatchState

RULES_OF_THE_LINE = frozenset(
    {"several", "shared", "remembered", "without_extension", "other_extension", "company", "contradiction"}
)
"""Rules that found a line and not one person; whoever is chosen then, the number proves nothing."""

_EXACT_RULES = frozenset({"direct", "extension", "national", "token", "choice"}) | RULES_OF_THE_LINE
_LEVEL_OF_STATE: Mapping[MatchState, IdentityLevel] = {"withheld": 0, "internal": 0, "none": 0}


def identity_level(
    state: MatchState, rule: str, *, verified: bool = False, recent: bool = False, shared: bool = False
) -> IdentityLevel:
    """Return the level. `verified`: by PIN, order number and name, or OTP, in this call; `recent`: an open order or ticket."""
    if state == "known" and verified:
        return 3
    if state in _LEVEL_OF_STATE or rule not in _EXACT_RULES:
        return 0
    line_only = shared or rule in RULES_OF_THE_LINE
    return 2 if state == "known" and recent and not line_only else 1
