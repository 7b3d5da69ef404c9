"""How callers' numbers arrive, and whom they may lead to: withheld, badly written, behind a switchboard, our own."""

from typing import Final

import pytest
from tests.flows.door import KNOWN, LINE, NOBODY
from tests.flows.house import AMERICAN_LINE, OUTSIDE_LINE, STAFF_MOBILE, RunningHouse

from tieline.store import identity
from tieline.store.identity import IdentityKey

WITHHELD: Final = (
    "anonymous",
    "Anonymous",
    "RESTRICTED",
    "private",
    "unavailable",
    "<unknown>",
    "asterisk",
    "-",
    "",
    "0000000000",
    "+266696687",
    "+17378742833",
)
SPELLINGS: Final = (
    "138/0013/8000",
    "１３８　００１３　８０００",
    "138 0013 8000 ",
    "\u200b+86 138-0013-8000",
    "+86 (138) 0013.8000",
    "008613800138000",
    "8613800138000",
    "013800138000",
    "+86 86 13800138000",
    "sip:+8613800138000@pbx.example;user=phone",
    '"张" <tel:+86-138-0013-8000>',
)
HEAD_OFFICE, DIRECT_DIAL = "+493023125", "+493023125871"
FREIGHT, FREIGHTS_NEIGHBOUR = "+19045550100", "+19045550171"
SWITCHBOARD: Final = "010-85201000"


@pytest.mark.parametrize("written", WITHHELD)
async def test_a_withheld_number_is_looked_up_nowhere_and_opens_nobody(house: RunningHouse, written: str) -> None:
    pop = await house.pop(written, agent="1001", call_id="c-1")
    assert house.sandbox.look_ups == 0
    assert (pop["match"]["state"], pop["customer"], pop["candidates"], pop["blocks"]) == ("withheld", None, [], {})
    assert (pop["phone"]["withheld"], pop["phone"]["e164"], pop["phone"]["national"]) == (True, None, None)
    assert "script" in {hint["kind"] for hint in pop["hints"]}
    (told,) = (await house.trace("c-1"))["pops"]
    assert (told["suppressed"], told["sources"]) == ("withheld", [])


async def test_a_withheld_call_leaves_no_review_item_and_no_row_in_the_index(house: RunningHouse) -> None:
    async with house.screen("1001") as screen:
        await house.tell("ringing", "c-1", agent="1001", queue="support", **{"from": "anonymous"})
        await screen.until(lambda heard: heard.card["match"]["state"] == "withheld")
    assert (screen.card["queue"], screen.card["customer"], house.sandbox.look_ups) == ("support", None, 0)
    await house.tell("answered", "c-1", agent="1001", **{"from": "anonymous"})
    await house.tell("ended", "c-1", outcome="served", **{"from": "anonymous"})
    await house.settle()
    assert await house.rows("SELECT * FROM review_items") == []
    assert await house.rows("SELECT * FROM identity_keys") == []


async def test_half_a_number_is_withheld_and_never_matched_by_its_end(house: RunningHouse) -> None:
    pop = await house.pop("138****8000", agent="1001")
    assert (pop["match"]["state"], pop["customer"], house.sandbox.look_ups) == ("withheld", None, 0)


@pytest.mark.parametrize("written", SPELLINGS)
async def test_every_way_to_write_a_number_leads_to_the_same_customer(house: RunningHouse, written: str) -> None:
    pop = await house.pop(written, agent="1001")
    assert (pop["phone"]["e164"], pop["match"]["state"], pop["customer"]["name"]) == (KNOWN, "known", "张**")


async def test_the_digit_for_an_outside_line_is_taken_off_where_the_line_says_so(house: RunningHouse) -> None:
    pop = await house.pop("913800138000", agent="1001", line=OUTSIDE_LINE)
    assert (pop["phone"]["e164"], pop["match"]["state"]) == (KNOWN, "known")
    elsewhere = await house.pop("913800138000", agent="1001", line=LINE)
    assert elsewhere["match"]["state"] != "known"


async def test_the_country_is_the_called_lines(house: RunningHouse) -> None:
    pop = await house.pop("(904) 555-0142", agent="2001", line=AMERICAN_LINE)
    assert (pop["phone"]["e164"], pop["match"]["rule"], pop["match"]["confidence"]) == ("+19045550142", "national", 0.85)
    at_home = await house.pop("(904) 555-0142", agent="2001", line=LINE)
    assert (at_home["match"]["state"], at_home["customer"]) == ("none", None)


