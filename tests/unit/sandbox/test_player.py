"""Every scenario can be played, in both languages, and leaves the systems as it found them."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from tieline.domain.call import CallEvent
from tieline.sandbox import demo
from tieline.sandbox.event_words import canonical_events, form_body, pushed_event
from tieline.sandbox.player import Ring, Stage, Told, play
from tieline.sandbox.scenarios import Scenario, Step, scenarios

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
PROMISED = {
    "known", "shared", "unknown", "withheld", "blind_transfer", "attended_transfer", "ring_group", "slow_crm", "dead_erp",
    "abandoned", "voicemail", "conference", "repeat_caller",
}  # fmt: skip


class Rehearsal:
    """A stage without time: waiting moves its clock."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.knobs: list[tuple[str, Mapping[str, Any]]] = []
        self.waited_s = 0.0
        self.stage = Stage(self._post, self._turn, lambda: NOON + timedelta(seconds=self.waited_s), self._wait)

    async def _post(self, told: Told) -> None:
        self.told.append(told)

    async def _turn(self, system: str, knobs: Mapping[str, Any]) -> None:
        self.knobs.append((system, knobs))

    async def _wait(self, seconds: float) -> None:
        self.waited_s += seconds


async def rehearse(name: str, agent: str = "1001", *, speed: float = 1.0) -> Rehearsal:
    rehearsal = Rehearsal()
    scenario = scenarios()[name]
    await play(scenario, Ring(scenario.caller, demo.line(), agent, "x"), rehearsal.stage, speed=speed)
    return rehearsal


def test_the_promised_scenarios_are_there() -> None:
    assert not PROMISED - set(scenarios())


@pytest.mark.parametrize("name", list(scenarios()))
async def test_every_scenario_speaks_canonical_call_events(name: str) -> None:
    rehearsal = await rehearse(name)
    events = [CallEvent.model_validate(event) for told in rehearsal.told for event in canonical_events(told)]
    assert events
    assert all(event.call_id.startswith("x-") for event in events)


@pytest.mark.parametrize("name", list(scenarios()))
async def test_every_scenario_speaks_generic_cti(name: str) -> None:
    rehearsal = await rehearse(name)
    pushes = [push for told in rehearsal.told if (push := pushed_event(told, "zammad"))]
    assert {push["event"] for push in pushes} <= {"newCall", "answer", "hangup"}
    assert all(
        set(push) <= {"event", "from", "to", "direction", "callId", "user", "queue", "cause", "answeringNumber"}
        for push in pushes
    )


@pytest.mark.parametrize("name", list(scenarios()))
async def test_every_scenario_puts_the_systems_right(name: str) -> None:
    turned = Counter(system for system, knobs in (await rehearse(name)).knobs if knobs)
    righted = Counter(system for system, knobs in (await rehearse(name)).knobs if not knobs)
    assert turned == righted


@pytest.mark.parametrize("name", list(scenarios()))
def test_every_scenario_is_short_enough_to_watch(name: str) -> None:
    assert scenarios()[name].steps[-1].at <= 15_000


async def test_systems_are_put_right_even_when_posting_fails() -> None:
    rehearsal = Rehearsal()

    async def fail(_told: Told) -> None:
        raise ConnectionError

    broken = Stage(fail, rehearsal.stage.turn, rehearsal.stage.now, rehearsal.stage.wait)
    scenario = scenarios()["dead_erp"]
    with pytest.raises(ConnectionError):
        await play(scenario, Ring(scenario.caller, demo.line(), "1001", "x"), broken)
    assert rehearsal.knobs == [("erp", {"status": 503}), ("erp", {})]


async def test_the_ring_group_rings_four_and_one_answers() -> None:
    events = [event for told in (await rehearse("ring_group")).told for event in canonical_events(told)]
    assert [(event["type"], event.get("agent")) for event in events] == [
        ("queued", None),
        ("ringing", "1001"),
        ("ringing", "1002"),
        ("ringing", "2001"),
        ("ringing", "9001"),
        ("answered", "1002"),
        ("ended", None),
    ]
    assert len({event["leg_id"] for event in events if "leg_id" in event}) == 4


async def test_the_ring_group_is_one_push_with_four_users() -> None:
    pushes = [pushed_event(told, "heron") for told in (await rehearse("ring_group")).told]
    rings = [push for push in pushes if push and push["event"] == "newCall"]
    assert [ring["userId"] for ring in rings] == [["1001", "1002", "2001", "9001"]]


async def test_telling_twice_repeats_the_same_event_id() -> None:
    ids = [event["event_id"] for told in (await rehearse("told_twice")).told for event in canonical_events(told)]
    assert set(Counter(ids).values()) == {2}


async def test_a_transfer_with_new_ids_names_the_old_call() -> None:
    events = [event for told in (await rehearse("transfer_new_ids")).told for event in canonical_events(told)]
    assert {(event["call_id"], event.get("linked_call_id")) for event in events} == {("x-a", None), ("x-b", "x-a")}


async def test_a_step_may_have_another_caller() -> None:
    assert {(event.call_id, event.caller) for event in (await rehearse("switchboard")).told} == {
        ("x-a", "+4930231250"),
        ("x-b", "+493023125871"),
    }


async def test_late_events_carry_the_time_they_happened() -> None:
    first = (await rehearse("late")).told[0]
    assert NOON - first.at == timedelta(minutes=109)


async def test_outbound_calls_go_from_the_line_to_the_customer() -> None:
    told = (await rehearse("outbound")).told[0]
    assert (told.caller, told.to, told.direction) == (demo.line(), "+8613800138002", "outbound")


async def test_whoever_plays_the_agent_is_not_their_own_colleague() -> None:
    told = (await rehearse("blind_transfer", agent="1002")).told
    assert {agent for event in told for agent in event.agents} == {"1001", "1002"}


async def test_time_passes_as_written_and_speed_shortens_it() -> None:
    last_at_s = scenarios()["known"].steps[-1].at / 1000
    assert (await rehearse("known")).waited_s == pytest.approx(last_at_s)
    assert (await rehearse("known", speed=4)).waited_s == pytest.approx(last_at_s / 4)


async def test_a_form_repeats_lists_as_generic_cti_asks() -> None:
    told = next(event for event in (await rehearse("ring_group")).told if event.event == "ringing")
    push = pushed_event(told, "zammad")
    assert push is not None
    assert parse_qs(form_body(push))["user[]"] == ["Li Wei", "Wang Min", "Chen Jing", "Zhao Lei"]


@pytest.mark.parametrize(
    "step", [{"at": 0}, {"at": 0, "event": "ringing", "system": "crm", "knobs": {}}, {"at": 0, "system": "crm"}, {"at": -1}]
)
def test_a_step_that_is_neither_event_nor_knobs_is_refused(step: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Step.model_validate(step)


def test_steps_out_of_order_are_refused() -> None:
    steps = [{"at": 5, "event": "ringing"}, {"at": 1, "event": "ended"}]
    with pytest.raises(ValidationError, match="order of their times"):
        Scenario.model_validate({"about": "", "expect": "", "caller": "1", "steps": steps})
