"""`tieline demo`: the whole house with simulated systems, ringing until Ctrl-C."""

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from tieline.cli.demo_customer import DemoCustomer
from tieline.cli.demo_door import ask
from tieline.cli.demo_loop import TICK_S, DemoLoop
from tieline.cli.demo_past import past
from tieline.cli.demo_rows import rows_of
from tieline.cli.demo_setup import CALLED_BEFORE, LINE, apply_file
from tieline.cli.root import Root, Serving
from tieline.domain.pop_query import PopQuery
from tieline.kit.deadline import Deadline
from tieline.services.backfill import give_a_past
from tieline.services.screen_pop import Asker, look_up

console = Console(soft_wrap=True)
BEFORE_RINGING_S: Final = 2.0
BETWEEN_RINGS_S: Final = 8.0
STOP_S: Final = 5.0
SUBSCRIBE_WITHIN_S: Final = 5.0
STORIES: Final = ("known", "shared", "unknown", "withheld", "blind_transfer", "slow_crm", "dead_erp")
AGENTS: Final = ("1001", "1002")
REGULAR_CALLER: Final = "LC-104729"
"""Who +8613800138000 is in the simulated CRM."""


def add_to(app: typer.Typer, root: Root) -> None:
    """Add the command."""

    @app.command()
    def demo(
        port: Annotated[int, typer.Option(help="TCP port on loopback.")] = 8000,
        quiet: Annotated[bool, typer.Option("--quiet", help="Do not ring by itself; `tieline ring` does.")] = False,  # noqa: FBT002 - a flag of the command line
    ) -> None:
        """Start everything with simulated systems, and let the phones ring."""
        asyncio.run(_run(root, port=port, rings=not quiet))


async def _run(root: Root, *, port: int, rings: bool) -> None:
    stop = asyncio.Event()
    for wish in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(wish, stop.set)
    async with _sandbox() as systems:
        with tempfile.TemporaryDirectory(prefix="tieline-demo-") as folder:
            file = Path(folder) / "demo.yaml"
            file.write_text(apply_file(systems), encoding="utf-8")
            reachable = [system["url"] for system in systems.values()]
            async with root.demo(port=port, reachable=reachable, apply_file=file, progress=_tell) as serving:
                await _remember_a_past(serving)
                await _remember_companies(serving)
                await _subscribe(serving)
                _welcome(serving, systems)
                loop = DemoLoop(serving.url, systems["crm"]["url"], DemoCustomer(systems["pbx"]), acts=rings)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(_watch(loop, stop))
                    if rings:
                        tasks.create_task(_ring(serving, systems["pbx"], loop, stop))
                    await stop.wait()
                    console.print("\n[dim]Stopping …[/]")


@contextlib.asynccontextmanager
async def _sandbox() -> AsyncIterator[Mapping[str, Mapping[str, str]]]:
    """Run the simulated systems in a process of their own, so that they do not share our core."""
    _tell("Starting a simulated CRM, ERP, helpdesk and PBX")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tieline.sandbox", stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        first_line = await process.stdout.readline() if process.stdout is not None else b""
        yield json.loads(first_line)["systems"]
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _subscribe(serving: Serving) -> None:
    """Have the simulated CRM and helpdesk tell us of every change of a ticket."""
    for name in ("crm", "helpdesk"):
        connection = serving.house.directory.now.connections[name]
        callback_url = f"{serving.url}/v1/webhooks/{name}"
        await connection.run("event.subscribe", deadline=Deadline.after(SUBSCRIBE_WITHIN_S), callback_url=callback_url)


async def _remember_a_past(serving: Serving) -> None:
    """Fill the reports with four weeks of made-up calls, the first time."""
    desk = serving.house.tickets
    now = desk.clock()
    await give_a_past(desk, rows_of(past(now, desk.policy.zone), now=now))


async def _remember_companies(serving: Serving) -> None:
    """Ask for each company once, so that the identity index is not as empty as on a first day."""
    for number in CALLED_BEFORE:
        await look_up(serving.house.desk, PopQuery(phone=number), asker=Asker("demo", "admin"))
    await serving.house.desk.keeper.settle()


async def _ring(serving: Serving, pbx: Mapping[str, str], loop: DemoLoop, stop: asyncio.Event) -> None:
    """Tell the simulated PBX to play one story after the other; who waits to be called back is called first."""
    stories = zip(cycle(STORIES), cycle(AGENTS), strict=False)
    wait_s = BEFORE_RINGING_S
    while not await _stopped(stop, wait_s):
        wait_s = BETWEEN_RINGS_S
        owed = loop.to_call_back()
        if owed is not None:
            wish = {"scenario": "outbound", "from": owed[0], "agent": owed[1]}
        else:
            story, agent = next(stories)
            wish = {"scenario": story, "agent": agent}
        answer = await asyncio.to_thread(ask, f"{pbx['url']}/play", {**wish, "target_url": f"{serving.url}/v1/cti/pbx"})
        console.print(f"[dim]☎[/]  {wish['scenario']:<15} agent {wish['agent']}  {_trace_hint(serving, answer)}", highlight=False)


async def _watch(loop: DemoLoop, stop: asyncio.Event) -> None:
    """Tell what becomes of surveys and their answers."""
    while not await _stopped(stop, TICK_S):
        for line in await asyncio.to_thread(loop.tick):
            console.print(line, highlight=False, markup=False)


async def _stopped(stop: asyncio.Event, within_s: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), within_s)
    return stop.is_set()


def _trace_hint(serving: Serving, answer: Mapping[str, Any]) -> str:
    call = answer.get("call_id")
    return f"{serving.url}/v1/calls/{call}/trace" if call else "the simulated PBX did not answer"


def _tell(sentence: str) -> None:
    console.print(f"[dim]{sentence} …[/]", highlight=False)


def _welcome(serving: Serving, systems: Mapping[str, Mapping[str, str]]) -> None:
    url = serving.url
    console.print(
        f"""
[bold]Tieline is running.[/]  Ctrl-C stops everything.

  Agent's desk       {url}/desk?agent=1001   (also 1002, 2001 senior, 9001 supervisor)
  Reports            {url}/reports   (on a wall: {url}/reports?wall=1)
  Customers' phones  {systems["pbx"]["url"]}/telephone   (surveys arrive here; answer one with 1 and see what follows)
  A customer in CRM  {systems["crm"]["url"]}/app/contacts/{REGULAR_CALLER}
  API docs           {url}/docs
  Ask for a number   curl '{url}/v1/screen-pop?phone=%2B8613800138000&agent=1001&line=%2B861065543800'
  Ring yourself      tieline ring --from +8613800138000 --to {LINE} --agent 1001 --server {url}
""",
        highlight=False,
    )
    for name, system in systems.items():
        console.print(f"  simulated {name:<9} {system['url']}", highlight=False)
    console.print()
