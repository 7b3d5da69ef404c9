"""The real process on real sockets: it says where it is, rings, and goes when told or orphaned."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tieline.sandbox.access import ACCESS
from tieline.sandbox.faults import FaultGate
from tieline.sandbox.heron_pbx import HeronFaults
from tieline.sandbox.launch import build_systems, serving

COMMAND = (sys.executable, "-W", "error", "-m", "tieline.sandbox", "--customers", "20")
ORPHANING = """
import subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=sys.stdout)
print(child.pid, flush=True)
sys.stdin.read()
"""


class Exchange:
    """The simulated PBX and the place its pushes arrive at, both on real sockets."""

    def __init__(self, pbx_url: str, hook_url: str) -> None:
        self.received: list[tuple[str, str]] = []
        self.arrived = asyncio.Event()
        self.pbx_url, self.hook_url = pbx_url, hook_url

    async def until_done(self, client: httpx.AsyncClient, play_id: str) -> dict[str, Any]:
        async with asyncio.timeout(10):
            while (shown := (await client.get(f"{self.pbx_url}/plays/{play_id}")).json())["state"] == "running":
                self.arrived.clear()
                await asyncio.wait({asyncio.create_task(self.arrived.wait())}, timeout=0.05)
        return dict(shown)


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    async def hook(request: Request) -> Response:
        held.received.append((request.headers["content-type"], (await request.body()).decode()))
        held.arrived.set()
        return JSONResponse({"secret": request.headers.get("x-heron-hook")})

    receiver = FaultGate(Starlette(routes=[Route("/hook", hook, methods=["POST"])]), HeronFaults())
    systems = {"pbx": build_systems(crowd_size=0)["pbx"], "crm": receiver}
    async with serving(systems, {}) as places:
        held = Exchange(places["pbx"]["url"], f"{places['crm']['url']}/hook")
        yield held


async def test_the_pbx_pushes_a_whole_call(exchange: Exchange) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        wish = {"scenario": "known", "target_url": exchange.hook_url, "speed": 500}
        started = await client.post(f"{exchange.pbx_url}/play", json=wish)
        shown = await exchange.until_done(client, started.json()["play_id"])
    pushed = [json.loads(body) for _, body in exchange.received]
    assert started.status_code == 202
    assert [push["event"] for push in pushed] == ["queue", "newCall", "answer", "hangup"]
    assert {push["callId"] for push in pushed} == {started.json()["call_id"]}
    assert [post["status"] for post in shown["posts"]] == [200] * 4
    assert json.loads(shown["posts"][0]["answer"]) == {"secret": ACCESS["pbx"]["hook_secret"]}


async def test_the_pbx_pushes_forms_when_asked(exchange: Exchange) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        wish = {"scenario": "unknown", "target_url": exchange.hook_url, "speed": 500, "dialect": "zammad", "body": "form"}
        started = await client.post(f"{exchange.pbx_url}/play", json=wish)
        await exchange.until_done(client, started.json()["play_id"])
    assert {kind for kind, _ in exchange.received} == {"application/x-www-form-urlencoded"}
    assert exchange.received[0][1].startswith("event=newCall&from=%2B8613900000000&")


async def test_a_dead_target_does_not_stop_the_call(exchange: Exchange) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        wish = {"scenario": "known", "target_url": "http://127.0.0.1:1/hook", "speed": 500}
        started = await client.post(f"{exchange.pbx_url}/play", json=wish)
        shown = await exchange.until_done(client, started.json()["play_id"])
    assert [(post["status"], post["error"]) for post in shown["posts"]] == [(None, "ConnectError")] * 4


async def test_a_call_broken_off_tells_nothing_more(exchange: Exchange) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        wish = {"scenario": "known", "target_url": exchange.hook_url, "speed": 1}
        started = await client.post(f"{exchange.pbx_url}/play", json=wish)
        broken_off = [(await client.delete(f"{exchange.pbx_url}/plays")).json() for _ in range(2)]
        shown = (await client.get(f"{exchange.pbx_url}/plays/{started.json()['play_id']}")).json()
    assert broken_off == [{"broken_off": 1}, {"broken_off": 0}]
    assert shown["state"] == "failed"
    assert len(exchange.received) < len(["queue", "newCall", "answer", "hangup"])


async def test_dialling_twice_with_one_reference_is_one_call(exchange: Exchange) -> None:
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {ACCESS['pbx']['api_token']}"}) as client:
        await client.put(f"{exchange.pbx_url}/target", json={"target_url": exchange.hook_url})
        wish = {"extension": "1001", "number": "+8613800138002", "reference": "ref-1"}
        first, again = [await client.post(f"{exchange.pbx_url}/api/calls", json=wish) for _ in range(2)]
    assert [first.status_code, again.status_code] == [201, 200]
    assert first.json() == again.json()


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"extension": "1003"}, 422, "EXTENSION_OFFLINE"),
        ({"extension": "1"}, 422, "NO_SUCH_EXTENSION"),
        ({"reference": ""}, 422, "BAD_FIELDS"),
        ({}, 409, "NO_TARGET"),
    ],
)
async def test_dialling_can_be_refused(exchange: Exchange, change: dict[str, str], status: int, reason: str) -> None:
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {ACCESS['pbx']['api_token']}"}) as client:
        wish = {"extension": "1001", "number": "+8613800138002", "reference": "ref-1"} | change
        answer = await client.post(f"{exchange.pbx_url}/api/calls", json=wish)
    assert (answer.status_code, answer.json()["fault"]["reason"]) == (status, reason)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A temporary folder of its own, so that a sandbox somebody else runs keeps its note there."""
    return {**os.environ, "TMPDIR": str(tmp_path)}


async def started(environment: dict[str, str]) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment
    )
    assert process.stdout is not None
    return process, json.loads(await asyncio.wait_for(process.stdout.readline(), 90))


@pytest.mark.parametrize("wish", [signal.SIGTERM, signal.SIGINT])
async def test_the_process_says_where_it_is_and_goes_when_told(wish: signal.Signals, environment: dict[str, str]) -> None:
    process, ready = await started(environment)
    assert (ready["line"], sorted(ready["systems"])) == ("+861065543800", ["crm", "erp", "helpdesk", "pbx"])
    async with httpx.AsyncClient(trust_env=False) as client:
        statuses = [(await client.get(f"{system['url']}/_seen")).status_code for system in ready["systems"].values()]
    process.send_signal(wish)
    _, complaints = await asyncio.wait_for(process.communicate(), 10)
    assert (statuses, process.returncode, complaints) == ([200] * 4, 0, b"")


async def test_the_process_goes_when_its_parent_dies(environment: dict[str, str]) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ORPHANING, *COMMAND, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert parent.stdout is not None
    lines = [await asyncio.wait_for(parent.stdout.readline(), 90) for _ in range(2)]
    child = int(next(line for line in lines if line.strip().isdigit()))
    os.kill(child, 0)
    parent.kill()
    # The child holds the other end of this pipe until it is gone.
    assert await asyncio.wait_for(parent.stdout.read(), 10) == b""
    await parent.wait()
