"""P08: whoever had processing restricted is kept and not processed. P23: a child is seen less of, and asked for no opinion."""

import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from tests.flows.door import KNOWN, REGULAR, Json, patiently
from tests.flows.house import RunningHouse, open_house
from tests.flows.house_fixtures import new_database
from tests.flows.sandbox import Sandbox
from tests.flows.test_erasing import tell_of_case

from tieline.domain.survey import Survey
from tieline.security.permissions import Caller
from tieline.services.batch.exporting import ExportWish, export
from tieline.services.surveys.desk import SetAside
from tieline.worker.duties import judge_customers

SENIOR: Final = "2001"
WHY: Final = {"reason": "case 18"}
HERS: Final = ("李", "lina", "体育东路", "微信下单", "canary-of-hers")
"""What answers say of REGULAR, masked or not, or was written of her."""


@pytest.fixture(scope="module")
async def standing(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory, systems: Sandbox
) -> AsyncIterator[RunningHouse]:
    with new_database(postgres_url, template_database) as url:
        async with open_house(url, tmp_path_factory.mktemp("aside"), systems) as running:
            yield running


@pytest.fixture
async def house(standing: RunningHouse) -> RunningHouse:
    await standing.begin_anew()
    return standing


async def post(house: RunningHouse, path: str, body: Json, **headers: str) -> Json:
    answer = await house.client.post(path, json=body, headers=headers)
    assert answer.is_success, answer.text
    return dict(answer.json()) if answer.content else {}


@asynccontextmanager
async def restricted(house: RunningHouse, phone: str) -> AsyncIterator[Json]:
    """Have processing restricted while the block lasts."""
    made = await post(house, "/v1/privacy/restrict", {"phone": phone, **WHY})
    async for _ in patiently("the restriction was never heard of"):
        if house.house.desk.erased.restricted.number(phone):
            break
    try:
        yield made
    finally:
        await post(house, f"/v1/privacy/restrictions/{made['id']}/lift", WHY)
        async for _ in patiently("it was never heard that the restriction ended"):
            if not house.house.desk.erased.restricted:
                break


async def test_nothing_of_a_restricted_person_is_asked_or_shown_and_all_is_back_afterwards(house: RunningHouse) -> None:
    before = await house.pop(REGULAR, agent=SENIOR)
    ref = before["customer"]["ref"]
    ticket = {"subject": "canary-of-hers", "description": "canary-of-hers", "customer": ref, "phone": REGULAR}
    opened = await post(house, "/v1/tickets", ticket, **{"Idempotency-Key": f"aside-{ref}"})
    await house.house.desk.keeper.settle()

    async with restricted(house, REGULAR) as made:
        assert ref in made["records"]
        house.sandbox.heal()
        card = await house.pop(REGULAR, agent=SENIOR)
        assert (card["customer"], card["candidates"], card["history"], card["actions"]) == (None, [], [], [])
        assert [one["view"] for one in card["narrowed"]] == ["restricted"]
        assert len(card["hints"]) == 1
        said = [(await house.client.get(path)).text for path in await paths_about(ref, opened["id"])]
        assert [word for word in HERS for text in (*said, str(card)) if word in text] == []
        assert house.sandbox.look_ups == 0, "no system is asked about her"
        assert [text for text in said if "restricted" not in text] == []
        assert (await house.pop(KNOWN, agent=SENIOR))["customer"] is not None

    after = await house.pop(REGULAR, agent=SENIOR)
    assert (after["customer"], after["narrowed"]) == (before["customer"], [])
    assert "canary-of-hers" in (await house.client.get(f"/v1/tickets/{opened['id']}")).text


async def test_their_ticket_on_a_card_and_their_words_to_a_corrector_are_set_aside_as_well(house: RunningHouse) -> None:
    await house.rows_changed(b"TRUNCATE tickets, deliveries CASCADE")  # an open one would be gone on with
    async with house.screen(SENIOR) as screen:
        await house.tell("ringing", "aside-1", agent=SENIOR, **{"from": REGULAR})
        await screen.until(lambda heard: heard.card["customer"])
        pop_id = screen.card["pop_id"]
    ticket = {"subject": "canary-of-hers", "phone": REGULAR, "call_id": "aside-1"}
    await post(house, "/v1/tickets", ticket, **{"Idempotency-Key": f"aside-{pop_id}"})
    words = {"kind": "complaint", "channel": "sms", "text": "canary-of-hers", "phone": REGULAR}
    said = await post(house, "/v1/feedback", words, **{"Idempotency-Key": f"said-{pop_id}"})

    async def read() -> list[str]:
        shown = await house.client.get(f"/v1/pops/{pop_id}/tickets")
        meant = await house.client.put(f"/v1/feedback/{said['id']}/meaning", json={"causes": []})
        assert (shown.status_code, meant.status_code) == (200, 200)
        return [shown.text, meant.text]

    assert ["canary-of-hers" in text for text in await read()] == [True, True]
    async with restricted(house, REGULAR):
        assert ["canary-of-hers" in text for text in await read()] == [False, False]


async def paths_about(ref: str, ticket_id: str) -> list[str]:
    return [
        f"/v1/customers?phone=%2B{REGULAR[1:]}",
        f"/v1/customers/{ref}",
        f"/v1/customers/{ref}/orders",
        f"/v1/tickets/{ticket_id}",
    ]


