"""Two servers on one database: what one is told, the other's screens hear, and a day told to both is told once."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import timedelta
from random import Random
from typing import Any, Final

import pytest
import yaml
from tests.flows.call_centre import CallCentre
from tests.flows.door import KNOWN, LINE, SHARED, Door
from tests.flows.exchange import AGENTS
from tests.flows.house import CLEAR, company
from tests.flows.house_fixtures import new_database
from tests.flows.replicas import Deployment, deployed
from tests.flows.sandbox import Sandbox
from tests.flows.test_calls_replayed import a_day

from tieline.domain.call import CallEvent
from tieline.kit.clock import utc_now

LONG_AGO: Final = timedelta(days=2)
AT_ONCE: Final = 6
SENT: Final = "SELECT agent, kind, pop_id, seq FROM agent_events ORDER BY id"


def ten_agents(sandbox: Sandbox) -> str:
    """Return the company's file with everybody a replayed day speaks of, none with a telephone at home."""
    file = yaml.safe_load(company(sandbox))
    file["agents"] = {agent: {"name": f"Agent {agent}", "extensions": [agent]} for agent in AGENTS}
    return str(yaml.safe_dump(file, allow_unicode=True))


@pytest.fixture(scope="module")
async def standing(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory, systems: Sandbox
) -> AsyncIterator[Deployment]:
    """Two replicas that stay up for this file."""
    folder = tmp_path_factory.mktemp("replicas")
    with new_database(postgres_url, template_database) as url:
        async with deployed(url, folder, systems, replicas=2, set_up=ten_agents(systems)) as running:
            yield running


@pytest.fixture
async def two(standing: Deployment) -> Deployment:
    """Two replicas that have heard of no call yet."""
    standing.sandbox.heal()
    await standing.change(CLEAR.decode())
    return standing


async def test_a_ring_told_to_one_is_shown_by_the_other(two: Deployment) -> None:
    here, there = two.replicas
    async with there.screen("1001") as screen:
        await here.tell("ringing", "c-1", agent="1001", queue="support")
        await screen.until(lambda heard: heard.card["status"] == "complete")
        await here.tell("answered", "c-1", agent="1001")
        await screen.until(lambda heard: heard.card["mode"] == "full")
    assert (len(screen.of("pop.show")), screen.card["phone"]["e164"]) == (1, KNOWN)
    assert await two.rows("SELECT count(*) FROM pops") == [(1,)]


async def test_two_desks_of_one_agent_on_two_servers_hear_the_same_events(two: Deployment) -> None:
    here, there = two.replicas
    async with here.screen("1001") as first, there.screen("1001") as second:
        await here.tell("ringing", "c-1", agent="1001")
        await there.tell("ended", "c-1", outcome="missed_agent")
        for screen in (first, second):
            await screen.until(lambda heard: heard.of("pop.withdraw"))
    assert [event.id for event in first.events if event.id] == [event.id for event in second.events if event.id]


async def test_a_choice_made_on_one_changes_the_card_on_the_other(two: Deployment) -> None:
    here, there = two.replicas
    async with here.screen("1001") as screen:
        await here.tell("ringing", "c-1", agent="1001", **{"from": SHARED})
        await screen.until(lambda heard: heard.card["status"] == "complete")
        card = screen.card
        ref = card["candidates"][0]["ref"]
        answer = await there.client.post(f"/v1/pops/{card['pop_id']}/choose", json={"ref": ref})
        assert answer.status_code == 204
        await screen.until(lambda heard: heard.card["customer"]["ref"] == ref)
    assert screen.card["pop_id"] == card["pop_id"]


async def test_a_page_asked_of_one_opens_on_the_other_once(two: Deployment) -> None:
    here, there = two.replicas
    asked = {"phone": KNOWN, "agent": "1001", "line": LINE}
    sent = await here.client.get("/v1/screen-pop", params=asked, headers={"Accept": "text/html"})
    found = re.fullmatch(r"/pop/([\w-]+)\?code=([\w-]+)", sent.headers["location"])
    assert found
    opened = [await door.client.post(f"/v1/pops/{found[1]}/open", json={"code": found[2]}) for door in (there, here)]
    assert [answer.status_code for answer in opened] == [200, 410]


