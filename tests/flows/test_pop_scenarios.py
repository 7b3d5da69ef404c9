"""Every scenario of the simulated PBX keeps what it promises the agent, and its trace explains why."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import pytest
from tests.flows.door import Json
from tests.flows.house import RunningHouse
from tests.flows.story import Story, played

from tieline.sandbox.scenarios import scenarios
from tieline.worker.duties import sweep_calls

Check = Callable[[Story], Awaitable[None]]
CHECKS: dict[str, Check] = {}
HEAD_OFFICE: Final = "+493023125"


def promise(check: Check) -> Check:
    """Let a function look after the scenario it is named for."""
    CHECKS[check.__name__.lstrip("_")] = check
    return check


@pytest.mark.parametrize("name", scenarios())
async def test_a_scenario_shows_what_it_promises(house: RunningHouse, name: str) -> None:
    if name == "switchboard":
        await head_office_called_before(house)
    async with played(house, name) as story:
        await CHECKS[name](story)
        await explains(story)


async def head_office_called_before(house: RunningHouse) -> None:
    await house.pop(HEAD_OFFICE)
    await house.house.desk.keeper.settle()


async def explains(story: Story) -> None:
    """Every event has an effect in words; every card names each source, its state and time, and the rule that decided."""
    for call in sorted({step.call for step in story.scenario.steps if step.event}):
        trace = await story.trace(call)
        assert trace["events"]
        assert all(event["effect"] for event in trace["events"])
        for pop in trace["pops"]:
            assert pop["decided"]["rule"]
            assert all(source["state"] and source["operation"] for source in pop["sources"])
            assert bool(pop["sources"]) != bool(pop["suppressed"])


async def effects(story: Story, call: str = "a") -> list[str]:
    return [event["effect"] for event in (await story.trace(call))["events"]]


async def decided(story: Story, call: str = "a") -> list[tuple[str, str]]:
    return [(pop["decided"]["state"], pop["decided"]["rule"]) for pop in (await story.trace(call))["pops"]]


def states(card: Json) -> dict[str, str]:
    return {name: block["state"] for name, block in card["blocks"].items()}


def numbers(card: Json, block: str) -> list[str]:
    return [item["number"] for item in card["blocks"][block]["items"]]


def because(card: Json) -> set[str]:
    return {hint["because"] for hint in card["hints"]}


@promise
async def _known(story: Story) -> None:
    card = story.card()
    assert (card["match"]["state"], card["customer"]["tier"], card["mode"]) == ("known", "high_value", "full")
    assert (numbers(card, "tickets")[0], len(numbers(card, "orders"))) == ("8841", 3)
    assert set(states(card).values()) <= {"live", "cached"}
    assert (story.shown, story.withdrawn) == (["1001"], {})
    assert await story.calls("outcome, wait_s > 0") == [("served", True)]


@promise
async def _regular(story: Story) -> None:
    assert (story.card()["match"]["state"], numbers(story.card(), "orders")[0]) == ("known", "SO-20261020")
    assert story.card()["blocks"]["orders"]["items"][0]["status"] == "processing"


@promise
async def _shared(story: Story) -> None:
    assert (story.card()["match"]["state"], [one["name"] for one in story.card()["candidates"]]) == ("maybe", ["王*", "陈**"])
    assert all(card["customer"] is None for card in story.told())
    assert await story.house.rows("SELECT kind FROM review_items") == [("unchosen_caller",)]


@promise
async def _dormitory(story: Story) -> None:
    assert (story.card()["match"]["state"], len(story.card()["candidates"]), story.card()["more_candidates"]) == ("maybe", 5, 3)


@promise
async def _unknown(story: Story) -> None:
    assert (story.card()["match"]["state"], story.card()["customer"]) == ("none", None)
    assert await story.house.rows("SELECT kind, subject_key FROM review_items") == [("unknown_caller", story.scenario.caller)]
    assert story.house.sandbox.writes == {}


@promise
async def _withheld(story: Story) -> None:
    assert (story.card()["match"]["state"], story.house.sandbox.look_ups) == ("withheld", 0)
    assert await story.house.rows("SELECT kind FROM review_items") == []


@promise
async def _withheld_keypad(story: Story) -> None:
    await _withheld(story)


@promise
async def _internal(story: Story) -> None:
    assert (story.shown, set(await effects(story)) - {"noted"}) == ([], {"suppressed: internal"})


@promise
async def _switchboard(story: Story) -> None:
    card = story.card()
    assert (card["match"]["state"], card["match"]["rule"], card["customer"]["kind"]) == ("maybe", "company", "organization")
    assert all(card["customer"] is None or card["customer"]["kind"] == "organization" for card in story.told())


@promise
async def _extension(story: Story) -> None:
    assert (story.card()["match"]["rule"], story.card()["customer"]["name"]) == ("extension", "赵*")


@promise
async def _english(story: Story) -> None:
    assert (story.shown, story.card("2001")["customer"]["name"]) == (["2001"], "Emily Carter")
    assert "language=en-US" in because(story.card("2001"))


@promise
async def _hostile_name(story: Story) -> None:
    """Text stays text on the way; that browsers show it as text is proved with a browser."""
    pop = await story.house.pop(story.scenario.caller, agent="9001")
    assert {one["name"] for one in pop["candidates"]} == {"<img src=x onerror=alert(1)>'); DROP TABLE--"}
    assert {one["name"] for one in story.card()["candidates"]} == {"i*** s*** o***"}


@promise
async def _ring_group(story: Story) -> None:
    assert sorted(story.shown) == ["1001", "1002", "2001", "9001"]
    assert story.withdrawn == {agent: ["answered_elsewhere"] for agent in ("1001", "2001", "9001")}
    assert {outcome for _, outcome in await story.legs()} == {"served", "answered_elsewhere"}


@promise
async def _hunt(story: Story) -> None:
    assert (story.shown, story.withdrawn) == (["1001", "1002", "2001"], {"1001": ["missed"], "1002": ["missed"]})
    assert await story.legs() == [("1001", "missed_agent"), ("1002", "missed_agent"), ("2001", "served")]


@promise
async def _two_devices(story: Story) -> None:
    assert (story.shown, story.withdrawn, len(await story.legs())) == (["1001"], {}, 2)


@promise
async def _blind_transfer(story: Story) -> None:
    assert (story.shown, story.withdrawn) == (["1001", "1002"], {"1001": ["transferred"]})
    assert (story.card("1002")["call_id"], story.card("1002")["call"]["transferred_from"]) == (story.call_id(), "1001")
    assert await story.calls("call_key") == [(story.call_id(),)]


@promise
async def _attended_transfer(story: Story) -> None:
    assert (story.shown, story.withdrawn) == (["1001", "2001"], {"1001": ["transferred"]})
    assert any("you_own_it_now" in effect for effect in await effects(story))
    assert (story.card("2001")["mode"], story.card("2001")["call"]["owner"]) == ("full", True)
    assert story.told("2001")[0]["mode"] == "preview"
    assert await story.calls("count(*) OVER ()") == [(1,)]


@promise
async def _queue_transfer(story: Story) -> None:
    assert (story.shown, story.withdrawn) == (["1001", "1002"], {"1001": ["transferred"]})
    assert await story.calls("outcome") == [("served",)]


@promise
async def _transfer_new_ids(story: Story) -> None:
    assert (story.shown, await story.calls("call_key")) == (["1001", "1002"], [(story.call_id(),)])
    assert (await story.trace("b"))["call_id"] == story.call_id("b")


@promise
async def _conference(story: Story) -> None:
    assert (story.shown, story.withdrawn) == (["1001", "2001"], {"2001": ["consult_over"]})
    assert "join" in {card["mode"] for card in story.told("2001")}
    assert len(await story.calls("id")) == 1


@promise
async def _consult_only(story: Story) -> None:
    await _conference(story)
    assert await story.legs() == [("1001", "served"), ("2001", "served")]


@promise
async def _abandoned(story: Story) -> None:
    assert (await story.calls("outcome"), story.withdrawn) == ([("abandoned_queue",)], {"1001": ["caller_hung_up"]})
    assert "tier=churn_risk" in because(story.card())


@promise
async def _abandoned_short(story: Story) -> None:
    assert (await story.calls("outcome"), story.shown) == ([("abandoned_short",)], [])


@promise
async def _voicemail(story: Story) -> None:
    assert await story.calls("outcome, recording_ref") == [("voicemail", "rec/voicemail-demo.wav")]
    assert story.withdrawn == {"1001": ["missed"]}


@promise
async def _repeat_caller(story: Story) -> None:
    assert len(await story.calls("id")) == 2
    second = story.card(call="b")
    assert [entry["call_id"] for entry in second["history"]] == [story.call_id()]
    assert "calls=2" in because(second)
    assert any(reason.startswith("hangup_cause=") for reason in because(second))


@promise
async def _missed_then_served(story: Story) -> None:
    assert "missed=3" in because(story.card(call="d"))
    assert await story.calls("outcome") == [("missed_agent",)] * 3 + [("served",)]


@promise
async def _outbound(story: Story) -> None:
    first, last = story.told()[0], story.card()
    assert (story.shown, first["direction"], first["mode"], last["match"]["state"]) == (["1001"], "outbound", "full", "known")


@promise
async def _slow_crm(story: Story) -> None:
    told = [(card["blocks"]["profile"]["state"], card["blocks"]["orders"]["state"]) for card in story.told()]
    assert told[0][0] == "unavailable"
    assert ("unavailable", "live") in told
    assert told[-1][0] in {"live", "cached"}


@promise
async def _dead_erp(story: Story) -> None:
    assert {name for name, state in states(story.card()).items() if state == "unavailable"} == {
        "orders",
        "account",
        "profile@erp",
    }
    assert (story.card()["match"]["state"], numbers(story.card(), "tickets")[0]) == ("known", "8841")


@promise
async def _hanging_helpdesk(story: Story) -> None:
    declared = [card["blocks"]["tickets"] for card in story.told() if card["blocks"]["orders"]["state"] == "live"]
    assert (declared[0]["state"], declared[0]["error"]) == ("unavailable", "no_answer_yet")
    assert story.card()["match"]["state"] == "known"


@promise
async def _throttled_crm(story: Story) -> None:
    assert story.card()["blocks"]["profile"]["error"] == "upstream_throttled"
    assert (story.card()["match"]["state"], story.house.sandbox.asked("crm")) == ("known", 1)


@promise
async def _sign_in_page(story: Story) -> None:
    assert states(story.card())["profile"] == "unavailable"
    assert "sign in" not in str(story.told()).lower()


@promise
async def _all_dead(story: Story) -> None:
    assert story.shown == ["1001"]
    assert set(states(story.told()[0]).values()) == {"unavailable"}
    assert story.told()[0]["took_ms"] < 5000, "far from the eight seconds that the CRM is given"


@promise
async def _told_twice(story: Story) -> None:
    assert (story.shown, len(story.posts), len((await story.trace())["events"])) == (["1001"], 6, 3)


@promise
async def _answer_first(story: Story) -> None:
    assert (story.shown, story.told()[0]["mode"]) == (["1001"], "full")
    assert await story.calls("state, outcome") == [("ended", "served")]


@promise
async def _lost_hangup(story: Story) -> None:
    assert await story.calls("state, outcome") == [("answered", None)]
    story.house.clock.forward(timedelta(hours=4, minutes=1))
    assert await sweep_calls(story.house.house, story.house.clock()) == 1
    assert await story.calls("state, outcome, talk_s") == [("ended", "unknown_lost_hangup", None)]


@promise
async def _late(story: Story) -> None:
    assert (story.shown, await effects(story)) == ([], ["suppressed: stale_event", "suppressed: stale_event", "noted"])
    assert await story.calls("outcome") == [("served",)]


@promise
async def _clock_skew(story: Story) -> None:
    assert (story.shown, story.card()["match"]["state"], story.card()["mode"]) == (["1001"], "known", "full")


@promise
async def _nobody_there(story: Story) -> None:
    assert (story.shown, (await effects(story))[0]) == ([], "suppressed: unmapped_extension")
    assert await story.house.rows("SELECT kind FROM review_items") == [("unmapped_extension",)]


def test_every_scenario_has_somebody_who_looks_after_it() -> None:
    assert CHECKS.keys() == scenarios().keys()
