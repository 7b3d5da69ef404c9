"""The JSON door put together: layers, routes, refusal to start undeclared. Pages and streams are handed in by the root."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from tieline import __version__
from tieline.api import (
    agents,
    api_keys,
    approvals,
    audit,
    call_events,
    calls,
    causes,
    connection_settings,
    connections,
    connectors,
    cti,
    customers,
    datasets,
    dead_letters,
    dialling,
    docs,
    feedback,
    health,
    mappings,
    policies,
    pop_tickets,
    privacy,
    refunds,
    reports,
    reviews,
    route,
    screen_pop,
    sessions,
    surveys,
    ticket_losses,
    tickets,
    wallboard,
    webhook_subscriptions,
    webhooks,
    wrap_ups,
)
from tieline.api.body_guard import BodyGuard
from tieline.api.body_turns import BodyReader, BodyTurns
from tieline.api.client_certificates import ClientCertificates
from tieline.api.cursors import Cursors
from tieline.api.envelope import Envelope
from tieline.api.gate import HttpGate, session_cookie
from tieline.api.openapi import DESCRIPTION, TAGS, complete
from tieline.api.problems import EXCEPTION_HANDLERS
from tieline.api.request_limits import Allowance, RequestLimits
from tieline.api.route_audit import declared_routes
from tieline.api.security_headers import StandingHeaders
from tieline.api.short_cut import ShortCut
from tieline.api.threshold import Addresses, Threshold
from tieline.kit.clock import monotonic_s
from tieline.security.networks import Networks
from tieline.services.access import Access, Auth, refuse_open_door_to_others
from tieline.services.api_keys import KeyRing
from tieline.services.break_glass.door import BreakGlassDoor
from tieline.services.house import House

_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_ROUTERS: Final = (
    screen_pop.router,
    call_events.router,
    route.router,
    cti.router,
    webhooks.router,
    wrap_ups.router,
    calls.router,
    dialling.router,
    customers.router,
    agents.router,
    connections.router,
    connection_settings.router,
    connectors.router,
    mappings.router,
    tickets.router,
    pop_tickets.router,
    ticket_losses.router,
    refunds.router,
    causes.router,
    feedback.router,
    surveys.router,
    policies.router,
    reports.router,
    datasets.router,
    wallboard.router,
    reviews.router,
    dead_letters.router,
    audit.router,
    privacy.router,
    api_keys.router,
    sessions.router,
    approvals.router,
    webhook_subscriptions.router,
    health.router,
    docs.router,
)
"""The hot ones first: routes are tried in order."""


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """How the door stands. `host` is the address listened on, `public_url` how browsers reach us (empty: by any name).

    `allowed_hosts` empty: loopback names while listening on loopback, otherwise any. `signing_key` seals cursors; all replicas
    share one. `front_proxies`: whose word on where a request comes from is believed. `admins_from`: where local administrators
    may be. `certificate_proxies`: whose word on clients' certificates is believed.
    """

    auth: Auth = "on"
    host: str = "127.0.0.1"
    public_url: str = ""
    allowed_hosts: tuple[str, ...] = ()
    body_limit_bytes: int = 1_048_576
    front_proxies: Networks = ()
    admins_from: Networks = ()
    certificate_proxies: Networks = ()
    allowance: Allowance = field(default_factory=Allowance)
    signing_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @property
    def tls(self) -> bool:
        """Say whether browsers reach us by https."""
        return self.public_url.startswith("https:")

    @property
    def addresses(self) -> Addresses:
        """Return the names and origins that are ours."""
        public = urlsplit(self.public_url)
        origins = frozenset({f"{public.scheme}://{public.netloc}"}) if public.netloc else frozenset()
        named = {name.strip().lower() for name in self.allowed_hosts if name.strip()}
        if not named and self.host in _LOOPBACK_NAMES:
            named = set(_LOOPBACK_NAMES)
        return Addresses(
            hosts=frozenset(named | {public.hostname} if public.hostname else named) if named else None, origins=origins
        )


class Door(FastAPI):
    """FastAPI with our envelope outside of everything, so that even the answer to a crash carries id and headers."""

    def __init__(self, settings: DoorSettings, **options: Any) -> None:  # noqa: ANN401 - FastAPI's own options
        self._settings = settings
        super().__init__(**options)

    def build_middleware_stack(self) -> ASGIApp:
        """Wrap the framework's own layers: envelope, threshold, limits, certificates, body guard, short cut, framework."""
        inside = ShortCut(super().build_middleware_stack(), door=self)
        guarded = BodyGuard(inside, limit_bytes=self._settings.body_limit_bytes)
        shown = ClientCertificates(guarded, proxies=self._settings.certificate_proxies)
        limited = RequestLimits(shown, self._settings.allowance, proxies=self._settings.front_proxies, monotonic=monotonic_s)
        threshold = Threshold(limited, addresses=self._settings.addresses)
        return Envelope(threshold, headers=StandingHeaders(tls=self._settings.tls))

    def openapi(self) -> dict[str, Any]:
        """Describe the interface, with what every route shares."""
        if self.openapi_schema is None:
            complete(super().openapi(), self.routes)
        return super().openapi()


def create_app(house: House, settings: DoorSettings, *, pages: Sequence[APIRouter | BaseRoute] = ()) -> FastAPI:
    """Build the application. `pages` are what the HTML door and the streams add.

    Raises: ConfigRefused: access is off while others can reach us. RouteUndeclared: a route names no permission.
    """
    refuse_open_door_to_others(settings.auth, settings.host)
    keys = KeyRing(house.database, clock=house.clock)
    access = Access(
        database=house.database,
        keys=keys,
        agent_of=house.agent,
        auth=settings.auth,
        clock=house.clock,
        admins_from=settings.admins_from,
    )
    app = Door(
        settings,
        title="Tieline",
        version=__version__,
        summary="Who is calling, told to the agent before the hello.",
        description=DESCRIPTION,
        generate_unique_id_function=lambda route: route.name,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_tags=TAGS,
        exception_handlers=dict(EXCEPTION_HANDLERS),
        telemetry={"tracing": False, "metrics": False, "logs": False},  # its spans would hold whole addresses
        lifespan=lambda _app: _following(keys),
    )
    app.state.house = house
    app.state.access = access
    app.state.break_glass = BreakGlassDoor(database=house.database, box=house.box, access=access, clock=house.clock)
    app.state.session_cookie = session_cookie(tls=settings.tls)
    app.state.gate = HttpGate(access, cookie=app.state.session_cookie)
    app.state.bodies = BodyReader(house, BodyTurns())
    app.state.public_url = settings.public_url
    app.state.front_proxies = settings.front_proxies
    app.state.cursors = Cursors(settings.signing_key)
    _add_routes(app, pages)
    app.state.declared_routes = declared_routes(app.routes)
    return app


def _add_routes(app: FastAPI, pages: Sequence[APIRouter | BaseRoute]) -> None:
    for router in _ROUTERS:
        app.router.routes.extend(router.routes)  # an included router would be searched twice on every request
    app.router.routes.append(docs.assets())
    for page in pages:
        if isinstance(page, APIRouter):
            app.include_router(page)
        else:
            app.router.routes.append(page)


@contextlib.asynccontextmanager
async def _following(keys: KeyRing) -> AsyncIterator[None]:
    """Hear of changed keys for as long as the application runs."""
    listening = asyncio.create_task(keys.follow_changes(), name="changed keys")
    yield
    listening.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listening
