"""What all providers have in common: they are asked by address, answer with a code, and vouch for one person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import orjson

from tieline.connectors.wire.messages import Outgoing, Wire
from tieline.domain.errors import VendorBadAnswer
from tieline.kit.deadline import Deadline
from tieline.security.id_tokens import LoggedOut
from tieline.security.json_web_tokens import TokenRefused
from tieline.services.sign_in.attempt import Attempt

WITHIN_S: Final = 8.0
"""Seconds a provider has for all we ask at the end of one sign-in."""
LONGEST_CODE: Final = 2048


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody a provider vouches for. `issuer` and `subject` name them for good; `name` is what our directory may know them by.

    `role` None: the provider says nothing of roles. `session` is the provider's own name for the time they are signed in;
    `proved_at` when they showed who they are, where it says so.
    """

    issuer: str
    subject: str
    name: str
    role: str | None = None
    session: str | None = None
    proved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """What the browser brought back: the query, its names said once each."""

    fields: Mapping[str, str] = field(repr=False)

    def code(self, name: str = "code") -> str:
        """Return the code. Raises: TokenRefused: the provider refused, or sent none."""
        if "error" in self.fields:
            raise TokenRefused("provider_refused")
        code = self.fields.get(name, "")
        if not 0 < len(code) <= LONGEST_CODE:
            raise TokenRefused("code_missing")
        return code


class Provider(Protocol):
    """Somebody who vouches for people. Answers that cannot be had raise ConnectorError, wrong ones TokenRefused.

    `asks_each_time`: whoever comes back has just shown who they are, without the provider's saying so.
    """

    issuer: str
    title: str
    session_h: float
    asks_each_time: bool

    async def leave_for(self, attempt: Attempt, redirect_uri: str) -> str:
        """Return the address to send the browser to."""

    async def identify(self, returned: Returned, attempt: Attempt, redirect_uri: str) -> Identity:
        """Return who came back."""

    def agent_id(self, name: str) -> str | None:
        """Return which agent of ours somebody is; None: none."""

    async def leave_address(self, back: str) -> str | None:
        """Return where to send a browser that signs out, `back` being where it shall end; None: nowhere."""

    async def logged_out(self, token: str) -> LoggedOut:
        """Return whose sessions a logout token ends."""


async def ask(wire: Wire, outgoing: Outgoing, *, deadline: Deadline) -> tuple[int, dict[str, Any]]:
    """Send a request and return status and the JSON object that answers it. Raises: ConnectorError."""
    incoming = await wire.send(outgoing, deadline=deadline)
    if incoming.status >= 500:  # noqa: PLR2004 - server errors
        raise VendorBadAnswer("the sign-in service answers with an error of its own")
    try:
        answer = orjson.loads(incoming.body)
    except orjson.JSONDecodeError as exc:
        raise VendorBadAnswer("the sign-in service does not answer in JSON") from exc
    if not isinstance(answer, dict):
        raise VendorBadAnswer("the sign-in service does not answer with an object")
    return incoming.status, answer


async def fetch(wire: Wire, url: str, *, deadline: Deadline, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Read a JSON object. Raises: ConnectorError: not to be had."""
    status, answer = await ask(wire, Outgoing("GET", url, headers=dict(headers or {}), read=True), deadline=deadline)
    if status != 200:  # noqa: PLR2004 - OK
        raise VendorBadAnswer("the sign-in service does not give what its description promises")
    return answer


async def post_json(
    wire: Wire, url: str, content: Mapping[str, str], *, deadline: Deadline, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Send a JSON object and return the one that answers it, whatever the status. Raises: ConnectorError."""
    sent = {"content-type": "application/json", **(headers or {})}
    return (await ask(wire, Outgoing("POST", url, headers=sent, body=orjson.dumps(content)), deadline=deadline))[1]


def with_query(address: str, fields: Mapping[str, str]) -> str:
    """Return an address with further fields in its query."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(fields)}"
