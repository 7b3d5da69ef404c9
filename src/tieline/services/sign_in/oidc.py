"""Signing in with an OpenID provider: authorization code with PKCE, every check of the answer by hand and by name.

Sources: OpenID Connect Core 1.0, 3.1; RFC 6749, 4.1; RFC 7636; RFC 9207; RFC 9700 (read 2026-11-26). Behaviour S07, B74.
"""

import base64
import hmac
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

from tieline.connectors.wire.messages import Outgoing, Wire
from tieline.domain.errors import VendorBadAnswer
from tieline.kit.clock import Clock
from tieline.kit.deadline import Deadline
from tieline.security.id_tokens import Expected, LoggedOut, check_id_token, check_logout_token, proved_at
from tieline.security.json_web_tokens import KeyUnknown, TokenRefused, open_token, read_head
from tieline.services.sign_in.attempt import Attempt
from tieline.services.sign_in.file import OidcEntry, Roles, value_at
from tieline.services.sign_in.metadata import Doors, Metadata
from tieline.services.sign_in.provider import WITHIN_S, Identity, Returned, ask, fetch, with_query

FORM: Final = "application/x-www-form-urlencoded"
_ID_TOKEN_TYPES: Final = frozenset({"jwt"})
_LOGOUT_TOKEN_TYPES: Final = frozenset({"jwt", "logout+jwt"})