async def test_a_restricted_person_is_in_no_export_judged_by_no_rule_and_called_by_nobody(
    house: RunningHouse, tmp_path: Path
) -> None:
    ref = (await house.pop(REGULAR, agent=SENIOR))["customer"]["ref"]
    await house.pop(KNOWN, agent=SENIOR)
    await house.house.desk.keeper.settle()
    officer = Caller("dpo", "dpo", frozenset())

    async def exported(name: str) -> set[str]:
        await export(house.house, ExportWish("phones", tmp_path / name), asker=officer, told=lambda _count: None)
        return {row["phone"].lstrip("'") for row in csv.DictReader((tmp_path / name).read_text("utf-8-sig").splitlines())}

    assert {REGULAR, KNOWN} <= await exported("before.csv")
    async with restricted(house, REGULAR):
        assert await exported("during.csv") & {REGULAR, KNOWN} == {KNOWN}
        async with house.database.pool.connection() as connection:
            await connection.execute(
                "INSERT INTO customer_standings (customer_ref, phone, due_at) VALUES (%s, %s, now()) "
                "ON CONFLICT (customer_ref) DO UPDATE SET due_at = now()",
                [ref, REGULAR],
            )
        house.sandbox.heal()
        assert await judge_customers(house.house, house.clock()) == 0
        assert house.sandbox.look_ups == 0
        assert await house.rows("SELECT count(*) FROM customer_standings WHERE due_at IS NOT NULL") == [(0,)]
        wish = {"agent": SENIOR, "to": REGULAR}
        refused = await house.client.post("/v1/calls", json=wish, headers={"Idempotency-Key": "aside-dial"})
        assert (refused.status_code, refused.json()["code"]) == (409, "do_not_disturb")
        assert await aside(house, phone=REGULAR) == SetAside(restricted=True, child=False)
    assert await aside(house, phone=REGULAR) == SetAside(restricted=False, child=False)


async def aside(house: RunningHouse, *, phone: str | None = None, ref: str | None = None) -> SetAside:
    survey = Survey(id=uuid4(), occasion="call", subject="any", phone=phone, customer_ref=ref, proposed_at=house.clock())
    async with house.database.begin() as tx:
        return await house.house.surveys.set_aside(tx, survey, today=house.clock().date())


async def test_a_webhook_about_a_restricted_person_is_kept_and_not_acted_on(house: RunningHouse) -> None:
    await house.rows_changed(b"TRUNCATE tickets, deliveries CASCADE")  # a case might be the copy of a ticket still on its way
    ref = (await house.pop(REGULAR, agent=SENIOR))["customer"]["ref"]
    async with restricted(house, REGULAR):
        known = await house.rows("SELECT count(*) FROM object_versions")
        await tell_of_case(house, ref)
        await house.settle()
        assert set(await house.rows("SELECT state, body <> '' FROM inbox")) == {("done", True)}
        assert await house.rows("SELECT count(*) FROM object_versions") == known
    await tell_of_case(house, ref)
    await house.settle()
    assert await house.rows("SELECT count(*) FROM object_versions") > known, "afterwards it is acted on"


async def test_who_asked_for_it_and_who_ended_it_is_in_the_audit_and_listed_without_a_name(house: RunningHouse) -> None:
    async with restricted(house, REGULAR) as made:
        pass
    listed = (await house.client.get("/v1/privacy/restrictions")).json()["items"][0]
    assert (listed["id"], listed["reason"], listed["lifted_at"] is not None) == (made["id"], "case 18", True)
    did = await house.rows("SELECT action, subject FROM audit_entries WHERE subject LIKE 'restriction:%' ORDER BY seq")
    assert [action for action, of in did if of.endswith(made["id"])] == ["privacy.restricted", "privacy.restriction_lifted"]
    again = await house.client.post(f"/v1/privacy/restrictions/{made['id']}/lift", json=WHY)
    assert again.status_code == 404


async def test_of_a_child_less_is_seen_until_a_guardian_agrees_and_nobody_asks_it_for_an_opinion(
    house: RunningHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tieline.domain.children.OF_AGE", 200)  # everybody with a day of birth is a child
    unasked = await house.pop(REGULAR, agent=SENIOR)
    ref = unasked["customer"]["ref"]
    assert [one["view"] for one in unasked["narrowed"]] == ["unconsented"]
    assert (unasked["blocks"]["orders"]["items"], unasked["customer"]["birth_date"], unasked["customer"]["note"]) == (
        [],
        None,
        None,
    )
    assert "guardian" in " ".join(hint["because"] for hint in unasked["hints"])

    await house.house.desk.keeper.settle()
    assert await aside(house, ref=ref) == SetAside(restricted=False, child=True)
    assert await aside(house, phone=REGULAR) == SetAside(restricted=False, child=True), "nobody else has the number"
    assert await aside(house, ref="crm:LC-1") == SetAside(restricted=False, child=False)

    word = {"ref": ref, "purpose": "guardian", "given": True, "version": "2026-1", "channel": "call"}
    await post(house, "/v1/privacy/consents", word)
    async for _ in patiently("the guardian's word was never heard of"):
        agreed = await house.pop(REGULAR, agent=SENIOR)
        if [one["view"] for one in agreed["narrowed"]] == ["minor"]:
            break
    assert agreed["blocks"]["orders"]["items"] != []
    assert (agreed["customer"]["address"], agreed["customer"]["name"]) == (None, "李*")

    await post(house, "/v1/privacy/consents", {**word, "given": False})
    async for _ in patiently("that it was taken back was never heard of"):
        if [one["view"] for one in (await house.pop(REGULAR, agent=SENIOR))["narrowed"]] == ["unconsented"]:
            break
    house.clock.forward(timedelta(days=1))
    assert await aside(house, ref=ref) == SetAside(restricted=False, child=True)
