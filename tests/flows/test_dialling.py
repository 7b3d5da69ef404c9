"""Click-to-dial: the telephone rings once however often one clicks, and what became of it is told as it is."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.flows.door import KNOWN, json_of, patiently
from tests.flows.house import RunningHouse

from tieline.domain.dialling import as_dialled
from tieline.domain.errors import NotAllowed, VendorDoNotDisturb
from tieline.domain.line import Line
from tieline.domain.phone_normalise import normalise
from tieline.domain.references import ExternalRef
from tieline.security.permissions import Caller
from tieline.services import dialling
from tieline.store import on_the_line

MOST_KNOWN_BY_OURSELVES = 2
"""Events we write down ourselves: the wish, and the name the exchange gave the call."""
CALLS = "SELECT direction, customer_e164, state, outcome FROM interactions"
NOTES = "SELECT subject, details FROM audit_entries WHERE action = 'call.dialled' ORDER BY seq"


async def dial(house: RunningHouse, key: str, **wish: Any) -> httpx.Response:  # noqa: ANN401 - any field of the wish
    return await house.client.post("/v1/calls", json={"agent": "1001", **wish}, headers={"Idempotency-Key": key})


@pytest.fixture
async def house(house: RunningHouse) -> AsyncIterator[RunningHouse]:
    """The house, and an exchange that tells nobody what becomes of the calls it places."""
    await aim(house, "nowhere")
    yield house
    await aim(house, "pbx")


async def aim(house: RunningHouse, connection: str) -> None:
    place = house.sandbox.places["pbx"]["url"]
    answer = await house.client.put(f"{place}/target", json={"target_url": f"{house.url}/v1/cti/{connection}"})
    assert answer.status_code == 200, answer.text


async def customer(house: RunningHouse) -> str:
    found = json_of(await house.client.get("/v1/customers", params={"phone": KNOWN}))
    return str(next(ref for ref in found["items"][0]["refs"] if ref.startswith("crm:")))


def rung(house: RunningHouse) -> int:
    return house.sandbox.asked("pbx", "POST /api/calls")


async def test_a_click_rings_the_telephone_and_brings_the_customers_card_at_once(house: RunningHouse) -> None:
    async with house.screen("1001") as screen:
        answer = await dial(house, "click-1", to="138 0013 8000")
        assert answer.status_code == 202, answer.text
        placed = json_of(answer)
        assert (placed["agent"], placed["connection"], placed["duplicate"]) == ("1001", "pbx", False)
        await screen.until(lambda heard: heard.card["call_id"] == placed["call_id"] and heard.card["match"]["state"] == "known")
    assert rung(house) == 1
    assert await house.rows(CALLS) == [("outbound", KNOWN, "ringing", None)]


async def test_the_call_as_the_exchange_tells_it_and_as_we_asked_for_it_are_one(house: RunningHouse) -> None:
    await aim(house, "pbx")
    async with house.screen("1001") as screen:
        placed = json_of(await dial(house, "click-0", to=KNOWN))
        await screen.until(lambda heard: heard.card["call_id"] == placed["call_id"])
        async for _ in patiently("the exchange never told of the call"):
            if (await house.rows("SELECT count(*) FROM call_events"))[0][0] >= MOST_KNOWN_BY_OURSELVES + 1:
                break
    assert len(await house.rows(CALLS)) == 1
    standing = "SELECT agent, count(*) FROM pops WHERE reason IS DISTINCT FROM 'merged' GROUP BY agent"
    assert await house.rows(standing) == [("1001", 1)]  # told before we had noted its name, it had a card until the two were one


async def test_clicked_again_with_the_same_key_nobody_is_rung_twice(house: RunningHouse) -> None:
    first = json_of(await dial(house, "click-2", to=KNOWN))
    again = json_of(await dial(house, "click-2", to=KNOWN))
    assert (again["call_id"], first["duplicate"], again["duplicate"]) == (first["call_id"], False, True)
    assert rung(house) == 1


async def test_five_clicks_at_the_same_moment_are_one_call(house: RunningHouse) -> None:
    answers = await asyncio.gather(*(dial(house, "click-3", to=KNOWN) for _ in range(5)))
    assert [answer.status_code for answer in answers] == [202] * 5
    assert sorted(json_of(answer)["duplicate"] for answer in answers) == [False, True, True, True, True]
    assert (rung(house), len(await house.rows(CALLS))) == (1, 1)


async def test_two_wishes_at_the_same_moment_ring_the_telephone_once(house: RunningHouse) -> None:
    answers = await asyncio.gather(*(dial(house, f"window-{number}", to=KNOWN) for number in range(4)))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
    assert {json_of(answer)["code"] for answer in answers if answer.status_code == 409} == {"agent_busy"}
    assert (rung(house), len(await house.rows(CALLS))) == (1, 1)
    house.clock.forward(on_the_line.RINGS_FOR + timedelta(seconds=1))  # Of an exchange that tells nothing, that is all there is.
    assert (await dial(house, "window-9", to=KNOWN)).status_code == 202


async def test_a_customer_is_called_without_their_number_being_said(house: RunningHouse) -> None:
    ref = await customer(house)
    answer = await dial(house, "click-4", customer_ref=ref)
    assert answer.status_code == 202, answer.text
    assert "13800138000" not in re.sub(r"\D", "", answer.text.replace(json_of(answer)["call_id"], ""))
    assert (await house.rows(CALLS))[0][:2] == ("outbound", KNOWN)
    assert (await house.rows(NOTES))[-1] == (ref, {"agent": "1001", "by": "customer"})


async def test_an_agent_who_sees_no_numbers_calls_their_own_caller_and_nobody_else(house: RunningHouse) -> None:
    li = Caller(actor="agent:1001", role="agent", scopes=frozenset({"calls.dial"}), agent="1001")
    wish = dialling.DialWish(agent="1001", key="mine", customer_ref=ExternalRef.parse(await customer(house)))
    with pytest.raises(NotAllowed) as refused:
        await dialling.dial(house.house, wish, caller=li, now=house.clock())
    assert (refused.value.code, rung(house)) == ("customer_not_in_call", 0)
    await house.tell("ringing", "c-own", agent="1001")
    await house.tell("answered", "c-own", agent="1001")
    await house.tell("ended", "c-own")
    placed = await dialling.dial(house.house, wish, caller=li, now=house.clock())
    assert (placed.duplicate, rung(house)) == (False, 1)


async def test_an_agent_in_a_call_is_not_rung(house: RunningHouse) -> None:
    await house.tell("ringing", "c-busy", agent="1001")
    await house.tell("answered", "c-busy", agent="1001")
    answer = await dial(house, "click-5", to=KNOWN)
    assert (answer.status_code, json_of(answer)["code"], rung(house)) == (409, "agent_busy", 0)
    await house.tell("ended", "c-busy")
    assert (await dial(house, "click-5", to=KNOWN)).status_code == 202


async def test_a_telephone_that_cannot_be_rung_is_told_and_the_call_has_failed(house: RunningHouse) -> None:
    house.sandbox.turn("pbx", status=422)
    answer = await dial(house, "click-6", to=KNOWN)
    house.sandbox.heal()
    assert (answer.status_code, json_of(answer)["code"]) == (409, "agent_unreachable")
    async for _ in patiently("the failed call never ended"):
        if await house.rows(CALLS) == [("outbound", KNOWN, "ended", "failed")]:
            break
    assert json_of(await dial(house, "click-6", to=KNOWN))["duplicate"] is True


async def test_a_customer_who_is_not_to_be_called_is_told_as_such_and_the_call_has_failed(
    house: RunningHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_args: object, **_given: object) -> None:
        raise VendorDoNotDisturb

    monkeypatch.setattr(house.house.directory.now.connections["pbx"], "run", refuse)
    answer = await dial(house, "click-7", to=KNOWN)
    assert (answer.status_code, json_of(answer)["code"]) == (409, "do_not_disturb")
    assert await house.rows("SELECT state, outcome FROM interactions ORDER BY started_at DESC LIMIT 1") == [("ended", "failed")]


@pytest.mark.parametrize(
    ("wish", "status", "code"),
    [
        ({"to": "anonymous"}, 422, "number_missing"),
        ({"to": "not a number at all"}, 422, "phone_invalid"),
        ({"customer_ref": "crm:nobody"}, 404, "not_found"),
        ({"customer_ref": "nonsense"}, 404, "not_found"),
        ({"to": KNOWN, "agent": "7777"}, 404, "not_found"),
        ({"to": KNOWN, "connection": "crm"}, 404, "not_found"),
    ],
)
async def test_what_cannot_be_dialled_rings_nobody(house: RunningHouse, wish: dict[str, str], status: int, code: str) -> None:
    answer = await dial(house, "click-7", **wish)
    assert (answer.status_code, json_of(answer)["code"], rung(house)) == (status, code, 0)
    assert await house.rows(CALLS) == []


@pytest.mark.parametrize("wish", [{}, {"to": KNOWN, "customer_ref": "crm:1"}])
async def test_one_of_number_and_customer_is_given(house: RunningHouse, wish: dict[str, str]) -> None:
    answer = await dial(house, "click-8", **wish)
    assert (answer.status_code, rung(house)) == (422, 0)


async def test_without_a_key_nothing_is_done(house: RunningHouse) -> None:
    answer = await house.client.post("/v1/calls", json={"agent": "1001", "to": KNOWN})
    assert (answer.status_code, rung(house)) == (422, 0)


@pytest.mark.parametrize(
    ("written", "country", "digits"),
    [
        ("+8613800138000", "CN", "13800138000"),
        ("+8613800138000", "US", "0118613800138000"),
        ("+19045550100", "CN", "0019045550100"),
        ("+861085201000", "CN", "01085201000"),
        ("95588", "CN", "95588"),
        ("1002", "CN", "1002"),
        ("anonymous", "CN", ""),
    ],
)
def test_a_number_is_written_as_one_dials_it_there(written: str, country: str, digits: str) -> None:
    line = Line(number="+861065543800", name="Support", country=country)
    assert as_dialled(normalise(written, line=line), line) == digits
