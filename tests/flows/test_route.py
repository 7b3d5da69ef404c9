"""The exchange asks who should get the call: always answered, from memory alone."""

import asyncio

import pytest
from tests.flows.door import KNOWN, LINE, NOBODY, Json, json_of
from tests.flows.house import RunningHouse

from tieline.domain.errors import Overloaded
from tieline.services import routing
from tieline.store.memory import Memory


async def asked(house: RunningHouse, phone: str) -> Json:
    return json_of(await house.client.get("/v1/route", params={"phone": phone, "line": LINE}))


async def test_the_documented_keys(house: RunningHouse) -> None:
    assert set(await asked(house, NOBODY)) == {"queue", "skills", "priority", "agent", "reason"}


async def test_a_customer_of_value_goes_first_once_we_have_met(house: RunningHouse) -> None:
    assert (await asked(house, KNOWN))["reason"] == "usual"
    await house.pop(agent="1001", call_id="c-1")
    await house.house.desk.keeper.settle()
    told = await asked(house, KNOWN)
    assert (told["queue"], told["priority"], told["reason"]) == ("support", 20, "high_value")
    assert told["skills"] == ["zh", "high_value"]


async def test_no_system_is_asked(house: RunningHouse) -> None:
    await asked(house, KNOWN)
    assert house.sandbox.look_ups == 0


@pytest.mark.parametrize("phone", ["anonymous", "", "8001"])
async def test_who_hides_the_number_is_routed_as_anybody(house: RunningHouse, phone: str) -> None:
    assert (await asked(house, phone))["queue"] == "support"


async def test_there_is_an_answer_when_memory_hangs_or_is_away(house: RunningHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*_: object) -> None:
        await asyncio.sleep(60)

    async def away(*_: object) -> None:
        raise Overloaded

    monkeypatch.setattr(routing, "ANSWER_WITHIN_S", 0.15)
    for broken in (hang, away):
        monkeypatch.setattr(Memory, "recall", broken)
        async with asyncio.timeout(20):
            assert (await asked(house, KNOWN))["reason"] == "usual"
