"""Systems that fail, each in its way: they cost their own block, never the card."""

from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from tests.flows.door import KNOWN, REGULAR, Json
from tests.flows.house import RunningHouse

from tieline.connectors.wire.breaker import FAILURES, CircuitBreaker
from tieline.kit.clock import monotonic_s

HURRY: Final = 400
"""Milliseconds a test grants a card where something hangs."""

CRM_FAULTS: Final[dict[str, tuple[dict[str, Any], set[str]]]] = {
    "500": ({"error_rate": 1.0}, {"upstream_unavailable"}),
    "gateway 502": ({"status": 502}, {"upstream_unavailable"}),
    "429": ({"throttle": 7}, {"upstream_throttled"}),
    "hang": ({"hang": True}, {"no_answer_yet", "upstream_timeout"}),
    "wrong JSON": ({"bad_json": True}, {"upstream_bad_answer", "upstream_unavailable"}),
    "empty": ({"empty": True}, {"upstream_bad_answer", "upstream_unavailable"}),
}


def block(pop: Json, name: str) -> tuple[str, str | None]:
    return pop["blocks"][name]["state"], pop["blocks"][name]["error"]


def as_of(pop: Json) -> datetime:
    return datetime.fromisoformat(pop["blocks"]["orders"]["as_of"])


def action(pop: Json, name: str) -> tuple[bool, str | None]:
    (found,) = (one for one in pop["actions"] if one["id"] == name)
    return found["enabled"], found["because"]


@pytest.mark.parametrize("fault", CRM_FAULTS)
async def test_a_broken_crm_costs_its_own_block(house: RunningHouse, fault: str) -> None:
    knobs, codes = CRM_FAULTS[fault]
    house.sandbox.turn("crm", **knobs)
    answer = await house.client.get("/v1/screen-pop", params={"phone": KNOWN, "agent": "1001", "deadline_ms": HURRY})
    pop = answer.json()
    assert (answer.status_code, pop["status"]) == (200, "partial")
    assert block(pop, "profile")[0] == "unavailable"
    assert block(pop, "profile")[1] in codes
    assert {name: found["state"] for name, found in pop["blocks"].items() if name != "profile"} == {
        "profile@erp": "live",
        "orders": "live",
        "tickets": "live",
        "account": "live",
    }
    assert (pop["match"]["state"], pop["customer"]["ref"].partition(":")[0]) == ("known", "erp")
    assert b"sign in" not in answer.content.lower()
    assert b"gateway" not in answer.content


async def test_a_crm_that_asks_for_peace_gets_it(house: RunningHouse) -> None:
    house.sandbox.turn("crm", throttle=7)
    await house.pop(agent="1001")
    asked = house.sandbox.asked("crm")
    for _ in range(5):
        pop = await house.pop(REGULAR, agent="1001")
        assert block(pop, "profile") == ("unavailable", "upstream_throttled")
    assert house.sandbox.asked("crm") == asked


async def test_a_crm_that_keeps_failing_is_left_alone_and_back_after_ninety_seconds(house: RunningHouse) -> None:
    later_s = 0.0
    crm = house.house.directory.now.connections["crm"]
    crm._exchanger.breaker = CircuitBreaker(lambda: monotonic_s() + later_s)
    await house.pop(REGULAR)  # signs in
    house.sandbox.turn("crm", status=503)
    for number in range(FAILURES):
        assert block(await house.pop(f"+86139000001{number:02}"), "profile")[1] == "upstream_unavailable"
    asked = house.sandbox.asked("crm")
    skipped = await house.pop(agent="1001")
    assert block(skipped, "profile") == ("unavailable", "upstream_paused")
    assert (skipped["blocks"]["profile"]["took_ms"], house.sandbox.asked("crm")) == (None, asked)
    assert (skipped["match"]["state"], skipped["status"]) == ("known", "partial")
    house.sandbox.turn("crm")
    later_s = 90.0
    back = await house.pop(agent="1001")
    assert (block(back, "profile"), back["status"], house.sandbox.asked("crm")) == (("live", None), "complete", asked + 1)


async def test_an_outage_shows_what_was_known_with_its_age_until_it_is_over(house: RunningHouse) -> None:
    before = await house.pop(agent="1001")
    house.clock.forward(timedelta(minutes=3))
    house.sandbox.turn("erp", status=503)
    during = await house.pop(agent="1001")
    assert (during["status"], block(during, "orders")) == ("stale", ("stale", "upstream_unavailable"))
    assert abs(as_of(during) - as_of(before)) < timedelta(seconds=1)
    assert during["blocks"]["orders"]["items"] == before["blocks"]["orders"]["items"]
    house.sandbox.turn("erp")
    after = await house.pop(agent="1001")
    assert (after["status"], block(after, "orders")) == ("complete", ("live", None))
    assert as_of(after) - as_of(before) >= timedelta(minutes=3)


async def test_a_ring_is_answered_from_what_was_known_and_then_made_fresh(house: RunningHouse) -> None:
    await house.pop(agent="1001")
    house.clock.forward(timedelta(minutes=3))
    house.sandbox.turn("erp", latency_ms=150)
    async with house.screen("1001") as screen:
        await house.tell("ringing", "c-1", agent="1001", at=house.clock().isoformat())
        await screen.until(lambda heard: heard.card["blocks"]["orders"]["state"] == "live")
    first = screen.of("pop.show")[0]
    assert (first["match"]["state"], block(first, "orders")) == ("known", ("stale", "no_answer_yet"))
    assert first["blocks"]["orders"]["items"] == screen.card["blocks"]["orders"]["items"] != []


async def test_a_refund_is_locked_on_stale_data_and_one_look_unlocks_it(house: RunningHouse) -> None:
    assert action(await house.pop(agent="1001"), "refund") == (True, None)
    house.clock.forward(timedelta(minutes=3))
    house.sandbox.turn("erp", status=503)
    assert action(await house.pop(agent="1001"), "refund") == (False, "order data is stale")
    house.sandbox.turn("erp")
    assert action(await house.pop(agent="1001"), "refund") == (True, None)


async def test_a_refund_is_locked_where_there_is_no_data_at_all(house: RunningHouse) -> None:
    house.sandbox.turn("erp", status=503)
    pop = await house.pop(agent="1001")
    assert action(pop, "refund") == (False, "order data is unavailable")
    assert action(pop, "change_contact")[0] is True


async def test_what_an_outage_leaves_stale_is_marked_in_the_hints(house: RunningHouse) -> None:
    await house.pop(agent="1001")
    house.clock.forward(timedelta(minutes=3))
    house.sandbox.turn("erp", status=503)
    pop = await house.pop(agent="1001")
    assert "orders=stale" in {hint["because"] for hint in pop["hints"]}