async def test_the_same_event_told_to_both_at_once_is_taken_once(two: Deployment) -> None:
    fields: dict[str, Any] = {"agent": "1001", "event_id": "evt-1", "at": utc_now().isoformat()}
    receipts = await asyncio.gather(*(door.tell("ringing", "c-1", **fields) for door in two.replicas * 4))
    assert sorted(receipt["duplicate"] for receipt in receipts) == [False] + [True] * 7
    async with two.replicas[0].screen("1001") as screen:
        await screen.until(lambda heard: heard.card["status"] == "complete")
    assert [(kind, seq) for _agent, kind, _pop, seq in await two.rows(SENT) if kind == "pop.show"] == [("pop.show", 1)]


async def test_a_day_replayed_shuffled_and_doubled_through_both_changes_nothing(two: Deployment) -> None:
    day = [*long_ago(), *just_now()]
    await tell_all(two.replicas[:1], day, at_once=1)
    await cards_carried_out(two)
    told, sent = await everything(two), await two.rows(SENT)
    again = [*day, *day]
    Random(11).shuffle(again)  # noqa: S311 - repeatable on purpose
    assert set(await tell_all(two.replicas, again)) == {True}
    assert (await everything(two), await two.rows(SENT)) == (told, sent)
    assert [kind for _agent, kind, _pop, _seq in sent].count("pop.show") == 2


async def test_a_day_first_heard_shuffled_and_doubled_by_both_is_the_same_day_without_a_card(two: Deployment) -> None:
    await tell_all(two.replicas[:1], long_ago(), at_once=1)
    told = await everything(two)
    await two.change(CLEAR.decode())
    shuffled = [*long_ago(), *long_ago()]
    Random(12).shuffle(shuffled)  # noqa: S311 - repeatable on purpose
    duplicates = await tell_all(two.replicas, shuffled)
    assert duplicates.count(False) == len(long_ago())
    assert await everything(two) == told
    assert await two.rows("SELECT count(*) FROM pops") == [(0,)]
    assert await two.rows(SENT) == []


def long_ago() -> list[CallEvent]:
    """Return a day of calls that nobody must be shown any more, whenever this is run."""
    day = a_day()
    shift = utc_now().replace(hour=0, minute=0, second=0, microsecond=0) - LONG_AGO - min(event.at for event in day)
    return [event.model_copy(update={"at": event.at + shift}) for event in day]


def just_now() -> list[CallEvent]:
    """Return two calls of this moment: cards for two agents."""
    told = {"from": KNOWN, "to": LINE, "at": utc_now(), "type": "ringing"}
    return [CallEvent.model_validate({**told, "call_id": f"now-{agent}", "agent": agent}) for agent in ("1001", "1002")]


async def tell_all(doors: Sequence[Door], events: Iterable[CallEvent], *, at_once: int = AT_ONCE) -> list[bool]:
    """Report events to the servers by turns, several at a time; return which were duplicates."""
    waiting = iter(list(events))
    duplicates: list[bool] = []

    async def tell(door: Door) -> None:
        for event in waiting:
            body = event.model_dump(mode="json", by_alias=True, exclude_none=True)
            answer = await door.client.post("/v1/call-events", json=body)
            assert answer.status_code == 202, answer.text
            duplicates.append(answer.json()["duplicate"])

    await asyncio.gather(*(tell(doors[number % len(doors)]) for number in range(at_once)))
    return duplicates


async def everything(deployment: Deployment) -> dict[str, list[tuple[object, ...]]]:
    """Let the worker's clock do its part, and return what must be the same."""
    centre = CallCentre(deployment.database)
    for hours in (1, 5, 6, 11):
        await centre.settle(utc_now() + timedelta(hours=hours))
        await centre.sweep(utc_now() + timedelta(hours=hours))
    return await centre.everything()


async def cards_carried_out(deployment: Deployment) -> None:
    """Wait until both cards of this moment are complete."""
    for agent in ("1001", "1002"):
        async with deployment.replicas[0].screen(agent) as screen:
            await screen.until(lambda heard: heard.card["status"] == "complete")
