"""A connected system's word on an agent or a customer takes away from what is seen; its silence does too, and says so."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import pytest
import yaml
from tests.flows.door import KNOWN, Json, patiently
from tests.flows.house import RunningHouse, company, open_house
from tests.flows.house_fixtures import new_database
from tests.flows.sandbox import Sandbox

from tieline.cli.demo_setup import apply_file
from tieline.domain.errors import NotAllowed
from tieline.domain.references import ExternalRef
from tieline.security.permissions import Caller
from tieline.security.roles import permissions_of
from tieline.services.customers import reading
from tieline.services.customers.reveal import reveal

STAFF, TRAINEE, SENIOR = "1001", "1002", "2001"
OWNED: Final = {"name": "owned customers", "system": "crm", "field": "owner", "view": "basic", "but": "owner"}


@pytest.fixture(scope="module")
async def standing(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory, systems: Sandbox
) -> AsyncIterator[RunningHouse]:
    """The demo's company with the demo's own rules."""
    file = yaml.safe_load(company(systems)) | {"access": yaml.safe_load(apply_file(systems.places))["access"]}
    with new_database(postgres_url, template_database) as url:
        async with open_house(url, tmp_path_factory.mktemp("linkage"), systems, set_up=yaml.safe_dump(file)) as running:
            yield running


@pytest.fixture
async def linked(standing: RunningHouse) -> RunningHouse:
    """The same on its first morning: nothing is known of any agent."""
    await standing.begin_anew()
    await forget_agents(standing)
    return standing


async def forget_agents(house: RunningHouse) -> None:
    said = house.house.desk.agents_said
    await said.aclose()
    said._kept.drop(lambda _key: True)


async def rule(house: RunningHouse, access: Json) -> None:
    """Put rules into use over the interface, as an administrator does."""
    held = await house.client.get("/v1/policies/access")
    written = await house.client.put(
        "/v1/policies/access", json={"definition": access}, headers={"If-Match": held.headers["ETag"]}
    )
    assert written.status_code == 200, written.text
    async for _ in patiently("the rules were never heard of"):
        if house.house.directory.now.policies.get("access") == written.json()["definition"]:
            return


async def known(house: RunningHouse) -> None:
    """Wait until the CRM's word on the agents has come in, however long that takes here."""
    async for _ in patiently("the CRM never said who is who"):
        if not any(one["silent"] for one in (await house.pop(agent=TRAINEE))["narrowed"]):
            return


def orders(card: Json) -> list[Json]:
    return list(card["blocks"]["orders"]["items"])


async def rung_before(house: RunningHouse) -> None:
    """Let the customer have called once, so that there is a history."""
    await house.tell("ringing", "before", agent=SENIOR)
    await house.tell("answered", "before", agent=SENIOR)
    await house.tell("ended", "before", outcome="served")


async def test_a_trainee_sees_orders_as_such_and_everybody_else_the_whole(linked: RunningHouse) -> None:
    await known(linked)
    await rung_before(linked)
    whole, senior, less = [await linked.pop(agent=agent) for agent in (STAFF, SENIOR, TRAINEE)]

    assert [bool(card["history"]) for card in (whole, senior, less)] == [True, True, False]
    assert [order["number"] for order in orders(less)] == [order["number"] for order in orders(whole)]
    assert {order["total"] for order in orders(less)} == {None}
    assert all(order["total"]["amount"] for order in orders(whole))
    assert (less["blocks"]["account"]["items"], bool(whole["blocks"]["account"]["items"])) == ([], True)
    assert (whole["narrowed"], senior["narrowed"]) == ([], [])
    assert less["narrowed"] == [{"view": "basic", "because": "role in crm", "system": "crm", "silent": False}]
    assert next(hint["because"] for hint in less["hints"] if hint["kind"] == "banner") == "role in crm"


