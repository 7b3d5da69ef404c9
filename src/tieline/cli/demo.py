"""`tieline demo`: the whole house with simulated systems, ringing until Ctrl-C."""

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from tieline.cli.demo_customer import DemoCustomer
from tieline.cli.demo_past import past
from tieline.cli.demo_rows import rows_of
from tieline.cli.demo_setup import CALLED_BEFORE, LINE, apply_file
from tieline.cli.root import Root, Serving
from tieline.domain.pop_query import PopQuery
from tieline.kit.deadline import Deadline
from tieline.services.backfill import give_a_past
from tieline.services.screen_pop import Asker, look_up

console = Console(soft_wrap=True)
BETWEEN_RINGS_S: Final = 8.0
STOP_S: Final = 5.0
SUBSCRIBE_WITHIN_S: Final = 5.0
STORIES: Final = ("known", "shared", "unknown", "withheld", "blind_transfer", "slow_crm", "dead_erp")
AGENTS: Final = ("1001", "1002")


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
                ringing = asyncio.create_task(_ring(serving, systems["pbx"], stop)) if rings else None
                await stop.wait()
                console.print("\n[dim]Stopping …[/]")
                if ringing is not None:
                    await ringing


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


async def _ring(serving: Serving, pbx: Mapping[str, str], stop: asyncio.Event) -> None:
    """Tell the simulated PBX to play one story after the other; its customers answer the surveys that follow."""
    target, customer = f"{serving.url}/v1/cti/pbx", DemoCustomer(pbx)
    for number, story in enumerate(cycle(STORIES)):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 2.0 if number == 0 else BETWEEN_RINGS_S)
        if stop.is_set():
            return
        for phone, score in await asyncio.to_thread(customer.answer):
            console.print(f"[dim]★[/]  {phone} answered a survey: {score}   {serving.url}/v1/feedback", highlight=False)
        wish = {"scenario": story, "agent": AGENTS[number % len(AGENTS)], "target_url": target}
        answer = await asyncio.to_thread(_post, f"{pbx['url']}/play", wish)
        console.print(f"[dim]☎[/]  {story:<15} agent {wish['agent']}  {_trace_hint(serving, answer)}", highlight=False)


def _post(url: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - loopback, built by ourselves
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - likewise
            told: Mapping[str, Any] = json.load(answer)
            return told
    except (urllib.error.URLError, TimeoutError):
        return {}


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
  API docs           {url}/docs
  Ask for a number   curl '{url}/v1/screen-pop?phone=%2B8613800138000&agent=1001&line=%2B861065543800'
  Ring yourself      tieline ring --from +8613800138000 --to {LINE} --agent 1001 --server {url}
""",
        highlight=False,
    )
    for name, system in systems.items():
        console.print(f"  simulated {name:<9} {system['url']}", highlight=False)
    console.print()