async def test_a_renumbered_country_is_read_by_its_present_plan(house: RunningHouse) -> None:
    """Viet Nam shortened its mobile numbers in 2018; exchanges and address books still hold the old ones."""
    key = IdentityKey("+84391234567", "crm", "LC-000001", seen_at=house.clock(), display_name="Nguyễn Thị Mai", verified=True)
    async with house.database.pool.connection() as connection:
        await identity.upsert(connection, [key])
    house.sandbox.turn("crm", status=503)
    pop = await house.pop("+84 169 123 4567", agent="1001")
    assert (pop["phone"]["e164"], pop["match"]["state"], pop["customer"]["ref"]) == ("+84391234567", "known", "crm:LC-000001")


async def test_an_extension_tells_who_behind_the_switchboard_calls(house: RunningHouse) -> None:
    pop = await house.pop(f"{SWITCHBOARD}转801", agent="1001")
    assert (pop["phone"]["e164"], pop["phone"]["extension"]) == ("+861085201000", "801")
    assert (pop["match"]["state"], pop["match"]["rule"], pop["customer"]["name"]) == ("known", "extension", "赵*")


@pytest.mark.parametrize("written", [SWITCHBOARD, f"{SWITCHBOARD}转899"])
async def test_a_switchboard_is_a_question_between_its_company_and_the_people_there(house: RunningHouse, written: str) -> None:
    pop = await house.pop(written, agent="1001")
    assert (pop["match"]["state"], pop["customer"]) == ("maybe", None)
    assert {(one["kind"], one["name"]) for one in pop["candidates"]} == {
        ("person", "赵*"),
        ("person", "钱*"),
        ("organization", "北京青竹科技有限公司"),
    }


async def test_three_digits_more_than_the_head_office_are_somebody_there(house: RunningHouse) -> None:
    """The index knows the head office from an earlier call; no system knows the extension."""
    await house.pop(HEAD_OFFICE, agent="2001")
    await house.house.desk.keeper.settle()
    pop = await house.pop(DIRECT_DIAL, agent="2001")
    assert (pop["match"]["state"], pop["match"]["rule"], pop["match"]["confidence"]) == ("maybe", "company", 0.5)
    assert (pop["customer"]["kind"], pop["customer"]["name"]) == ("organization", "Spreewerk Logistik GmbH")
    assert pop["candidates"] == []


async def test_an_exact_number_beats_the_head_office_it_begins_with(house: RunningHouse) -> None:
    await house.pop(HEAD_OFFICE, agent="2001")
    pop = await house.pop("+49 30 23125833", agent="2001")
    assert (pop["match"]["state"], pop["customer"]["name"]) == ("known", "Jürgen Weiß-O'Neill")


async def test_a_north_american_number_is_never_cut(house: RunningHouse) -> None:
    assert (await house.pop(FREIGHT, agent="2001"))["match"]["rule"] == "company"
    await house.house.desk.keeper.settle()
    pop = await house.pop(FREIGHTS_NEIGHBOUR, agent="2001")
    assert (pop["match"]["state"], pop["customer"], pop["candidates"]) == ("none", None, [])


async def test_our_own_telephone_is_no_customer_whatever_the_crm_says(house: RunningHouse) -> None:
    pop = await house.pop(STAFF_MOBILE, agent="1002", call_id="c-1")
    assert (pop["match"]["state"], pop["customer"], pop["candidates"], house.sandbox.look_ups) == ("internal", None, [], 0)
    (told,) = (await house.trace("c-1"))["pops"]
    assert told["suppressed"] == "internal"


async def test_an_agent_who_calls_from_home_pops_nowhere(house: RunningHouse) -> None:
    async with house.screen("1002") as screen:
        await house.tell("ringing", "c-1", agent="1002", **{"from": STAFF_MOBILE})
        await house.tell("ringing", "c-2", agent="1002", **{"from": NOBODY})
        await screen.until(lambda heard: heard.cards)
    assert [card["call_id"] for card in screen.of("pop.show")] == ["c-2"]
    (event,) = (await house.trace("c-1"))["events"]
    assert event["effect"] == "suppressed: internal"
