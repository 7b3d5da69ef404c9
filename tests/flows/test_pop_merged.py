"""Records the CRM merged or deleted behind our back: the survivor is shown, and the index repaired."""

from datetime import timedelta

from tests.flows.house import RunningHouse

from tieline.sandbox.lotus_records import contact_id
from tieline.store import identity
from tieline.store.identity import IdentityKey

SURVIVOR, MERGED_AWAY = (f"crm:{contact_id(key)}" for key in (6, 7))
SURVIVORS_NUMBER, MERGED_NUMBER = "+8613800138005", "+8613800138095"
INDEX = "SELECT e164, connection || ':' || external_id FROM identity_keys WHERE connection = 'crm' ORDER BY 1, 2"


async def remember(house: RunningHouse, number: str, ref: str, name: str) -> None:
    """Put a row into the identity index, as an earlier call would have."""
    key = IdentityKey(number, "crm", ref.partition(":")[2], seen_at=house.clock(), display_name=name)
    async with house.database.pool.connection() as connection:
        await identity.upsert(connection, [key])


async def index(house: RunningHouse) -> list[tuple[str, str]]:
    await house.house.desk.keeper.settle()
    return [(number, ref) for number, ref in await house.rows(INDEX)]


async def test_the_survivor_is_shown_and_not_called_a_contradiction(house: RunningHouse) -> None:
    await remember(house, SURVIVORS_NUMBER, MERGED_AWAY, "何丽华（旧档案）")
    pop = await house.pop(SURVIVORS_NUMBER, agent="1001")
    assert (pop["match"]["state"], pop["customer"]["ref"], pop["candidates"]) == ("known", SURVIVOR, [])
    assert pop["customer"]["name"] == "何**"
    assert (SURVIVORS_NUMBER, MERGED_AWAY) not in await index(house)
    assert await index(house) == [(SURVIVORS_NUMBER, SURVIVOR), (MERGED_NUMBER, SURVIVOR)]


async def test_a_number_only_the_merged_record_had_leads_to_the_survivor(house: RunningHouse) -> None:
    await remember(house, MERGED_NUMBER, MERGED_AWAY, "何丽华（旧档案）")
    pop = await house.pop(MERGED_NUMBER, agent="1001")
    assert (pop["match"]["state"], pop["customer"]["ref"], pop["candidates"]) == ("known", SURVIVOR, [])
    assert await index(house) == [(SURVIVORS_NUMBER, SURVIVOR), (MERGED_NUMBER, SURVIVOR)]
    await house.forget_answers()
    again = await house.pop(MERGED_NUMBER, agent="1001")
    assert (again["match"]["state"], again["customer"]["ref"]) == ("known", SURVIVOR)
    assert "重复档案已合并" in again["customer"]["tags"]


async def test_a_deleted_record_is_not_shown_from_memory(house: RunningHouse) -> None:
    await remember(house, "+8613900000077", "crm:LC-000001", "已删除")
    pop = await house.pop("+8613900000077", agent="1001")
    assert (pop["match"]["state"], pop["customer"], pop["candidates"]) == ("none", None, [])
    assert await index(house) == []


async def test_a_number_taken_off_a_record_is_asked_about_and_not_opened(house: RunningHouse) -> None:
    """The record still stands, without the number: carriers give numbers to new owners."""
    await remember(house, "+8613900000078", SURVIVOR, "何丽华")
    house.clock.forward(timedelta(days=1))
    pop = await house.pop("+8613900000078", agent="1001")
    assert (pop["match"]["state"], pop["match"]["rule"], pop["customer"]) == ("maybe", "not_confirmed", None)


async def test_a_crm_that_is_down_deletes_nobody(house: RunningHouse) -> None:
    await remember(house, MERGED_NUMBER, MERGED_AWAY, "何丽华（旧档案）")
    house.sandbox.turn("crm", status=503)
    pop = await house.pop(MERGED_NUMBER, agent="1001")
    assert (pop["match"]["state"], pop["customer"]["ref"]) == ("known", MERGED_AWAY)
    assert await index(house) == [(MERGED_NUMBER, MERGED_AWAY)]
