"""Two servers and a restart share one sign-in: a real vendor on a real port that revokes the family of a token used twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from tests.connectors.sample import connector

from tieline.connectors.registry import Catalog
from tieline.kit.deadline import Deadline
from tieline.security.egress import Egress
from tieline.security.secret_box import SecretBox
from tieline.services import connection_states
from tieline.services.live_directory import LiveDirectory
from tieline.store import configuration, secrets
from tieline.store.configuration import Configuration, ConnectionRow
from tieline.store.database import Database

AUTH = {
    "kind": "oauth2_refresh_token",
    "token_url": "${config.base_url}/token",
    "client_id": "client-1",
    "client_secret": "$config.token",
    "refresh_token": "$config.refresh",
}
FIELDS = {
    "base_url": {"title": "t", "type": "url"},
    "token": {"title": "t", "secret": True},
    "refresh": {"title": "t", "secret": True},
}


class Vendor:
    """A token endpoint that rotates, and a door that takes only the newest access token."""

    def __init__(self) -> None:
        self.valid = "refresh-0"
        self.grants = 0
        self.calls = 0
        self.runner = web.AppRunner(web.Application())
        self.url = ""

    async def start(self) -> None:
        self.runner.app.router.add_post("/token", self.token)
        self.runner.app.router.add_get("/ping", self.ping)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    async def token(self, request: web.Request) -> web.Response:
        await asyncio.sleep(0.05)
        if (await request.post())["refresh_token"] != self.valid:
            self.valid = "revoked"
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.grants += 1
        self.valid = f"refresh-{self.grants}"
        return web.json_response({"access_token": f"access-{self.grants}", "refresh_token": self.valid, "expires_in": 3600})

    async def ping(self, request: web.Request) -> web.Response:
        self.calls += 1
        return web.json_response({}, status=200 if request.headers["authorization"] == f"Bearer access-{self.grants}" else 401)


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    vendor = Vendor()
    await vendor.start()
    yield vendor
    await vendor.runner.cleanup()


class Servers:
    """As many servers as a test starts, over one database and one clock."""

    def __init__(self, database: Database, folder: Path, vendor: Vendor) -> None:
        self.database = database
        self.folder = folder
        self.vendor = vendor
        self.box = SecretBox.open(folder / "key")
        self.now = datetime(2026, 11, 26, tzinfo=UTC)

    async def set_up(self) -> None:
        ping = {"system.ping": {"request": {"path": "/ping"}}}
        limits = {"per_second": 1000, "burst": 1000, "concurrency": 50, "timeout_ms": 20_000}
        connector(self.folder, auth=AUTH, config=FIELDS, limits=limits, operations=ping)
        row = ConnectionRow("crm", "made_up", config={"base_url": self.vendor.url})
        async with self.database.begin() as tx:
            await configuration.save(tx, Configuration(connections={"crm": row}), now=self.now)
            for field, value in (("token", "s3cr3t"), ("refresh", "refresh-0")):
                await secrets.put(tx, "crm", field, self.box.seal(value, connection="crm", field=field), now=self.now)

    async def start(self) -> LiveDirectory:
        egress = Egress.parse(f"127.0.0.1=127.0.0.1/32:{self.vendor.url.rpartition(':')[2]}")
        directory = LiveDirectory(
            self.database, catalog=Catalog((self.folder,)), box=self.box, egress=egress, clock=lambda: self.now
        )
        await directory.reload()
        assert directory.faults == {}
        return directory


async def ping(server: LiveDirectory) -> str:
    return (await server.now.connections["crm"].run("system.ping", deadline=Deadline.after(30))).outcome


async def test_one_sign_in_for_all(database: Database, tmp_path: Path, vendor: Vendor) -> None:
    servers = Servers(database, tmp_path, vendor)
    await servers.set_up()
    running = [await servers.start() for _ in range(2)]
    for expiry in range(1, 6):
        outcomes = await asyncio.gather(*(ping(server) for server in running for _ in range(10)))
        assert set(outcomes) == {"ok"}
        assert (vendor.grants, vendor.valid) == (expiry, f"refresh-{expiry}")
        servers.now += timedelta(hours=1)
    for server in running:
        await server.aclose()
    restarted = await servers.start()
    assert await ping(restarted) == "ok"
    assert (vendor.grants, vendor.calls) == (6, 101)
    await restarted.aclose()


async def test_a_grant_that_is_gone_is_seen_where_people_look(database: Database, tmp_path: Path, vendor: Vendor) -> None:
    servers = Servers(database, tmp_path, vendor)
    await servers.set_up()
    vendor.valid = "given to somebody else"
    server = await servers.start()
    for _ in range(5):
        with pytest.raises(Exception, match="refuse"):
            await ping(server)
    state = connection_states.connection(server, "crm")
    assert (state.standing, state.fault, vendor.calls) == ("misconfigured", "upstream_reauthorise", 0)
    await server.aclose()
