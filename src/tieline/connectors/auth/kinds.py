"""Put credentials on a request. Each kind is a small object; one that must ask the vendor first also knows how to renew.

Kinds are looked up in `KINDS`: a signer, a login or a session is one more class and one more row.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol
from urllib.parse import quote, urlsplit

from tieline.connectors.auth.oauth2 import ClientCredentials
from tieline.connectors.auth.token import TokenSource
from tieline.connectors.language.templates import constant_text
from tieline.connectors.manifest import auth as declared
from tieline.connectors.wire.headers import header_values
from tieline.connectors.wire.messages import Outgoing, Wire
from tieline.domain.errors import VendorMisconfigured
from tieline.kit.clock import Clock
from tieline.kit.deadline import Deadline


class Auth(Protocol):
    """Who we are to one vendor."""

    @property
    def renewable(self) -> bool:
        """Whether asking again can help when the vendor calls the credentials expired."""

    async def prepare(self, wire: Wire, *, deadline: Deadline, refused: str | None = None) -> None:
        """Make sure that `sign` can work; `refused`: the `credential` of a request that the vendor has just turned down."""

    def sign(self, outgoing: Outgoing) -> None:
        """Add the credentials to a request that is otherwise complete."""

    def secrets(self) -> tuple[str, ...]:
        """Return everything secret that may now stand in a request, for redaction."""

    async def aclose(self) -> None:
        """Stop renewing."""


class FixedAuth:
    """Credentials that never change: headers and query parameters, worked out once."""

    renewable = False

    def __init__(self, *, headers: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None) -> None:
        self._headers = header_values(headers or {})
        self._query = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in (query or {}).items())
        self._values = (*self._headers.values(), *(query or {}).values())

    async def prepare(self, wire: Wire, *, deadline: Deadline, refused: str | None = None) -> None:
        """Nothing to do."""

    def sign(self, outgoing: Outgoing) -> None:
        """Add the headers and the query parameter, unless a link of the vendor's already carries it."""
        outgoing.headers.update(self._headers)
        if self._query and self._query not in urlsplit(outgoing.url).query.split("&"):
            outgoing.url += f"{'&' if '?' in outgoing.url else '?'}{self._query}"

    def secrets(self) -> tuple[str, ...]:
        """Return the header values and the key."""
        return self._values

    async def aclose(self) -> None:
        """Nothing to do."""


class BearerToken:
    """`Authorization: Bearer …` with a token that runs out and is fetched anew."""

    renewable = True

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    async def prepare(self, wire: Wire, *, deadline: Deadline, refused: str | None = None) -> None:
        """Fetch a token when there is none, or when the vendor has refused the one we have."""
        await self._source.ready(wire, deadline=deadline, refused=refused)

    def sign(self, outgoing: Outgoing) -> None:
        """Add the token."""
        outgoing.credential = self._source.token
        outgoing.headers["authorization"] = f"Bearer {self._source.token}"

    def secrets(self) -> tuple[str, ...]:
        """Return the token in use."""
        return (self._source.token,) if self._source.token else ()

    async def aclose(self) -> None:
        """Stop a renewal under way."""
        await self._source.aclose()


def build_auth(auth: declared.Auth, config: Mapping[str, Any], *, clock: Clock, timeout_s: float) -> Auth:
    """Return the object for a manifest's `auth`. Raises: VendorMisconfigured: a credential is empty or cannot be sent."""
    return KINDS[auth.kind](auth, _Values(config), clock, timeout_s)


class _Values:
    """Renders the templates of `auth` and insists that they hold something."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config

    def required(self, template: str, name: str) -> str:
        value = constant_text(template, self._config)
        if not value.strip():
            detail = f"the credential {name} is empty"
            raise VendorMisconfigured(detail, code="secret_missing")
        return value

    def optional(self, template: str | None) -> str:
        return constant_text(template, self._config) if template else ""


def _none(_auth: declared.NoAuth, _values: _Values, _clock: Clock, _timeout_s: float) -> Auth:
    return FixedAuth()


def _bearer(auth: declared.BearerAuth, values: _Values, _clock: Clock, _timeout_s: float) -> Auth:
    return FixedAuth(headers={"authorization": f"{auth.scheme} {values.required(auth.token, 'token')}"})


def _basic(auth: declared.BasicAuth, values: _Values, _clock: Clock, _timeout_s: float) -> Auth:
    pair = f"{values.required(auth.username, 'username')}:{values.optional(auth.password)}"
    return FixedAuth(headers={"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"})


def _api_key(auth: declared.ApiKeyAuth, values: _Values, _clock: Clock, _timeout_s: float) -> Auth:
    key = values.required(auth.value, "value")
    return FixedAuth(headers={auth.header.lower(): key}) if auth.header else FixedAuth(query={str(auth.query): key})


def _client_credentials(auth: declared.ClientCredentialsAuth, values: _Values, clock: Clock, timeout_s: float) -> Auth:
    fetch = ClientCredentials(
        token_url=values.required(auth.token_url, "token_url"),
        client_id=values.required(auth.client_id, "client_id"),
        client_secret=values.required(auth.client_secret, "client_secret"),
        form={key: values.optional(value) for key, value in {"scope": auth.scope, **auth.extra}.items() if value},
        in_body=auth.client_auth == "body",
        lifetime_s=auth.lifetime_s,
        clock=clock,
    )
    return BearerToken(TokenSource(fetch, clock=clock, renew_early_s=auth.renew_early_s, timeout_s=timeout_s))


KINDS: Final[Mapping[str, Callable[[Any, _Values, Clock, float], Auth]]] = {
    "none": _none,
    "bearer": _bearer,
    "basic": _basic,
    "api_key": _api_key,
    "oauth2_client_credentials": _client_credentials,
}
