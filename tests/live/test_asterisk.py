"""A real Asterisk rings, and a card stands on the agent's desk: over AMI with its queue, over ARI without."""

import asyncio
from pathlib import Path

import pytest
from tests.flows.door import json_of, patiently
from tests.live.asterisk_house import CALLS, CUSTOMER, LEGS, POPS, UP_WITHIN_S, listening
from tests.live.asterisk_lab import Lab

pytestmark = pytest.mark.live

MOST_OF_A_CALL = 15
"""Messages of an answered queue call that come over the line; without a filter there are 154 over ARI and 176 over AMI."""


async def test_a_queue_rings_and_the_card_is_on_the_desk(asterisk: Lab, database_url: str, tmp_path: Path) -> None:
    async with listening(database_url, tmp_path, asterisk) as house, house.screen("1001") as screen:
        calling = asyncio.create_task(asterisk.call("4001", CUSTOMER))
        await screen.until(lambda heard: heard.card["phone"]["e164"] == f"+86{CUSTOMER}", within_s=UP_WITHIN_S)
        await calling
        await house.until_rows(CALLS, [("inbound", "ended", "served", "support")])
        assert await house.rows(LEGS) == [("queue", None, "served"), ("agent", "1001", "served")]
        assert await house.rows(POPS) == [("1001", 1)]
        state = await house.until_up()
        assert state.filtered
        async for _ in patiently("what was heard was never written down"):
            state = await house.until_up()
            if state.heard:
                break
        assert 0 < state.heard <= MOST_OF_A_CALL


async def test_over_ari_the_card_comes_without_a_queue(asterisk: Lab, database_url: str, tmp_path: Path) -> None:
    async with listening(database_url, tmp_path, asterisk, events="ari") as house, house.screen("1001") as screen:
        calling = asyncio.create_task(asterisk.call("4001", CUSTOMER))
        await screen.until(lambda heard: heard.card["phone"]["e164"] == f"+86{CUSTOMER}", within_s=UP_WITHIN_S)
        await calling
        await house.until_rows(CALLS, [("inbound", "ended", "served", None)])
        assert await house.rows(POPS) == [("1001", 1)]
        assert (await house.until_up()).filtered


async def test_a_queue_left_by_time_out_is_not_given_up_by_the_caller(asterisk: Lab, database_url: str, tmp_path: Path) -> None:
    async with listening(database_url, tmp_path, asterisk) as house:
        await asterisk.call("4004", CUSTOMER, hold_ms=9000)
        await house.until_rows(CALLS, [("inbound", "ended", "missed_agent", "sales")])


async def test_a_click_dials_once_and_the_exchange_says_what_became_of_it(
    asterisk: Lab, database_url: str, tmp_path: Path
) -> None:
    async with listening(database_url, tmp_path, asterisk) as house:
        wish = {"agent": "1001", "to": "13800138007"}
        placed = await house.client.post("/v1/calls", json=wish, headers={"Idempotency-Key": "live-1"})
        assert placed.status_code == 202, placed.text
        again = await house.client.post("/v1/calls", json=wish, headers={"Idempotency-Key": "live-1"})
        assert (again.status_code, json_of(again)["duplicate"]) == (202, True)
        query = "SELECT call_key, direction, state, customer_e164 FROM interactions"
        await house.until_rows(query, [(json_of(placed)["call_id"], "outbound", "answered", "+8613800138007")])
        await asterisk.do("cli", "channel request hangup all")
        await house.until_rows(CALLS, [("outbound", "ended", "served", None)])


async def test_a_telephone_that_is_not_registered_is_told(asterisk: Lab, database_url: str, tmp_path: Path) -> None:
    async with listening(database_url, tmp_path, asterisk) as house:
        wish = {"agent": "1003", "to": "13800138007"}
        answer = await house.client.post("/v1/calls", json=wish, headers={"Idempotency-Key": "live-2"})
        assert (answer.status_code, json_of(answer)["code"]) == (409, "agent_unreachable")
        await house.until_rows(CALLS, [("outbound", "ended", "failed", None)])


@pytest.mark.parametrize("events", ["ami", "ari"])
async def test_a_restart_of_the_exchange_is_a_gap_and_the_filter_stands_again(
    asterisk: Lab, database_url: str, tmp_path: Path, events: str
) -> None:
    async with listening(database_url, tmp_path, asterisk, events=events) as house:
        await asterisk.do("cli", "core restart now")
        async for _ in patiently("the restart went unnoticed", within_s=UP_WITHIN_S):
            if await house.rows("SELECT gaps FROM stream_states") == [(1,)]:
                break
        assert (await house.until_up(gaps=1)).filtered
        await asterisk.call("4001", CUSTOMER)
        await house.until_rows("SELECT direction, outcome FROM interactions", [("inbound", "served")])
