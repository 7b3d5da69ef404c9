"""`tieline ring` against a server that takes call events, over real sockets."""

import asyncio
import json
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typer.testing import CliRunner, Result

from tieline.cli import ring
from tieline.domain.call import CallEvent
from tieline.domain.errors import ConfigRefused
from tieline.sandbox import whereabouts
from tieline.sandbox.faults import FaultGate
from tieline.sandbox.heron_pbx import HeronFaults
from tieline.sandbox.launch import serving


class Intake:
    """Stands where Tieline would: keeps what it is told, and what its own knobs were turned to."""

    def __init__(self) -> None:
        self.url = ""
        self.told: list[dict[str, Any]] = []
        self.keys: set[str | None] = set()
        self.knobs: list[dict[str, Any]] = []
        self.ready = threading.Event()
        self.stop: asyncio.Event
        self.loop: asyncio.AbstractEventLoop

    async def take(self, request: Request) -> Response:
        event = await request.json()
        self.keys.add(request.headers.get("authorization"))
        if self.keys == {"Bearer wrong"}:
            return JSONResponse({"code": "forbidden", "detail": "This is not permitted for you"}, 403)
        duplicate = event["event_id"] in {earlier["event_id"] for earlier in self.told}
        self.told.append(event)
        return JSONResponse({"call_id": event["call_id"], "accepted": True, "duplicate": duplicate}, 202)

    async def turn(self, request: Request) -> Response:
        self.knobs.append(json.loads(await request.body()))
        return JSONResponse({})

    async def serve(self) -> None:
        self.stop, self.loop = asyncio.Event(), asyncio.get_running_loop()
        app = Starlette(routes=[Route("/v1/call-events", self.take, methods=["POST"])])
        knobs = Starlette(routes=[Route("/{system}/_knobs", self.turn, methods=["PUT"])])
        async with serving({"crm": FaultGate(app, HeronFaults()), "erp": FaultGate(knobs, HeronFaults())}, {}) as places:
            self.url, self.knobs_url = places["crm"]["url"], places["erp"]["url"]
            self.ready.set()
            await self.stop.wait()


@pytest.fixture(autouse=True)
def _temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of our own, so that a sandbox somebody else runs keeps its note."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def intake() -> Iterator[Intake]:
    intake = Intake()
    thread = threading.Thread(target=lambda: asyncio.run(intake.serve()))
    thread.start()
    assert intake.ready.wait(10)
    yield intake
    intake.loop.call_soon_threadsafe(intake.stop.set)
    thread.join(10)
    assert not thread.is_alive()


def tieline(*arguments: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    ring.add_to(app)
    return CliRunner().invoke(app, ["ring", "--speed", "100", *arguments], env={"COLUMNS": "200"})


def test_it_tells_the_server_a_whole_call(intake: Intake) -> None:
    played = tieline("--server", intake.url, "--from", "+8613800138002", "--to", "+861065543800", "--agent", "1002")
    events = [CallEvent.model_validate(event) for event in intake.told]
    assert played.exit_code == 0
    assert [(event.type, event.agent) for event in events] == [
        ("queued", None),
        ("ringing", "1002"),
        ("answered", "1002"),
        ("ended", None),
    ]
    assert {(event.from_, event.to) for event in events} == {("+8613800138002", "+861065543800")}
    assert f"{intake.url}/v1/calls/{events[0].call_id}/trace" in played.output


def test_it_shows_its_key_and_marks_what_was_told_twice(intake: Intake) -> None:
    played = tieline("--server", intake.url, "--scenario", "told_twice", "--key", "secret-key")
    assert intake.keys == {"Bearer secret-key"}
    assert (played.output.count("taken"), played.output.count("again")) == (3, 3)
    assert "secret-key" not in played.output


def test_it_turns_the_knobs_of_a_running_sandbox(intake: Intake) -> None:
    with whereabouts.noted({"crm": {"url": f"{intake.knobs_url}/crm"}}):
        played = tieline("--server", intake.url, "--scenario", "slow_crm")
    assert played.exit_code == 0
    assert intake.knobs == [{"latency_ms": 4000}, {}]


def test_without_a_sandbox_it_says_that_nothing_was_turned(intake: Intake) -> None:
    played = tieline("--server", intake.url, "--scenario", "slow_crm")
    assert "No simulated crm runs here" in played.output
    assert len(intake.told) == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--server", "http://127.0.0.1:1"), "does not answer"),
        (("--server", "nowhere"), "does not answer"),
        (("--scenario", "nosuch"), "there is no such scenario"),
    ],
)
def test_what_goes_wrong_is_one_sentence(arguments: tuple[str, ...], told: str) -> None:
    failed = tieline(*arguments)
    assert isinstance(failed.exception, ConfigRefused)
    assert told in str(failed.exception)


def test_a_refusal_is_told(intake: Intake) -> None:
    failed = tieline("--server", intake.url, "--key", "wrong")
    assert isinstance(failed.exception, ConfigRefused)
    assert str(failed.exception) == "the server answers 403: This is not permitted for you"


def test_the_list_explains_every_scenario() -> None:
    listed = tieline("--list")
    assert all(name in listed.output for name in ("known", "attended_transfer", "all_dead"))
