"""`tieline demo` as a newcomer runs it: one command, a pop, Ctrl-C, and nothing of it left."""

import asyncio
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest
from tests.flows.door import KNOWN, LINE, Door, HouseClock, Screen, patiently

START_S: Final = 60.0
"""Generous: a warm start takes a few seconds on an idle machine, and prints how many."""

STOP_S: Final = 20.0
RUNNING: Final = re.compile(r"Agent's desk +(http://127\.0\.0\.1:\d+)/desk")


@dataclass
class Demo(Door):
    """A running demo: its process, what it has printed, and how long it took to answer."""

    process: asyncio.subprocess.Process
    printed: list[str]
    started_in_s: float
    folder: Path

    async def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop, as Ctrl-C does, and return how it ended."""
        self.process.send_signal(how)
        async with asyncio.timeout(STOP_S):
            return await self.process.wait()


@asynccontextmanager
async def demo(folder: Path, *options: str) -> AsyncIterator[Demo]:
    """Run the demo in a folder until the block ends."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIELINE_")}
    environment |= {"TIELINE_DATA_DIR": str(folder / "data dir"), "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tieline", "demo", "--port", "0", *options),
        env=environment,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    printed: list[str] = []
    reading: asyncio.Task[None] | None = None
    try:
        url = await _address(process, printed)
        reading = asyncio.create_task(_read_on(process, printed))
        async with httpx.AsyncClient(base_url=url, timeout=START_S, trust_env=False) as client:
            yield Demo(url, client, HouseClock(), process, printed, time.monotonic() - began, folder)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        if reading is not None:
            await reading


async def _address(process: asyncio.subprocess.Process, printed: list[str]) -> str:
    """Read on until the demo says where its desk is."""
    assert process.stdout is not None
    async with asyncio.timeout(START_S):
        while line := (await process.stdout.readline()).decode():
            printed.append(line)
            if found := RUNNING.search(line):
                return found[1]
    raise AssertionError("".join(printed))


async def _read_on(process: asyncio.subprocess.Process, printed: list[str]) -> None:
    assert process.stdout is not None
    while line := (await process.stdout.readline()).decode():
        printed.append(line)


def processes_of(folder: Path) -> dict[int, str]:
    """Return every process on this machine whose command line, environment or working folder leads to the folder."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and any(_mentions(entry, str(folder))):
            found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return found


def _mentions(entry: Path, folder: str) -> Iterator[bool]:
    for name in ("cmdline", "environ"):
        try:
            yield folder.encode() in (entry / name).read_bytes()
        except OSError:
            yield False


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder whose path has a space in it. Run by root, Postgres runs as nobody, whom pytest's own folders keep out."""
    with tempfile.TemporaryDirectory(prefix="tieline demo ") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")