class OidcProvider:
    """One OpenID provider. `secret` None: we are a public client there, held by PKCE alone."""

    def __init__(self, entry: OidcEntry, secret: str | None, wire: Wire, *, clock: Clock, monotonic: Callable[[], float]) -> None:
        self._entry = entry
        self._secret = secret
        self._wire = wire
        self._clock = clock
        self._metadata = Metadata(entry.issuer, wire, monotonic)
        self.issuer = entry.issuer
        self.title = entry.title
        self.session_h = entry.session_h
        self.asks_each_time = False

    def agent_id(self, name: str) -> str | None:
        """Return which agent of ours somebody is; None: none."""
        return self._entry.agent_id(name)

    async def leave_for(self, attempt: Attempt, redirect_uri: str) -> str:
        """Return the address to send the browser to. Raises: ConnectorError: the provider's description is not to be had."""
        doors = await self._metadata.doors(Deadline.after(WITHIN_S))
        fields = {
            "response_type": "code",
            "client_id": self._entry.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(dict.fromkeys(("openid", *self._entry.scopes))),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        if self._entry.acr:
            fields["acr_values"] = " ".join(sorted(self._entry.acr))
        if attempt.agent:
            fields |= {"prompt": "login", "max_age": "0"}
        elif self._entry.max_age_s is not None:
            fields["max_age"] = str(self._entry.max_age_s)
        return with_query(doors.authorization, fields)

    async def identify(self, returned: Returned, attempt: Attempt, redirect_uri: str) -> Identity:
        """Return who came back. Raises: TokenRefused: something is not as it must be. ConnectorError: nobody was reached."""
        deadline = Deadline.after(WITHIN_S)
        doors = await self._metadata.doors(deadline)
        self._check_sender(returned, doors)
        tokens = await self._redeem(doors, returned.code(), attempt, redirect_uri, deadline=deadline)
        signed = read_head(tokens["id_token"], self._entry.algorithms)
        if signed.type not in _ID_TOKEN_TYPES:
            raise TokenRefused("token_header")
        claims = await self._opened(tokens["id_token"], deadline)
        expected = Expected(
            self._entry.issuer,
            self._entry.client_id,
            attempt.nonce,
            tokens["access_token"],
            signed.algorithm,
            self._entry.acr,
            self._entry.amr,
            self._entry.max_age_s,
            proved_after=attempt.begun_at if attempt.agent else None,
        )
        subject = check_id_token(claims, expected, now=self._clock())
        told = await self._told(claims, subject, doors, tokens["access_token"], deadline=deadline)
        session = claims.get("sid")
        return Identity(
            issuer=self.issuer,
            subject=subject,
            name=_name(told, self._entry.claim),
            role=_role(told, self._entry.roles),
            session=session if isinstance(session, str) else None,
            proved_at=proved_at(claims, now=self._clock()),
        )

    async def leave_address(self, back: str) -> str | None:
        """Return where the provider ends its own session. It is shown no token: one would put a name into an address.

        Source: OpenID Connect RP-Initiated Logout 1.0, section 2 (read 2026-11-26): without a hint the provider asks the person.
        """
        doors = await self._metadata.doors(Deadline.after(WITHIN_S))
        fields = {"client_id": self._entry.client_id, "post_logout_redirect_uri": back}
        return with_query(doors.end_session, fields) if doors.end_session else None

    async def logged_out(self, token: str) -> LoggedOut:
        """Return whose sessions a logout token ends. Raises: TokenRefused, ConnectorError."""
        if read_head(token, self._entry.algorithms).type not in _LOGOUT_TOKEN_TYPES:
            raise TokenRefused("token_header")
        claims = await self._opened(token, Deadline.after(WITHIN_S))
        return check_logout_token(claims, issuer=self._entry.issuer, client_id=self._entry.client_id, now=self._clock())

    def _check_sender(self, returned: Returned, doors: Doors) -> None:
        """Refuse an answer that another provider sent (mix-up, RFC 9207): one that names itself must do so, and rightly."""
        sender = returned.fields.get("iss")
        if (sender is None and doors.names_itself) or (sender is not None and sender != self._entry.issuer):
            raise TokenRefused("answer_issuer")

    async def _redeem(
        self, doors: Doors, code: str, attempt: Attempt, redirect_uri: str, *, deadline: Deadline
    ) -> dict[str, str]:
        """Exchange the code; it is sent once. Raises: TokenRefused. ConnectorError."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }
        headers = {"content-type": FORM, "accept": "application/json"}
        if self._secret is None or doors.secret_in_body:
            fields["client_id"] = self._entry.client_id
        if self._secret is not None and doors.secret_in_body:
            fields["client_secret"] = self._secret
        elif self._secret is not None:
            headers["authorization"] = _basic(self._entry.client_id, self._secret)
        outgoing = Outgoing("POST", doors.token, headers=headers, body=urlencode(fields).encode())
        status, answer = await ask(self._wire, outgoing, deadline=deadline)
        if status != 200 or "error" in answer:  # noqa: PLR2004 - OK
            raise TokenRefused("code_refused")
        return _tokens(answer)

    async def _opened(self, token: str, deadline: Deadline) -> Mapping[str, Any]:
        """Return the claims; under a key nobody knows yet, the keys are fetched anew, if the last time is not too near."""
        signed = read_head(token, self._entry.algorithms)
        try:
            return open_token(signed, await self._metadata.keys(deadline))
        except KeyUnknown:
            return open_token(signed, await self._metadata.keys(deadline, newer=True))

    async def _told(
        self, claims: Mapping[str, Any], subject: str, doors: Doors, access_token: str, *, deadline: Deadline
    ) -> Mapping[str, Any]:
        """Return the claims we need; those the token does not have are asked for, of the same person."""
        needed = [self._entry.claim, *([self._entry.roles.claim] if self._entry.roles else [])]
        if doors.userinfo is None or all(value_at(claims, each) is not None for each in needed):
            return claims
        headers = {"authorization": f"Bearer {access_token}"}
        more = await fetch(self._wire, doors.userinfo, deadline=deadline, headers=headers)
        if not isinstance(more.get("sub"), str) or not hmac.compare_digest(more["sub"].encode(), subject.encode()):
            raise TokenRefused("userinfo_subject")
        return {**more, **claims}


def _basic(client_id: str, secret: str) -> str:
    """Return the header of RFC 6749, 2.3.1: both parts form-encoded first."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _tokens(answer: Mapping[str, Any]) -> dict[str, str]:
    found = {name: answer.get(name) for name in ("id_token", "access_token")}
    if not all(isinstance(token, str) and token.isascii() and token.isprintable() for token in found.values()):
        raise TokenRefused("token_missing")
    if str(answer.get("token_type", "")).lower() != "bearer":
        raise VendorBadAnswer("the sign-in service gives out tokens of a type we do not know")
    return {name: str(token) for name, token in found.items()}


def _name(told: Mapping[str, Any], claim: str) -> str:
    name = value_at(told, claim)
    if not isinstance(name, str) or not name:
        raise TokenRefused("name_missing")
    return name


def _role(told: Mapping[str, Any], roles: Roles | None) -> str | None:
    """Return the first role that one of somebody's groups means. Raises: TokenRefused: none does."""
    if roles is None:
        return None
    found = value_at(told, roles.claim)
    groups = {each for each in (found if isinstance(found, list) else [found]) if isinstance(each, str)}
    for group, role in roles.values.items():
        if group in groups:
            return role
    raise TokenRefused("no_role")
