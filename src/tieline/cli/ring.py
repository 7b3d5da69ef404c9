"""`tieline ring`: play a call into a running server, as a PBX would tell it."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tieline.domain.errors import ConfigRefused
from tieline.kit.clock import utc_now
from tieline.kit.ids import opaque_token
from tieline.sandbox import demo, whereabouts
from tieline.sandbox.event_words import canonical_events
from tieline.sandbox.player import Ring, Stage, Told, play
from tieline.sandbox.scenarios import Scenario, scenarios

console = Console(soft_wrap=True)
_TIMEOUT_S: Final = 10.0
_LONGEST_REFUSAL: Final = 200


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def ring(  # noqa: PLR0913 - each is an option of the command line
        *,
        caller: Annotated[str, typer.Option("--from", help="Who calls; default: the scenario's own caller.")] = "",
        to: Annotated[str, typer.Option(help="The line that is called.")] = demo.line(),
        agent: Annotated[str, typer.Option(help="Whose telephone rings.")] = "1001",
        scenario: Annotated[str, typer.Option(help="Which story; --list shows them.")] = "known",
        server: Annotated[str, typer.Option(help="Where Tieline runs.")] = "http://127.0.0.1:8000",
        key: Annotated[str, typer.Option(help="API key with the scope events.write, if the server wants one.")] = "",
        speed: Annotated[float, typer.Option(min=0.1, max=100, help="2 is twice as fast.")] = 1.0,
        show: Annotated[bool, typer.Option("--list", help="Show the scenarios and play none.")] = False,
    ) -> None:
        """Play a call into a running server."""
        if show:
            _show_scenarios()
            return
        story = _story(scenario)
        call = Ring(caller or story.caller, to, agent, f"ring-{opaque_token(6)}")
        asyncio.run(_Exchange(server.rstrip("/"), key).ring(story, call, speed=speed))


def _show_scenarios() -> None:
    table = Table("scenario", "what happens", "what the agent should see")
    for name, story in scenarios().items():
        table.add_row(name, escape(story.about), escape(story.expect))
    console.print(table)


def _story(name: str) -> Scenario:
    story = scenarios().get(name)
    if story is None:
        raise ConfigRefused("there is no such scenario", hint=f"There are {', '.join(scenarios())}.")
    return story


class _Exchange:
    """Stands in for a PBX: tells the server of each event, and turns the knobs of the sandbox where one runs."""

    def __init__(self, server: str, key: str) -> None:
        self._server = server
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._systems = whereabouts.running_systems()
        self._client: httpx.AsyncClient

    async def ring(self, story: Scenario, call: Ring, *, speed: float) -> None:
        """Play to the end. Raises: ConfigRefused: the server is not there, or takes no events from us."""
        console.print(f"[bold]{escape(story.about)}[/]  {call.caller} → {call.line}", highlight=False)
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as self._client:
            await play(story, call, Stage(self._post, self._turn, utc_now, asyncio.sleep), speed=speed)
        console.print(f"[dim]Expect:[/] {escape(story.expect)}", highlight=False)
        for suffix in dict.fromkeys(step.call for step in story.steps if step.event):
            console.print(f"[dim]Why:[/]    {self._server}/v1/calls/{call.call_prefix}-{suffix}/trace", highlight=False)

    async def _post(self, told: Told) -> None:
        for event in canonical_events(told):
            receipt = await self._tell(event)
            mark = "[yellow]again[/]" if receipt.get("duplicate") else "[green]taken[/]"
            console.print(f"  {told.step.at / 1000:5.1f} s  {mark}  {told.event} {event.get('agent', '')}", highlight=False)

    async def _tell(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        url = f"{self._server}/v1/call-events"
        try:
            answer = await self._client.post(url, json=event, headers=self._headers)
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise ConfigRefused(f"the server at {self._server} does not answer", hint="Is it running? See --server.") from exc
        if answer.is_error:
            raise ConfigRefused(f"the server answers {answer.status_code}: {_problem(answer)}", hint="See --server and --key.")
        receipt: Mapping[str, Any] = answer.json()
        return receipt

    async def _turn(self, system: str, knobs: Mapping[str, Any]) -> None:
        place = self._systems.get(system)
        if place is None:
            console.print(f"  [yellow]No simulated {system} runs here: it stays as it is.[/]")
            return
        (await self._client.put(f"{place['url']}/_knobs", json=dict(knobs))).raise_for_status()
        shown = ", ".join(f"{knob} {value}" for knob, value in knobs.items()) or "normal again"
        console.print(f"           [magenta]{system}[/]: {shown}", highlight=False)


def _problem(answer: httpx.Response) -> str:
    """Say in the server's own words what it did not like; an answer that is no problem document is shown as it begins."""
    try:
        problem = answer.json()
    except ValueError:
        return answer.text[:_LONGEST_REFUSAL]
    told = problem.get("detail") or problem.get("title") if isinstance(problem, dict) else None
    return str(told or answer.text[:_LONGEST_REFUSAL])
