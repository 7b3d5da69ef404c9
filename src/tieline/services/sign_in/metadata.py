"""What an OpenID provider publishes about itself, kept: the description of its doors, and its keys.

Fetched anew every hour; while the provider cannot be reached, what was known is used for a day (F55). A token signed under a name
nobody knows makes us fetch the keys again, at most once a minute however many come (F56).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from tieline.connectors.wire.messages import Wire
from tieline.domain.errors import ConnectorError, VendorBadAnswer, VendorMisconfigured
from tieline.kit.deadline import Deadline
from tieline.security.json_web_tokens import MOST_KEYS
from tieline.services.sign_in.provider import fetch

FRESH_S: Final = 3600.0
STALE_S: Final = 24 * 3600.0
REFETCH_S: Final = 60.0
_DOORS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL_DOORS: Final = ("userinfo_endpoint", "end_session_endpoint")

log = structlog.get_logger()


class Kept:
    """One published document. Fetched by one caller at a time; the others wait for what that one brings."""

    def __init__(self, read: Callable[[Deadline], Awaitable[dict[str, Any]]], monotonic: Callable[[], float]) -> None:
        self._read = read
        self._monotonic = monotonic
        self._turn = asyncio.Lock()
        self._document: dict[str, Any] | None = None
        self._fetched_s = 0.0
        self._tried_s: float | None = None

    async def get(self, deadline: Deadline) -> dict[str, Any]:
        """Return the document, at most an hour old; up to a day while no newer one is to be had. Raises: ConnectorError."""
        if self._document is not None and self._age_s() < FRESH_S:
            return self._document
        async with self._turn:
            if self._document is not None and (self._age_s() < FRESH_S or self._tried_lately()):
                return self._unless_too_old(self._document)
            return await self._fetch(deadline)

    async def newer(self, deadline: Deadline) -> dict[str, Any]:
        """Return a document fetched within the last minute, if the provider can be reached. Raises: ConnectorError."""
        async with self._turn:
            if self._document is not None and self._tried_lately():
                return self._unless_too_old(self._document)
            return await self._fetch(deadline)

    async def _fetch(self, deadline: Deadline) -> dict[str, Any]:
        self._tried_s = self._monotonic()
        try:
            self._document = await self._read(deadline)
            self._fetched_s = self._monotonic()
        except ConnectorError as exc:
            if self._document is None or self._age_s() >= STALE_S:
                raise
            log.warning("sign_in.provider_unreachable", code=exc.code, age_s=round(self._age_s()))
        return self._document

    def _unless_too_old(self, document: dict[str, Any]) -> dict[str, Any]:
        if self._age_s() >= STALE_S:
            raise VendorBadAnswer("the sign-in service has not been reached for a day")
        return document

    def _age_s(self) -> float:
        return self._monotonic() - self._fetched_s

    def _tried_lately(self) -> bool:
        return self._tried_s is not None and self._monotonic() - self._tried_s < REFETCH_S


@dataclass(frozen=True, slots=True)
class Doors:
    """Where an OpenID provider is asked what."""

    authorization: str
    token: str
    userinfo: str | None
    end_session: str | None
    secret_in_body: bool
    names_itself: bool


class Metadata:
    """What one provider publishes. Sources: OpenID Connect Discovery 1.0; RFC 8414; RFC 9207 (read 2026-11-26)."""

    def __init__(self, issuer: str, wire: Wire, monotonic: Callable[[], float]) -> None:
        self._issuer = issuer
        self._wire = wire
        self._description = Kept(self._read_description, monotonic)
        self._keys = Kept(self._read_keys, monotonic)

    async def doors(self, deadline: Deadline) -> Doors:
        """Return where to ask. Raises: ConnectorError. VendorMisconfigured: the description is of somebody else."""
        told = await self._description.get(deadline)
        methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Doors(
            authorization=told["authorization_endpoint"],
            token=told["token_endpoint"],
            userinfo=told.get("userinfo_endpoint"),
            end_session=told.get("end_session_endpoint"),
            secret_in_body="client_secret_basic" not in methods and "client_secret_post" in methods,
            names_itself=told.get("authorization_response_iss_parameter_supported") is True,
        )

    async def keys(self, deadline: Deadline, *, newer: bool = False) -> Sequence[Mapping[str, Any]]:
        """Return the provider's public keys; `newer`: fetched within the last minute. Raises: ConnectorError."""
        kept = await (self._keys.newer(deadline) if newer else self._keys.get(deadline))
        return [key for key in kept["keys"] if isinstance(key, dict)][:MOST_KEYS]

    async def _read_description(self, deadline: Deadline) -> dict[str, Any]:
        told = await fetch(self._wire, f"{self._issuer.rstrip('/')}/.well-known/openid-configuration", deadline=deadline)
        if told.get("issuer") != self._issuer:
            raise VendorMisconfigured("the description found there is of another issuer", code="issuer_differs")
        given = [told.get(name) for name in _DOORS] + [told[name] for name in _OPTIONAL_DOORS if name in told]
        if not all(isinstance(door, str) and self._may_be_asked(door) for door in given):
            raise VendorMisconfigured("the description names no usable address for what we need", code="metadata_unusable")
        return told

    async def _read_keys(self, deadline: Deadline) -> dict[str, Any]:
        address = (await self._description.get(deadline))["jwks_uri"]
        found = await fetch(self._wire, address, deadline=deadline)
        if not isinstance(found.get("keys"), list):
            raise VendorBadAnswer("the provider's keys are not a list of keys")
        return found

    def _may_be_asked(self, door: str) -> bool:
        """Take https; plain http only of a provider that whoever runs this server named with http. The guard has its own say."""
        parts = urlsplit(door)
        return bool(parts.netloc) and not parts.fragment and parts.scheme in {"https", urlsplit(self._issuer).scheme}
