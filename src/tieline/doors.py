"""Puts the doors of one house together: the JSON API and the pages."""

from fastapi import FastAPI

from tieline.api.agent_pops import router as agent_pops_router
from tieline.api.app import DoorSettings, create_app
from tieline.api.request_limits import Allowance
from tieline.security.networks import networks
from tieline.services.house import House
from tieline.services.sign_in.opening import origins_of
from tieline.settings import Settings
from tieline.web.pages import web_routers


def app_of(house: House, settings: Settings) -> FastAPI:
    """Build the application that serves a house."""
    return create_app(
        house,
        DoorSettings(
            auth=settings.auth,
            host=settings.host,
            public_url=settings.public_url,
            allowed_hosts=tuple(settings.allowed_hosts.split(",")),
            body_limit_bytes=settings.body_limit_bytes,
            allowance=Allowance(settings.requests_per_second, settings.sign_ins_per_minute),
            front_proxies=networks(settings.front_proxies.split(",")),
            certificate_proxies=networks(settings.client_cert_proxies.split(",")),
            admins_from=networks(settings.break_glass_networks.split(",")),
            signing_key=house.box.derive("cursors"),
        ),
        pages=[
            agent_pops_router,
            *web_routers(
                frame_ancestors=tuple(filter(None, settings.frame_ancestors.split(","))),
                sign_out_at=origins_of(settings.sign_in_file),
            ),
        ],
    )
