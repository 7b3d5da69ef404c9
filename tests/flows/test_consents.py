"""What people agree to is written down once, and taking it back holds from that commit on."""

from tests.flows.door import KNOWN, REGULAR, Json
from tests.flows.house import RunningHouse

from tieline.services.privacy import consenting


async def said(house: RunningHouse, *, given: bool, phone: str = KNOWN, **more: str) -> Json:
    wish = {"phone": phone, "purpose": "recording", "given": given, "version": "2026-11", "channel": "call", **more}
    answer = await house.client.post("/v1/privacy/consents", json=wish)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_the_newest_word_holds_and_all_are_kept(own_house: RunningHouse) -> None:
    assert (await said(own_house, given=True, evidence="call c-1"))["holds"] == {"recording": True}
    told = await said(own_house, given=False)
    assert (told["holds"], [one["given"] for one in told["history"]]) == ({"recording": False}, [True, False])
    desk = own_house.house.desk
    async with own_house.database.begin() as tx:
        assert await consenting.permits(tx, desk.pseudonyms, "recording", number=KNOWN) is False
        assert await consenting.permits(tx, desk.pseudonyms, "marketing", number=KNOWN) is None
        assert await consenting.permits(tx, desk.pseudonyms, "recording", number=REGULAR) is None


async def test_a_word_that_comes_late_does_not_undo_a_later_one(own_house: RunningHouse) -> None:
    await said(own_house, given=False)
    told = await said(own_house, given=True, at="2020-01-01T00:00:00+08:00")
    assert told["holds"] == {"recording": False}
    future = {"phone": KNOWN, "purpose": "survey", "given": True, "version": "1", "channel": "app", "at": "2099-01-01T00:00:00Z"}
    assert (await own_house.client.post("/v1/privacy/consents", json=future)).json()["code"] == "at_in_future"


async def test_no_row_of_the_ledger_names_anybody(own_house: RunningHouse) -> None:
    await said(own_house, given=True)
    rows = await own_house.rows("SELECT to_jsonb(found)::text FROM consents AS found")
    assert [row for (row,) in rows if KNOWN in row or KNOWN.removeprefix("+86") in row] == []
    state = await own_house.client.post("/v1/privacy/consents/state", json={"phone": "138 0013 8000", "reason": "case 3"})
    assert state.json()["holds"] == {"recording": True}