async def test_the_trace_and_the_audit_tell_why_less_was_shown(linked: RunningHouse) -> None:
    await known(linked)
    async with linked.screen(TRAINEE) as screen:
        await linked.tell("ringing", "told", agent=TRAINEE)
        await screen.until(lambda heard: heard.card["status"] == "complete" and heard.card["narrowed"])
        (pop,) = (await linked.trace("told"))["pops"]
        pop_id = screen.card["pop_id"]

    because = {"view": "basic", "because": "role in crm", "system": "crm", "silent": False}
    assert pop["narrowed"] == [because]
    entries = await linked.rows("SELECT pop_id, details->'narrowed' FROM audit_entries WHERE action = 'pop.shown'")
    assert [told for pop, told in entries if pop == pop_id] == [[because]]


async def test_a_silent_system_means_less_and_its_word_holds_as_long_as_declared(linked: RunningHouse) -> None:
    linked.sandbox.turn("crm", error_rate=1.0)
    silent = await linked.pop(agent=STAFF)
    assert silent["narrowed"] == [{"view": "basic", "because": "crm does not say", "system": "crm", "silent": True}]
    assert {order["total"] for order in orders(silent)} <= {None}

    linked.sandbox.heal()
    await linked.begin_anew()
    await known(linked)
    assert (await linked.pop(agent=STAFF))["narrowed"] == []

    linked.sandbox.turn("crm", error_rate=1.0)
    linked.clock.forward(timedelta(seconds=590))
    assert (await linked.pop(agent=STAFF))["narrowed"] == [], "the word is not ten minutes old"
    linked.clock.forward(timedelta(seconds=20))
    assert [one["silent"] for one in (await linked.pop(agent=STAFF))["narrowed"]] == [True]


async def test_one_question_serves_all_agents_until_it_ages(linked: RunningHouse) -> None:
    await known(linked)
    for agent in (STAFF, TRAINEE, STAFF):
        await linked.pop(agent=agent)
    assert linked.sandbox.asked("crm", "/v2/users") == 1
    linked.clock.forward(timedelta(seconds=301))
    await linked.pop(agent=STAFF)
    async for _ in patiently("it was never asked anew"):
        if linked.sandbox.asked("crm", "/v2/users") == 2:
            break


async def test_a_customer_is_seen_whole_by_their_owner_only(linked: RunningHouse) -> None:
    await rule(linked, {"customers": [OWNED]})
    try:
        owner, other = await linked.pop(agent=STAFF), await linked.pop(agent=SENIOR)
        assert owner["narrowed"] == []
        assert [one["because"] for one in other["narrowed"]] == ["owned customers"]
        assert {order["total"] for order in orders(other)} == {None}

        linked.sandbox.turn("crm", error_rate=1.0)
        await linked.forget_answers()
        unsaid = await linked.pop(agent=STAFF)
        assert [one["silent"] for one in unsaid["narrowed"]] == [True]
    finally:
        linked.sandbox.heal()
        await rule(linked, yaml.safe_load(apply_file(linked.sandbox.places))["access"])


async def test_reading_and_revealing_are_narrowed_alike(linked: RunningHouse) -> None:
    desk = linked.house.desk
    senior = Caller(actor=f"agent:{SENIOR}", role="senior", scopes=permissions_of("senior"), agent=SENIOR)
    ref = ExternalRef.parse((await linked.client.get("/v1/customers", params={"phone": KNOWN})).json()["items"][0]["ref"])
    assert (await reveal(desk, ref, "phones", "callback", caller=senior))["value"]
    assert (await reading.records_of(desk, ref, "order", caller=senior))["items"][0]["total"] is not None
    await rung_before(linked)
    async with linked.database.pool.connection() as connection:
        await connection.execute("UPDATE interactions SET customer_ref = %s", [str(ref)])
    assert await reading.interactions(desk, ref, before=None, limit=10, caller=senior) != []

    await rule(linked, {"customers": [OWNED]})
    try:
        less = await reading.records_of(desk, ref, "order", caller=senior)
        assert ([one["total"] for one in less["items"]], less["narrowed"][0]["view"]) == ([None] * len(less["items"]), "basic")
        assert await reading.interactions(desk, ref, before=None, limit=10, caller=senior) == []
        with pytest.raises(NotAllowed) as refused:
            await reveal(desk, ref, "phones", "callback", caller=senior)
        assert refused.value.code == "field_not_revealed"
    finally:
        await rule(linked, yaml.safe_load(apply_file(linked.sandbox.places))["access"])
