"""A server with the real pages and the real live channel, and no call centre behind it: pops come from whoever publishes.

To look at the desk by hand: `python -m tests.browser.desk_server` prints where, and shows a few calls.
"""

import argparse
import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse
from tests.browser import recorded, recorded_reports

from tieline.api import agent_pops
from tieline.api.envelope import Envelope
from tieline.api.gate import HttpGate, session_cookie
from tieline.api.problems import EXCEPTION_HANDLERS
from tieline.api.security_headers import StandingHeaders
from tieline.domain.agent import Agent
from tieline.domain.agent_event import AgentEvent, AgentEventKind
from tieline.domain.errors import Gone
from tieline.kit.clock import utc_now
from tieline.push.channel import Channel
from tieline.security.masking_policy import Policy
from tieline.security.permissions import Caller
from tieline.services.access import Access
from tieline.services.agent_pops import OpenedPop, Verdict
from tieline.services.api_keys import KeyRing
from tieline.services.directory import Directory
from tieline.store import migrate
from tieline.store.agent_events import AgentEventLog
from tieline.store.database import Database
from tieline.store.embedded import EmbeddedPostgres
from tieline.web.pages import web_routers


class Agents(dict[str, Agent]):
    """A few agents with names, and one for every other id of four digits, so that each test has its own."""

    def __missing__(self, agent_id: str) -> Agent:
        if not (agent_id.isdigit() and len(agent_id) == 4):
            raise KeyError(agent_id)
        return Agent(id=agent_id, name=f"Agent {agent_id}")

    def of(self, agent_id: str) -> Agent | None:
        try:
            return self[agent_id]
        except KeyError:
            return None


AGENTS = Agents(
    {
        "1001": Agent(id="1001", name="Li Wei 李伟"),
        "1002": Agent(id="1002", name="Chen Jie 陈洁", language="zh"),
        "9001": Agent(id="9001", name="Zhao Min 赵敏", role="supervisor"),
    }
)


def event(kind: AgentEventKind, seq: int, payload: recorded.Json, *, agent: str = "1001") -> AgentEvent:
    return AgentEvent(agent, kind, payload["pop_id"], seq, payload)


def agent_of(pop_id: str) -> str:
    """The agent a test's pop is for: `5001.p1` is 5001's."""
    agent, dot, _ = pop_id.partition(".")
    return agent if dot else "1001"


@dataclass
class RecordedPops:
    """Answers choices with a known caller, and codes that begin with `good`, once."""

    channel: Channel[Any]

    def __post_init__(self) -> None:
        self.acknowledged: list[tuple[str, str]] = []
        self.chosen: list[tuple[str, str, bool]] = []
        self.reviewed: list[tuple[str, str]] = []
        self._used: set[str] = set()

    async def acknowledge(self, pop_id: str, *, agent: str, by: Caller) -> None:
        del by
        self.acknowledged.append((agent, pop_id))

    async def choose(self, pop_id: str, ref: str, *, remember: bool, by: Caller) -> None:
        del by
        self.chosen.append((pop_id, ref, remember))
        people = recorded.shared(pop_id)["candidates"]
        customer = {
            **recorded.pop(pop_id)["customer"],
            "ref": ref,
            "name": next(each["name"] for each in people if each["ref"] == ref),
        }
        match = {"state": "known", "confidence": 1.0, "reason": "chosen in this call", "rule": "choice", "identity_level": 1}
        card = recorded.pop(pop_id, candidates=people, customer=customer, match=match, mode="full")
        await self.channel.publish(event("pop.update", 50, card, agent=agent_of(pop_id)))

    async def ask_again(self, pop_id: str, *, by: Caller) -> None:
        del by
        card = recorded.pop(pop_id, mode="full", call=recorded.call("answered"))
        await self.channel.publish(event("pop.update", 40, card, agent=agent_of(pop_id)))

    async def leave_for_review(self, pop_id: str, verdict: Verdict, *, by: Caller) -> None:
        del by
        self.reviewed.append((pop_id, verdict))

    async def open(self, pop_id: str, code: str) -> OpenedPop:
        if not code.startswith("good") or code in self._used:
            raise Gone
        self._used.add(code)
        card = recorded.pop(pop_id, mode="full", call=recorded.call("answered", answered_at=recorded.ago(seconds=3)))
        return OpenedPop(card, agent_of(pop_id), None)


class NobodyVouches:
    """People sign in by personal keys only."""

    providers: Final[Mapping[str, Any]] = {}

    async def leave_address(self, _issuer: str | None, *, back: str) -> str:
        return back


class NobodyInside:
    """No door for local administrators."""

    def stands_at(self, _address: str | None) -> bool:
        return False

    async def somebody_inside(self) -> bool:
        return False


class NobodyElsesWord:
    """No connected system takes anything away from what a role sees."""

    def look_ahead(self, _directory: Directory, _agent: Agent) -> None:
        pass


