"""Who may have whose telephone rung."""

import pytest
from tests.api.front_door import FrontDoor

WISH = {"to": "+8613800138000"}


async def answer(door: FrontDoor, header: dict[str, str], agent: str) -> tuple[int, str]:
    told = await door.ask("POST", "/v1/calls", json={**WISH, "agent": agent}, headers={**header, "Idempotency-Key": "k-1"})
    return told.status_code, told.json()["code"]


async def test_an_agent_has_only_their_own_telephone_rung(door: FrontDoor) -> None:
    theirs = await door.signed("calls.dial", agent="1001")
    assert await answer(door, theirs, "1002") == (403, "agent_not_yours")
    assert await answer(door, theirs, "1001") == (404, "not_found")  # no exchange of this house places calls


async def test_a_key_that_may_only_report_events_dials_nobody(door: FrontDoor) -> None:
    assert await answer(door, await door.signed("events.write"), "1001") == (403, "scope_missing")


async def test_an_agent_without_a_telephone_cannot_be_rung(door: FrontDoor) -> None:
    assert await answer(door, await door.signed("calls.dial"), "senior") == (409, "agent_without_telephone")


@pytest.mark.parametrize("key", ["", "two words", "x" * 201])
async def test_a_key_is_one_word(door: FrontDoor, key: str) -> None:
    headers = {**await door.signed("calls.dial"), "Idempotency-Key": key}
    told = await door.ask("POST", "/v1/calls", json={**WISH, "agent": "1001"}, headers=headers)
    assert told.status_code == 422
