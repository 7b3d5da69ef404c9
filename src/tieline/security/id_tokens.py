"""What a token of an identity provider must say before we believe who somebody is, claim by claim.

Sources: OpenID Connect Core 1.0, 3.1.3.7 and 3.1.3.6 (at_hash); OpenID Connect Back-Channel Logout 1.0, 2.4-2.6
(https://openid.net/specs/, read 2026-11-26). Behaviour S07, B74.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard

from tieline.security.json_web_tokens import TokenRefused

LEEWAY_S: Final = 60
"""How far two clocks may be apart (S07: at most 60 s)."""
OLDEST_S: Final = 600
"""A token is fetched the moment a sign-in ends; one issued longer ago belongs to another."""
LONGEST_LIFE_S: Final = 24 * 3600
LONGEST_SUBJECT: Final = 255
"""OpenID Connect Core 1.0, section 2: `sub` has at most 255 ASCII characters."""
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """What one sign-in must come back with. Empty `acr` and `amr` ask for nothing; None neither."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    algorithm: str
    acr: frozenset[str] = frozenset()
    amr: frozenset[str] = frozenset()
    max_age_s: int | None = None
    proved_after: datetime | None = None


def check_id_token(claims: Claims, expected: Expected, *, now: datetime) -> str:
    """Return whom the token is about (`sub`). Raises: TokenRefused: naming the first check that failed."""
    now_s = now.timestamp()
    checks: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("token_issuer", lambda: claims.get("iss") == expected.issuer),
        ("token_audience", lambda: _is_for_us(claims, expected.client_id)),
        ("token_expired", lambda: _lasts(claims, now_s)),
        ("token_issued", lambda: _is_fresh(claims.get("iat"), now_s)),
        ("token_not_yet", lambda: "nbf" not in claims or _is_past(claims["nbf"], now_s)),
        ("token_nonce", lambda: _same(claims.get("nonce"), expected.nonce)),
        ("token_access_hash", lambda: "at_hash" not in claims or _same(claims["at_hash"], _half_hash(expected))),
        ("token_acr", lambda: not expected.acr or claims.get("acr") in expected.acr),
        ("token_amr", lambda: expected.amr <= _words(claims.get("amr"))),
        ("token_auth_time", lambda: expected.max_age_s is None or _is_recent(claims, expected.max_age_s, now_s)),
        ("token_not_anew", lambda: expected.proved_after is None or _is_anew(claims, expected.proved_after, now_s)),
    )
    _pass_all(checks)
    return _subject(claims)


def proved_at(claims: Claims, *, now: datetime) -> datetime | None:
    """Return when somebody showed who they are, as a checked token says (`auth_time`); None: it does not."""
    told = claims.get("auth_time")
    if not _is_past(told, now.timestamp()) or told <= 0:
        return None
    return min(datetime.fromtimestamp(told, UTC), now)


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """Whose sessions end: all of a subject, or the one session the provider names."""

    issuer: str
    subject: str | None
    session: str | None
    token_id: str


def check_logout_token(claims: Claims, *, issuer: str, client_id: str, now: datetime) -> LoggedOut:
    """Return what a logout token ends. Raises: TokenRefused: naming the first check that failed."""
    now_s = now.timestamp()
    events = claims.get("events")
    subject, session, token_id = claims.get("sub"), claims.get("sid"), claims.get("jti")
    checks: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("token_issuer", lambda: claims.get("iss") == issuer),
        ("token_audience", lambda: _is_for_us(claims, client_id)),
        ("token_expired", lambda: _lasts(claims, now_s)),
        ("token_issued", lambda: _is_fresh(claims.get("iat"), now_s)),
        ("token_event", lambda: isinstance(events, dict) and isinstance(events.get(LOGOUT_EVENT), dict)),
        ("token_nonce", lambda: "nonce" not in claims),
        ("token_subject", lambda: _text(subject) or _text(session)),
        ("token_id", lambda: _text(token_id)),
    )
    _pass_all(checks)
    return LoggedOut(
        issuer, subject=subject if _text(subject) else None, session=session if _text(session) else None, token_id=str(token_id)
    )


def _pass_all(checks: tuple[tuple[str, Callable[[], bool]], ...]) -> None:
    for name, holds in checks:
        if not holds():
            raise TokenRefused(name)


def _is_for_us(claims: Claims, client_id: str) -> bool:
    """We are the audience; beside others only where `azp` says that it was asked for by us."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    party = claims.get("azp")
    if client_id not in audiences or not (party is None or party == client_id):
        return False
    return len(audiences) == 1 or party == client_id


def _lasts(claims: Claims, now_s: float) -> bool:
    ends = claims.get("exp")
    return _is_time(ends) and now_s - LEEWAY_S < ends <= now_s + LONGEST_LIFE_S


def _is_fresh(issued: object, now_s: float) -> bool:
    return _is_past(issued, now_s) and issued > now_s - OLDEST_S


def _is_past(instant: object, now_s: float) -> TypeGuard[float]:
    return _is_time(instant) and instant <= now_s + LEEWAY_S


def _is_recent(claims: Claims, max_age_s: int, now_s: float) -> bool:
    proved = claims.get("auth_time")
    return _is_past(proved, now_s) and proved + max_age_s + LEEWAY_S >= now_s


def _is_anew(claims: Claims, after: datetime, now_s: float) -> bool:
    proved = claims.get("auth_time")
    return _is_past(proved, now_s) and proved + LEEWAY_S >= after.timestamp()


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(given: object, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())


def _half_hash(expected: Expected) -> str:
    """Return the left half of the access token's hash, by the hash the token's own algorithm uses."""
    bits = "512" if expected.algorithm == "Ed25519" else expected.algorithm[-3:]
    digest = hashlib.new(f"sha{bits}", expected.access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _words(value: object) -> frozenset[str]:
    return frozenset(word for word in value if isinstance(word, str)) if isinstance(value, list) else frozenset()


def _text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_SUBJECT and value.isprintable()


def _subject(claims: Claims) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not _text(subject):
        raise TokenRefused("token_subject")
    return subject