@needs_proc
async def test_the_demo_pops_and_leaves_nothing_behind_and_starts_again(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with demo(place, "--quiet") as first:
        pop = await first.pop(KNOWN, agent="1001", line=LINE)
        assert (pop["match"]["state"], pop["status"], pop["customer"]["tier"]) == ("known", "complete", "high_value")
        switchboard = await first.pop("+493023125871", agent="2001", line=LINE)
        assert (switchboard["match"]["rule"], switchboard["customer"]["kind"]) == ("company", "organization")
        assert len(processes_of(place)) > 2, "server, database and simulated systems are processes of their own"
        assert await first.stop() == 0
    await all_gone(place)
    async with demo(place, "--quiet") as second:
        again = await second.pop(KNOWN, agent="1001", line=LINE)
        assert (again["match"]["state"], again["customer"]["ref"]) == ("known", pop["customer"]["ref"])
        assert await second.stop(signal.SIGTERM) == 0
    await all_gone(place)
    with capsys.disabled():
        print(f"\ntieline demo: first start {first.started_in_s:.1f} s, warm start {second.started_in_s:.1f} s")  # noqa: T201 - a figure people ask for


@needs_proc
async def test_the_demo_rings_by_itself_says_where_to_look_and_keeps_its_port(place: Path) -> None:
    async with demo(place) as running:
        async with running.screen("1001") as screen:
            await screen.until(lambda heard: heard.card["match"]["state"] == "known", within_s=30)
        assert screen.card["phone"]["e164"] == KNOWN
        assert "simulated crm" in "".join(running.printed)
        await rang(running, screen)
        await refuses_a_taken_port(running, place)
        assert await running.stop() == 0
    await all_gone(place)


@needs_proc
async def test_whoever_answers_a_survey_badly_in_the_demo_sees_the_loop_go_round(place: Path) -> None:
    async with demo(place, "--quiet") as running:
        (where,) = await printed(running, "simulated pbx")
        pbx = where.split()[-1]
        async with httpx.AsyncClient(timeout=START_S, trust_env=False) as outside:
            await plays(outside, pbx, running, scenario="known")
            (link,) = await printed(running, "is asked")
            telephone = await outside.get(f"{pbx}/telephone")
            page = re.search(r"http://\S+/s/[\w-]+", link)
            assert page is not None
            assert f'href="{page[0]}"' in telephone.text
            answered = await outside.post(page[0], data={"score": "1", "text": "等了太久，问题也没解决"})
            assert answered.status_code == 200
            (opened,) = await printed(running, "a low score")
            assert ("owner 9001" in opened, "due 20" in opened) == (True, True)
            (told,) = await printed(running, "the CRM was told")
            contact = await outside.get(told.split()[-1])
            assert ("等了太久，问题也没解决" in contact.text, "wait, unresolved" in contact.text, "张桂兰" in contact.text) == (
                *(True, True),
                True,
            )
            await plays(outside, pbx, running, scenario="outbound", agent="9001", speed=20, **{"from": KNOWN})
            await printed(running, "spoken with again")
            _, second = await printed(running, "is asked", count=2)
            assert page[0] not in second
            ticket = opened.split()[-1]
            closing = await outside.post(f"{ticket}/close", json={"ending": "resolved"}, headers={"Idempotency-Key": "close-1"})
            assert closing.status_code == 200, closing.text
            (closed,) = await printed(running, "the loop took")
            assert closed.rstrip().endswith("/reports")
            loops = (await running.client.get("/v1/reports/feedback-loop", params={"group_by": "day"})).json()
            assert loops["total"]["feedback_loop_s"] > 0
        assert await running.stop() == 0


async def plays(outside: httpx.AsyncClient, pbx: str, running: Demo, *, speed: int = 1, **wish: str) -> None:
    """Have the simulated exchange play a call."""
    told = {**wish, "speed": speed, "target_url": f"{running.url}/v1/cti/pbx"}
    assert (await outside.post(f"{pbx}/play", json=told)).status_code == 202


async def printed(running: Demo, words: str, *, count: int = 1) -> list[str]:
    """Wait until the demo has printed so many lines with these words, and return them."""
    found: list[str] = []
    async for _ in patiently(f"the demo never said: {words}", within_s=START_S):
        found = [line for line in running.printed if words in line]
        if len(found) >= count:
            break
    return found


async def rang(running: Demo, screen: Screen) -> None:
    """The line the demo prints for a ring leads to the call's trace."""
    async for _ in patiently("the demo never said that it rings"):
        traces = re.findall(r"(/v1/calls/\S+/trace)", "".join(running.printed))
        if traces:
            answer = await running.client.get(traces[0])
            assert (answer.status_code, answer.json()["call_id"]) == (200, screen.card["call_id"])
            return


async def refuses_a_taken_port(running: Demo, folder: Path) -> None:
    """A second server on the same port says so in one sentence."""
    port = str(httpx.URL(running.url).port)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tieline", "serve", "--port", port),
        env={**os.environ, "TIELINE_DATA_DIR": str(folder / "data dir")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(START_S):
        printed, _ = await process.communicate()
    assert process.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in printed.decode()
    assert "Traceback" not in printed.decode()


async def all_gone(folder: Path) -> None:
    async for _ in patiently("processes were left behind", within_s=STOP_S):
        if not processes_of(folder):
            return
