"""A real Asterisk rings, and a card stands on the agent's desk: over AMI with its queue, over ARI without."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.flows.door import PATIENCE_S, Door, HouseClock, json_of, patiently
from tests.live.asterisk_lab import Lab

from tieline.connectors.registry import Catalog
from tieline.services.apply import apply
from tieline.services.house import House
from tieline.serving import serving
from tieline.settings import Settings
from tieline.store import stream_states
from tieline.store.stream_states import StreamState
from tieline.wiring import applying, house_of

pytestmark = pytest.mark.live

CUSTOMER = "13800138001"
UP_WITHIN_S = 20.0
MOST_OF_A_CALL = 15
"""Messages of an answered queue call that come over the line; without a filter there are 154 over ARI and 176 over AMI."""


class LiveHouse(Door):
    """A house that listens to the laboratory's exchange, its worker in the same process."""

    house: House

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        async with self.house.database.pool.connection() as connection:
            return await (await connection.execute(query.encode())).fetchall()

    async def until_rows(self, query: str, expected: list[tuple[Any, ...]]) -> None:
        """Wait until the database answers so."""
        found: list[tuple[Any, ...]] = []
        with suppress(AssertionError):
            async for _ in patiently("never so", within_s=UP_WITHIN_S):
                found = await self.rows(query)
                if found == expected:
                    return
        assert found == expected

    async def until_up(self, *, gaps: int = 0) -> StreamState:
        """Wait until the stream is up."""
        async for _ in patiently("the stream was never up", within_s=UP_WITHIN_S):
            async with self.house.database.read() as conn:
                state = (await stream_states.read(conn)).get("pbx")
            if state is not None and (state.state, state.gaps) == ("up", gaps):
                return state
        raise AssertionError


@asynccontextmanager
async def listening(url: str, folder: Path, lab: Lab, *, events: str = "ami") -> AsyncIterator[LiveHouse]:
    settings = Settings(data_dir=folder, auth="off", port=0, private_networks=lab.permitted, log_level="error")
    file = folder / "tieline.yaml"
    await asyncio.to_thread(file.write_text, lab.set_up(events=events), encoding="utf-8")
    async with applying(settings, url, Catalog()) as tools:
        await apply(tools, file)
    async with (
        house_of(settings, url, Catalog()) as house,
        serving(house, settings, url, with_worker=True) as address,
        httpx.AsyncClient(base_url=address, timeout=PATIENCE_S, trust_env=False) as client,
    ):
        running = LiveHouse(address, client, HouseClock())
        running.house = house
        await running.until_up()
        yield running


CALLS = "SELECT direction, state, outcome, queue FROM interactions ORDER BY started_at"
LEGS = "SELECT kind, agent, outcome FROM legs ORDER BY rang_at, leg_key"
POPS = "SELECT agent, count(*) FROM pops GROUP BY agent"


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
