"""The simulated systems in this process, as of one fixed morning."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

import httpx
import pytest

from tieline.sandbox.access import ACCESS
from tieline.sandbox.faults import FaultGate
from tieline.sandbox.launch import build_systems
from tieline.sandbox.world import World

MORNING = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def world() -> World:
    return World(now=MORNING, crowd_size=3000)


@pytest.fixture
def systems() -> Mapping[str, FaultGate]:
    return build_systems(now=lambda: MORNING, crowd_size=120)


class Connect(Protocol):
    def __call__(
        self, system: str, *, headers: dict[str, str] | None = None, auth: tuple[str, str] | None = None
    ) -> httpx.AsyncClient: ...


@pytest.fixture
def connect(systems: Mapping[str, FaultGate]) -> Connect:
    """A client of one system, not signed in."""

    def client_of(
        system: str, *, headers: dict[str, str] | None = None, auth: tuple[str, str] | None = None
    ) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=systems[system])
        return httpx.AsyncClient(transport=transport, base_url="http://sandbox.example", headers=headers, auth=auth)

    return client_of


@pytest.fixture
def erp(connect: Connect) -> httpx.AsyncClient:
    return connect("erp", headers={"X-Bamboo-Key": ACCESS["erp"]["api_key"]})


@pytest.fixture
def helpdesk(connect: Connect) -> httpx.AsyncClient:
    return connect("helpdesk", auth=(ACCESS["helpdesk"]["username"], ACCESS["helpdesk"]["password"]))


@pytest.fixture
async def crm(connect: Connect) -> httpx.AsyncClient:
    client = connect("crm")
    grant = await client.post("/oauth/token", data={"grant_type": "client_credentials", **ACCESS["crm"]})
    client.headers["Authorization"] = f"Bearer {grant.json()['access_token']}"
    return client