def desk_app(url: str, *, auth: str = "off", frame_ancestors: tuple[str, ...] = ()) -> FastAPI:
    """The application; its state is complete once it has started."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = await Database.open(url, pool_size=8)
        channel: Channel[Any] = Channel(AgentEventLog(database))
        keys = KeyRing(database, clock=utc_now)
        app.state.session_cookie = session_cookie(tls=False)
        app.state.access = Access(
            database=database, keys=keys, agent_of=AGENTS.of, auth="on" if auth == "on" else "off", clock=utc_now
        )
        app.state.break_glass = NobodyInside()
        app.state.gate = HttpGate(app.state.access, cookie=app.state.session_cookie)
        app.state.house = SimpleNamespace(
            agent=AGENTS.of,
            channel=channel,
            directory=(directory := SimpleNamespace(now=Directory(agents=AGENTS))),
            desk=SimpleNamespace(
                policy=Policy(),
                directory=directory,
                agents_said=NobodyElsesWord(),
            ),
            agent_pops=RecordedPops(channel),
            sign_in=NobodyVouches(),
        )
        yield
        await channel.aclose()
        await database.aclose()

    app = FastAPI(lifespan=lifespan, exception_handlers=dict(EXCEPTION_HANDLERS), openapi_url=None)
    app.include_router(agent_pops.router)
    for router in web_routers(frame_ancestors=frame_ancestors):
        app.include_router(router)
    app.add_api_route("/test/pops", _noted)
    app.add_api_route("/v1/calls/{call_id}/trace", _trace)
    app.add_api_route("/v1/pops/{pop_id}/tickets", _tickets)
    app.add_api_route("/v1/reports/{name}", _report)
    app.add_api_route("/v1/reports/{name}/rows", _rows)
    app.add_api_route("/v1/wallboard", _wallboard)
    app.add_api_route("/v1/follow-ups", _follow_ups)
    app.add_api_route("/v1/agents", _agents)
    app.add_api_route("/v1/causes", _causes)
    app.add_api_route("/v1/feedback/{feedback_id}", _feedback)
    app.add_api_route("/v1/feedback/{feedback_id}/meaning", _meaning, methods=["PUT"])
    return app


async def _noted(request: Request) -> JSONResponse:
    pops: RecordedPops = request.app.state.house.agent_pops
    return JSONResponse({"acknowledged": pops.acknowledged, "chosen": pops.chosen, "reviewed": pops.reviewed})


async def _trace(call_id: str) -> JSONResponse:
    return JSONResponse(recorded.trace(call_id))


async def _tickets(pop_id: str) -> JSONResponse:
    """A pop whose id says how its ticket stands shows it: `5001.p1-conflict`."""
    _, _, standing = pop_id.partition("-")
    return JSONResponse({"items": [recorded.ticket(standing)] if standing else []})


async def _report(name: str, request: Request) -> JSONResponse:
    return JSONResponse(recorded_reports.report(name, request.query_params))


async def _rows(name: str, request: Request) -> JSONResponse:
    del name
    return JSONResponse(recorded_reports.rows(request.query_params))


async def _wallboard() -> JSONResponse:
    return JSONResponse(recorded_reports.wallboard())


async def _follow_ups() -> JSONResponse:
    return JSONResponse(recorded_reports.follow_ups())


async def _causes() -> JSONResponse:
    return JSONResponse(recorded_reports.tree())


async def _feedback(feedback_id: str) -> JSONResponse:
    assert feedback_id == recorded_reports.FEEDBACK["id"]
    return JSONResponse(recorded_reports.FEEDBACK)


async def _meaning(feedback_id: str, request: Request) -> JSONResponse:
    assert feedback_id == recorded_reports.FEEDBACK["id"]
    return JSONResponse(recorded_reports.corrected(await request.json()))


async def _agents() -> JSONResponse:
    return JSONResponse(
        {"items": [{"id": agent, "name": name, "team": "support"} for agent, name in recorded_reports.AGENTS.items()]}
    )


def serve(url: str, port: int, *, auth: str = "off") -> None:
    """Serve until killed."""
    app = Envelope(desk_app(url, auth=auth), headers=StandingHeaders(tls=False))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1)


async def show_some_calls(url: str) -> None:
    database = await Database.open(url, pool_size=2)
    channel: Channel[Any] = Channel(AgentEventLog(database))
    await channel.publish(
        event(
            "pop.show", 1, recorded.pop("p1", mode="full", call=recorded.call("answered", answered_at=recorded.ago(seconds=40)))
        )
    )
    await channel.publish(event("pop.show", 1, recorded.shared("p2")))
    await channel.publish(event("pop.show", 1, recorded.withheld("p3")))
    await database.aclose()


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--database", default="")
    arguments.add_argument("--port", type=int, default=8123)
    arguments.add_argument("--auth", choices=("on", "off"), default="off")
    given = arguments.parse_args()
    url = given.database
    if not url:
        url = EmbeddedPostgres(Path(tempfile.gettempdir()) / "tieline-desk-server").start()
        migrate.upgrade(url)
        asyncio.run(show_some_calls(url))
        print(f"http://127.0.0.1:{given.port}/desk?agent=1001")  # noqa: T201 - for whoever looks
    serve(url, given.port, auth=given.auth)


if __name__ == "__main__":
    main()
