"""The grants of OAuth 2.0 that need no browser: trade what we hold for a token (RFC 6749, RFC 7523)."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

from tieline.connectors.answers.read import read_answer
from tieline.connectors.auth.judging import Judge
from tieline.connectors.auth.taking import sendable
from tieline.connectors.auth.token import LONGEST_LIFETIME_S, REAUTHORISE, Token
from tieline.connectors.auth.vault import Kept
from tieline.connectors.manifest.answers import OutcomeRow
from tieline.connectors.wire.messages import Answer, Outgoing, Wire
from tieline.domain.errors import VendorBadAnswer
from tieline.kit.clock import Clock
from tieline.kit.deadline import Deadline

Form = Mapping[str, str]
_HEADERS: Final = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
# RFC 6749, 5.2; some endpoints put a refusal into a 200.
_PASSING: Final = ["temporarily_unavailable", "server_error"]
GRANT_ROWS: Final = (
    OutcomeRow.model_validate({"when": {"body.error": _PASSING}, "is": "transient"}),
    OutcomeRow.model_validate({"when": {"status": "2xx", "body.error": {"exists": True}}, "is": "config"}),
)
# What only a person can mend, who grants access anew; `invalid_code` is Zoho's word for it.
_GRANT_GONE: Final = frozenset({"invalid_grant", "invalid_code"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A token endpoint and who we are to it. `lifetime_s` is assumed when an answer names none."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    in_body: bool
    lifetime_s: float
    extra: Form = field(repr=False)
    rows: tuple[OutcomeRow, ...]
    clock: Clock

    async def ask(self, wire: Wire, form: Form, *, deadline: Deadline) -> Token:
        """Ask for a token. Raises: VendorMisconfigured: refused. VendorThrottled, VendorUnavailable, VendorBadAnswer."""
        answer = read_answer(await wire.send(self._request(form), deadline=deadline))
        body: Mapping[str, Any] = answer.body if isinstance(answer.body, dict) else {}
        self._judge(body).check(answer)
        return self._token(answer, body)

    def _judge(self, body: Mapping[str, Any]) -> Judge:
        refusal = REAUTHORISE if body.get("error") in _GRANT_GONE else "upstream_credentials"
        return Judge((*self.rows, *GRANT_ROWS), clock=self.clock, refusal=refusal)

    def _request(self, form: Form) -> Outgoing:
        form, headers = {**form, **self.extra}, dict(_HEADERS)
        if self.in_body:
            form |= {key: value for key, value in self._pair().items() if value}
        else:  # RFC 6749, 2.3.1: both are form-encoded before they are joined.
            pair = ":".join(quote(value, safe="") for value in self._pair().values())
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return Outgoing("POST", self.url, headers, urlencode(form).encode("ascii"), read=True)

    def _pair(self) -> dict[str, str]:
        return {"client_id": self.client_id, "client_secret": self.client_secret}

    def _token(self, answer: Answer, body: Mapping[str, Any]) -> Token:
        value, refresh = body.get("access_token"), body.get("refresh_token")
        if not isinstance(value, str) or not value or answer.unreadable:
            raise VendorBadAnswer("the token endpoint's answer holds no access_token")
        kept = refresh if isinstance(refresh, str) else ""
        return Token(sendable(value), self._lifetime_s(body.get("expires_in")), refresh=kept)

    def _lifetime_s(self, value: object) -> float:
        try:
            seconds = float(str(value))
        except ValueError:
            return self.lifetime_s
        return seconds if 0 < seconds < LONGEST_LIFETIME_S else self.lifetime_s


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant at one endpoint. `form` writes what is traded, from what is known from last time."""

    endpoint: Endpoint
    form: Callable[[Kept], Form]

    async def __call__(self, wire: Wire, *, deadline: Deadline, kept: Kept) -> Token:
        """Ask for a token. Raises: as `Endpoint.ask`."""
        return await self.endpoint.ask(wire, self.form(kept), deadline=deadline)


def client_credentials(_kept: Kept) -> Form:
    """RFC 6749, 4.4."""
    return {"grant_type": "client_credentials"}


def refresh_token(first: str) -> Callable[[Kept], Form]:
    """RFC 6749, 6: the newest token is the only one that is sure to work."""
    return lambda kept: {"grant_type": "refresh_token", "refresh_token": kept.refresh or first}
