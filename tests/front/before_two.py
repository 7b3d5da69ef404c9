"""Two replicas as processes of their own on one database, the real front of `deploy/` before them, and keys for who asks."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx
import yaml
from tests.api.bad_input import Bad
from tests.api.front_door import ROOT
from tests.flows.door import LINE
from tests.flows.replicas import START_S, Deployment, Replica, deployed
from tests.flows.sandbox import Sandbox
from tests.live.front import front_of, program

from tieline.kit.clock import utc_now
from tieline.security.permissions import PERMISSIONS
from tieline.services import api_keys
from tieline.services.api_keys import KeyWish

CONNECTORS: Final = Path(__file__).parents[1] / "faults" / "connectors"
SECRETS: Final = {
    "SHOP": "shop-token-0123456789",
    "PATH": "long-random-path-0123456789",
    "TERN": "tern-token",
    "KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "WHSEC": "whsec_" + base64.b64encode(b"0123456789abcdefghijklmn").decode(),
    "OTHER": "whsec_" + base64.b64encode(b"nmlkjihgfedcba9876543210").decode(),
}
SET_UP: Final = {
    "version": 1,
    "connections": {
        "shop": {
            "connector": str(CONNECTORS / "shop"),
            "config": {"base_url": "https://shop.invalid"},
            "secrets": {"token": f"plain:{SECRETS['SHOP']}"},
        },
        "gull": {"connector": str(CONNECTORS / "gull"), "config": {}, "secrets": {"path": f"plain:{SECRETS['PATH']}"}},
        "tern": {
            "connector": str(CONNECTORS / "tern"),
            "config": {"app_key": "app-1"},
            "secrets": {"token": f"plain:{SECRETS['TERN']}", "aes_key": f"plain:{SECRETS['KEY']}"},
        },
        "signer": {"connector": "standard_webhooks", "config": {}, "secrets": {"secret": f"plain:{SECRETS['WHSEC']}"}},
        "stranger": {"connector": "standard_webhooks", "config": {}, "secrets": {"secret": f"plain:{SECRETS['OTHER']}"}},
        "soap": {
            "connector": "generic_soap",
            "config": {"base_url": "https://soap.invalid", "username": "u"},
            "secrets": {"password": "plain:p", "hook_path": f"plain:{SECRETS['PATH']}"},
        },
    },
    "lines": {LINE: {"name": "Support", "country": "CN", "language": "zh", "queues": ["support"]}},
    "agents": {name: {"name": f"Agent {name}", "role": "agent", "extensions": [name]} for name in ("1001", "1002")},
}


@dataclass
class TwoReplicas:
    """What a machine or an agent's softphone reaches: one address, two processes behind it."""

    deployment: Deployment
    base_url: str
    proxied: bool
    client: httpx.AsyncClient
    machine: str = field(repr=False)
    agent: str = field(repr=False)

    async def send(self, wanted: Bad, *, to: str | None = None, signed: Mapping[str, str] | None = None) -> httpx.Response:
        """Send a request as it is written, signed in as the machine unless told otherwise."""
        target = httpx.URL(to or self.base_url, raw_path=wanted.target.encode())
        headers = [*(self.as_machine if signed is None else signed).items(), *wanted.all_headers]
        request = httpx.Request(wanted.method, target, headers=headers, content=wanted.content)
        if "Host" in wanted.headers:
            request.headers["Host"] = wanted.headers["Host"]
        return await self.client.send(request)

    @property
    def as_machine(self) -> dict[str, str]:
        """A key that may do everything."""
        return {"Authorization": f"Bearer {self.machine}"}

    @property
    def as_agent(self) -> dict[str, str]:
        """A key of agent 1001's softphone."""
        return {"Authorization": f"Bearer {self.agent}"}

    @property
    def replicas(self) -> list[Replica]:
        """The processes behind it."""
        return self.deployment.replicas


@asynccontextmanager
async def before_two(url: str, folder: Path) -> AsyncIterator[TwoReplicas]:
    """Start everything. Without a haproxy on this machine the first replica is asked directly, and `proxied` says so."""
    set_up = str(yaml.safe_dump(SET_UP, default_flow_style=False))
    async with deployed(url, folder, Sandbox({}, {}), replicas=2, set_up=set_up, auth="on") as deployment:
        machine, agent = [await _key(deployment, agent) for agent in (None, "1001")]
        limits = httpx.Limits(max_keepalive_connections=0)
        async with (
            httpx.AsyncClient(timeout=START_S, trust_env=False, limits=limits) as client,
            _front_of(deployment, folder / "front.log") as front,
        ):
            yield TwoReplicas(deployment, front or deployment.replicas[0].url, front is not None, client, machine, agent)


@asynccontextmanager
async def _front_of(deployment: Deployment, log: Path) -> AsyncIterator[str | None]:
    if program() is None:
        yield None
        return
    async with front_of(deployment.replicas, log) as door:
        yield door.url


async def _key(deployment: Deployment, agent: str | None) -> str:
    scopes = ("pops.read", "pops.answer") if agent else tuple(PERMISSIONS)
    wish = KeyWish(name="front", scopes=scopes, agent=agent, life=timedelta(hours=1))
    key, _ = await api_keys.create(deployment.database, wish, asker=ROOT, now=utc_now())
    return key


def standard(body: bytes, *, seconds: int = 0, identity: str = "msg_1", secret: str = SECRETS["WHSEC"]) -> dict[str, str]:
    """Return the headers that sign a body by the Standard Webhooks specification, `seconds` from now."""
    at = str(int((utc_now() + timedelta(seconds=seconds)).timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    proof = base64.b64encode(hmac.new(key, f"{identity}.{at}.".encode() + body, hashlib.sha256).digest()).decode()
    return {"webhook-id": identity, "webhook-timestamp": at, "webhook-signature": f"v1,{proof}"}
