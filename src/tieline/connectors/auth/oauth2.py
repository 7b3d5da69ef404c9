"""OAuth 2.0 client credentials (RFC 6749, 4.4): trade our id and secret for a token."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlencode

from tieline.connectors.answers.outcome import wait_seconds
from tieline.connectors.answers.read import read_answer
from tieline.connectors.auth.token import Token
from tieline.connectors.wire.messages import Answer, Outgoing, Wire
from tieline.domain.errors import VendorBadAnswer, VendorMisconfigured, VendorThrottled, VendorUnavailable
from tieline.kit.clock import Clock
from tieline.kit.deadline import Deadline

LONGEST_LIFETIME_S: Final = 31_536_000.0
_OK: Final = 200
_THROTTLED: Final = 429
_SERVER_FAULTS: Final = 500
_HEADERS: Final = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """One client at one token endpoint. `lifetime_s` is assumed when the answer names none."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    form: Mapping[str, str] = field(repr=False)
    in_body: bool
    lifetime_s: float
    clock: Clock

    async def __call__(self, wire: Wire, *, deadline: Deadline) -> Token:
        """Ask for a token. Raises: VendorMisconfigured: refused. VendorThrottled, VendorUnavailable, VendorBadAnswer."""
        return self._token(read_answer(await wire.send(self._request(), deadline=deadline)))

    def _request(self) -> Outgoing:
        form = {"grant_type": "client_credentials", **self.form}
        headers = dict(_HEADERS)
        if self.in_body:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        else:  # RFC 6749, 2.3.1: both are form-encoded before they are joined.
            pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return Outgoing("POST", self.token_url, headers, urlencode(form).encode("ascii"), read=True)

    def _token(self, answer: Answer) -> Token:
        if answer.status == _THROTTLED:
            wait_s = wait_seconds(answer.header.get("retry-after"), unit="s", now=self.clock())
            raise VendorThrottled("the token endpoint asked us to slow down", retry_after_s=wait_s)
        if answer.status >= _SERVER_FAULTS:
            raise VendorUnavailable("the token endpoint failed")
        if answer.status != _OK:
            raise VendorMisconfigured("the token endpoint refused our client id or secret", code="upstream_credentials")
        body = answer.body if isinstance(answer.body, dict) else {}
        value = body.get("access_token")
        if not isinstance(value, str) or not value:
            raise VendorBadAnswer("the token endpoint's answer holds no access_token")
        return Token(value, self._lifetime_s(body.get("expires_in")))

    def _lifetime_s(self, value: object) -> float:
        try:
            seconds = float(str(value))
        except ValueError:
            return self.lifetime_s
        return seconds if 0 < seconds < LONGEST_LIFETIME_S else self.lifetime_s
