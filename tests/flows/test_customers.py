"""Section 4 of the public contract, reading: who a customer is in every system, and what is held of them."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.flows.door import KNOWN, LINE, NOBODY, SHARED
from tests.flows.house import RunningHouse

from tieline.domain.customer_query import CustomerQuery
from tieline.domain.errors import NotAllowed, NotFound, Overloaded, RateLimited, StepUpRequired
from tieline.domain.references import ExternalRef
from tieline.security.permissions import Caller
from tieline.security.roles import permissions_of
from tieline.services.customers import profile, reading
from tieline.services.customers.reveal import reveal
from tieline.store import audit_trail


async def found(house: RunningHouse, **query: str) -> dict[str, Any]:
    answer = await house.client.get("/v1/customers", params=query)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def known_ref(house: RunningHouse) -> str:
    (one,) = (await found(house, phone=KNOWN))["items"]
    return str(one["ref"])


def agent(number: str, role: str = "agent") -> Caller:
    return Caller(actor=f"agent:{number}", role=role, scopes=permissions_of(role), agent=number)


async def test_a_number_finds_one_person_in_all_systems(house: RunningHouse) -> None:
    told = await found(house, phone=KNOWN)
    (one,) = told["items"]
    assert {ref.partition(":")[0] for ref in one["refs"]} >= {"crm", "erp"}
    assert {source["state"] for source in told["sources"].values()} == {"live"}


async def test_other_spellings_find_the_same(house: RunningHouse) -> None:
    ref = await known_ref(house)
    for spelling in ("13800138000", "0086 138 0013 8000", "１３８００１３８０００"):
        assert [one["ref"] for one in (await found(house, phone=spelling, line=LINE))["items"]] == [ref], spelling


async def test_a_shared_number_finds_everybody_and_an_unknown_one_nobody(house: RunningHouse) -> None:
    assert len((await found(house, phone=SHARED))["items"]) == 2
    assert (await found(house, phone=NOBODY))["items"] == []


async def test_an_address_finds_whom_it_belongs_to_and_nobody_like_it(house: RunningHouse) -> None:
    (person,) = (await profile.find(house.house.desk, CustomerQuery(phone=KNOWN))).people
    email = person.customers[0].emails[0]
    assert [one["ref"] for one in (await found(house, email=email.upper()))["items"]] == [person.ref]
    assert (await found(house, email=f"x{email}"))["items"] == []


async def test_a_reference_reads_the_whole_person(house: RunningHouse) -> None:
    ref = await known_ref(house)
    whole = (await house.client.get(f"/v1/customers/{ref}")).json()
    assert whole["customer"]["ref"] == ref
    assert {name for name, source in whole["sources"].items() if source["state"] == "live"} >= {"crm", "erp"}
    by_external = await found(house, external=ref)
    assert by_external["items"][0]["refs"] == whole["customer"]["refs"]


@pytest.mark.parametrize("ref", ["crm:LC-000000", "nowhere:1", "nonsense"])
async def test_who_is_not_there_is_not_found(house: RunningHouse, ref: str) -> None:
    answer = await house.client.get(f"/v1/customers/{ref}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("query", [{}, {"phone": KNOWN, "email": "a@b.cn"}, {"email": "none"}, {"external": "x"}])
async def test_a_question_names_exactly_one_thing(house: RunningHouse, query: dict[str, str]) -> None:
    answer = await house.client.get("/v1/customers", params=query)
    assert answer.status_code == 422
    assert KNOWN not in answer.text


async def test_records_come_from_the_systems_that_hold_them(house: RunningHouse) -> None:
    ref = await known_ref(house)
    orders = (await house.client.get(f"/v1/customers/{ref}/orders")).json()
    assert [item["number"] for item in orders["items"]] == ["SO-20261001", "SO-20261002", "SO-20260877"]
    assert orders["sources"]["erp"]["state"] == "live"
    tickets = (await house.client.get(f"/v1/customers/{ref}/tickets")).json()
    assert "8841" in [item["number"] for item in tickets["items"]]
    for kind in ("invoices", "contracts"):
        assert (await house.client.get(f"/v1/customers/{ref}/{kind}")).json()["items"] == []


async def test_an_order_by_its_number(house: RunningHouse) -> None:
    told = (await house.client.get("/v1/orders/erp/SO-20261001")).json()
    assert (told["item"]["number"], told["source"]["state"]) == ("SO-20261001", "live")
    assert (await house.client.get("/v1/orders/erp/SO-0")).status_code == 404
    assert (await house.client.get("/v1/orders/crm/SO-20261001")).status_code == 404


async def test_a_system_that_is_down_is_a_state_and_no_error(house: RunningHouse) -> None:
    ref = await known_ref(house)
    await house.forget_answers()
    house.sandbox.turn("erp", status=500)
    whole = (await house.client.get(f"/v1/customers/{ref}")).json()
    assert whole["customer"]["ref"] == ref
    assert whole["sources"]["erp"]["state"] == "unavailable"


async def test_an_agent_reads_whom_they_have_on_the_line_and_nobody_else(house: RunningHouse) -> None:
    ref = ExternalRef.parse(await known_ref(house))
    for stranger in (ref, ExternalRef.parse("crm:LC-000000")):
        with pytest.raises(NotAllowed) as caught:
            await reading.read(house.house.desk, stranger, caller=agent("1001"))
        assert caught.value.code == "customer_not_in_call"
    await house.tell("ringing", "c-1", agent="1001")
    told = await reading.read(house.house.desk, ref, caller=agent("1001"))
    assert told["customer"]["name"] == "张**"
    assert (await reading.read(house.house.desk, ref, caller=agent("2001", "senior")))["customer"]["ref"] == str(ref)


async def test_every_reading_is_in_the_audit(house: RunningHouse) -> None:
    ref = await known_ref(house)
    await house.client.get(f"/v1/customers/{ref}")
    await house.client.get(f"/v1/customers/{ref}/orders")
    noted = await house.rows("SELECT action, subject FROM audit_entries ORDER BY seq DESC LIMIT 2")
    assert noted == [("customer.orders_read", ref), ("customer.read", ref)]


REVEALS = "SELECT actor, subject, details FROM audit_entries WHERE action = 'customer.revealed' AND actor = 'agent:{0}'"


async def shown(house: RunningHouse, field: Any, caller: Caller) -> Any:  # noqa: ANN401 - the field decides
    ref = ExternalRef.parse(await known_ref(house))
    return (await reveal(house.house.desk, ref, field, "callback", caller=caller))["value"]


async def test_one_field_is_shown_with_its_reason_in_the_audit(house: RunningHouse) -> None:
    phones = await shown(house, "phones", agent("2011", "senior"))
    assert KNOWN in {"".join(character for character in phone if character in "+0123456789") for phone in phones}
    assert await house.rows(REVEALS.format(2011)) == [
        ("agent:2011", await known_ref(house), {"field": "phones", "reason": "callback"})
    ]


@pytest.mark.parametrize(("field", "role"), [("birth_date", "senior"), ("phones", "agent"), ("id_number", "senior")])
async def test_what_a_role_may_not_have_shown_is_refused(house: RunningHouse, field: str, role: str) -> None:
    with pytest.raises(NotAllowed) as caught:
        await shown(house, field, agent("2012", role))
    assert caught.value.code == "field_not_revealed"
    assert await house.rows(REVEALS.format(2012)) == []


async def test_an_identity_number_is_shown_within_fifteen_minutes_of_signing_in(house: RunningHouse) -> None:
    ref, now = ExternalRef.parse(await known_ref(house)), house.house.desk.now()
    stale = replace(agent("2016", "dpo"), proved_at=now - timedelta(minutes=16))
    for caller in (agent("2016", "dpo"), stale):
        with pytest.raises(StepUpRequired):
            await reveal(house.house.desk, ref, "id_number", "data_subject_request", caller=caller)
    assert await house.rows(REVEALS.format(2016)) == []
    fresh = replace(stale, proved_at=now - timedelta(minutes=14))
    told = await reveal(house.house.desk, ref, "id_number", "data_subject_request", caller=fresh)
    assert told["field"] == "id_number"
    assert await house.rows(REVEALS.format(2016)) == [
        ("agent:2016", str(ref), {"field": "id_number", "reason": "data_subject_request"})
    ]


async def test_thirty_an_hour_and_not_one_more_however_many_ask_at_once(house: RunningHouse) -> None:
    ref, senior = ExternalRef.parse(await known_ref(house)), agent("2013", "senior")

    async def until_decided() -> dict[str, Any]:
        while True:
            try:
                return await reveal(house.house.desk, ref, "emails", "callback", caller=senior)
            except Overloaded:  # forty take turns, and a slow machine lets none wait for ever: nothing was shown
                continue

    ended = await asyncio.gather(*(until_decided() for _ in range(40)), return_exceptions=True)
    assert sum(isinstance(end, RateLimited) for end in ended) == 10
    assert len(await house.rows(REVEALS.format(2013))) == 30
    house.clock.forward(timedelta(minutes=61))
    assert await shown(house, "emails", senior)


async def test_nothing_is_shown_that_could_not_be_written_down(house: RunningHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> None:
        raise Overloaded

    monkeypatch.setattr(audit_trail, "write", away)
    with pytest.raises(Overloaded):
        await shown(house, "phones", agent("2014", "senior"))


async def test_a_customer_whose_system_is_down_has_nothing_to_show(house: RunningHouse) -> None:
    ref = ExternalRef.parse(await known_ref(house))
    await house.forget_answers()
    house.sandbox.turn("crm", status=500)
    with pytest.raises(NotFound):
        await reveal(house.house.desk, ref, "phones", "callback", caller=agent("2015", "senior"))
