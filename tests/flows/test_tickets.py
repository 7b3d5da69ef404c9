"""A ticket's way through the house and the simulated CRM and helpdesk: real sockets, the real worker, webhooks and all."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from defusedxml.ElementTree import fromstring
from tests.flows.door import KNOWN, Json, patiently
from tests.flows.house import RunningHouse, open_house
from tests.flows.sandbox import Sandbox

from tieline.kit.deadline import Deadline
from tieline.sandbox.access import ACCESS
from tieline.services.tickets import comments_there
from tieline.worker import run as worker


@dataclass
class Helpdesk:
    """The helpdesk as its own agents use it."""

    client: httpx.AsyncClient
    url: str

    async def tickets(self, requester: str = "900000") -> list[Any]:
        answer = await self.client.get(f"{self.url}/api/tickets.xml", params={"requester": requester, "limit": "50"})
        return list(fromstring(answer.text))

    async def ticket(self, number: str) -> dict[str, str]:
        root = fromstring((await self.client.get(f"{self.url}/api/tickets/{number}.xml")).text)
        return {child.tag: child.text or "" for child in root}

    async def set(self, number: str, **fields: str) -> None:
        answer = await self.client.put(f"{self.url}/api/tickets/{number}.xml", data=fields)
        assert answer.status_code == 200, answer.text

    async def note(self, number: str, text: str) -> None:
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        await self.client.post(f"{self.url}/api/tickets/{number}/notes.xml", data={"text": text, "author": "h1"}, headers=headers)

    async def notes(self, number: str) -> list[str]:
        root = fromstring((await self.client.get(f"{self.url}/api/tickets/{number}/notes.xml")).text)
        return [note.findtext("text") or "" for note in root]


@dataclass
class Crm:
    """The CRM as its own people use it."""

    client: httpx.AsyncClient
    url: str

    async def case(self, case_id: str) -> Json:
        found: Json = (await self.client.get(f"{self.url}/v2/cases/{case_id}")).json()
        return found

    async def cases(self, **wanted: str) -> list[Json]:
        found: list[Json] = (await self.client.get(f"{self.url}/v2/cases", params=wanted)).json()["cases"]
        return found

    async def set(self, case_id: str, **fields: Any) -> None:  # noqa: ANN401 - JSON
        answer = await self.client.patch(f"{self.url}/v2/cases/{case_id}", json=fields)
        assert answer.status_code == 200, answer.text


@dataclass
class Office:
    """The house at work, and the two systems beside it."""

    house: RunningHouse
    helpdesk: Helpdesk
    crm: Crm

    async def open(self, **fields: Any) -> Json:  # noqa: ANN401 - JSON
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        given = {"subject": f"净化器异响 {uuid.uuid4().hex[:6]}", "phone": KNOWN, "other_matter": True, **fields}
        answer = await self.house.client.post("/v1/tickets", json=given, headers=headers)
        assert answer.status_code in {200, 201}, answer.text
        opened: Json = answer.json()
        return opened

    async def ticket(self, ticket_id: str) -> Json:
        found: Json = (await self.house.client.get(f"/v1/tickets/{ticket_id}")).json()
        return found

    async def change(self, ticket_id: str, **fields: Any) -> Json:  # noqa: ANN401 - JSON
        answer = await self.house.client.patch(f"/v1/tickets/{ticket_id}", json=fields, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
        changed: Json = answer.json()
        return changed

    async def until(self, ticket_id: str, true: Callable[[Json], bool], complaint: str) -> Json:
        """Wait until something holds of a ticket. Raises: AssertionError: it never does, with the ticket."""
        found: Json = {}
        try:
            async for _ in patiently(complaint):
                found = await self.ticket(ticket_id)
                if true(found):
                    return found
        except AssertionError as exc:
            raise AssertionError(f"{complaint}: {found}") from exc
        raise AssertionError

    async def in_sync(self, ticket_id: str) -> Json:
        return await self.until(ticket_id, lambda ticket: bool(ticket["sync"] == "in_sync" and ticket["links"]), "never in sync")

    def ids(self, ticket: Json) -> tuple[str, str]:
        """Return the helpdesk's and the CRM's ids of a ticket."""
        by_name = {link["connection"]: link["external_id"] for link in ticket["links"]}
        return by_name["helpdesk"], by_name["crm"]


@asynccontextmanager
async def opened(
    url: str,
    folder: Path,
    sandbox: Sandbox,
    *,
    told: bool = True,
    **settings: Any,  # noqa: ANN401 - settings of any type
) -> AsyncIterator[Office]:
    async with open_house(url, folder, sandbox, **settings) as house:
        working = asyncio.create_task(worker.run(house.house, url, concurrency=4))
        try:
            if told:
                for name in ("crm", "helpdesk"):
                    connection = house.house.directory.now.connections[name]
                    callback = f"{house.url}/v1/webhooks/{name}"
                    await connection.run("event.subscribe", deadline=Deadline.after(5), callback_url=callback)
            crm, helpdesk = sandbox.places["crm"]["url"], sandbox.places["helpdesk"]["url"]
            grant = await house.client.post(f"{crm}/oauth/token", data={"grant_type": "client_credentials", **_client()})
            bearer = {"Authorization": f"Bearer {grant.json()['access_token']}"}
            auth = (ACCESS["helpdesk"]["username"], ACCESS["helpdesk"]["password"])
            async with (
                httpx.AsyncClient(headers=bearer, trust_env=False) as there,
                httpx.AsyncClient(auth=auth, trust_env=False) as desk,
            ):
                yield Office(house, Helpdesk(desk, helpdesk), Crm(there, crm))
        finally:
            working.cancel()
            await asyncio.wait([working])


def _client() -> dict[str, str]:
    return {name: ACCESS["crm"][name] for name in ("client_id", "client_secret")}


@pytest.fixture
async def office(database_url: str, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[Office]:
    async with opened(database_url, tmp_path, sandbox) as office:
        yield office


async def test_a_ticket_born_in_a_call_is_everywhere_and_closed_in_the_helpdesk_closes_everywhere(office: Office) -> None:
    await office.house.tell("ringing", "c-ticket", agent="1001")
    await office.house.tell("answered", "c-ticket", agent="1001")
    begun_s = time.monotonic()
    born = await office.open(
        subject="滤芯异响，要求换货", call_id="c-ticket", source="call", category="产品质量", priority="high"
    )
    everywhere = await office.in_sync(born["id"])
    took_s = time.monotonic() - begun_s
    number, case_id = office.ids(everywhere)
    there, case = await office.helpdesk.ticket(number), await office.crm.case(case_id)
    assert (there["subject"], there["state"], there["prio"], there["topic"]) == ("滤芯异响，要求换货", "1", "2", "产品质量")
    assert (case["title"], case["stage"], case["grade"], case["correlation"]) == (
        "滤芯异响，要求换货",
        "NEW",
        "P2",
        f"{born['id']}:crm",
    )
    begun_s = time.monotonic()
    await office.helpdesk.set(number, state="9")
    await office.until(
        born["id"], lambda ticket: bool(ticket["status"] == "closed" and ticket["sync"] == "in_sync"), "never closed"
    )
    closed_s = time.monotonic() - begun_s
    assert (await office.crm.case(case_id))["stage"] == "CLOSED"
    print(f"\neverywhere after {took_s:.2f} s, closed everywhere after {closed_s:.2f} s")  # noqa: T201 - the figures


async def test_one_ticket_in_each_system_however_often_it_is_told(office: Office) -> None:
    born = await office.open()
    number, case_id = office.ids(await office.in_sync(born["id"]))
    for _ in range(3):
        await office.change(born["id"], priority="urgent")
        await office.change(born["id"], priority="low")
    await office.in_sync(born["id"])
    await office.until(born["id"], lambda ticket: bool(ticket["sync"] == "in_sync"), "never quiet")
    assert [case["id"] for case in await office.crm.cases(correlation=f"{born['id']}:crm")] == [case_id]
    same = [one for one in await office.helpdesk.tickets() if one.findtext("subject") == born["subject"]]
    assert [one.get("id") for one in same] == [number]
    assert (await office.helpdesk.ticket(number))["prio"] == "4"
    assert (await office.crm.case(case_id))["grade"] == "P4"


async def test_a_change_bounces_once_to_each_side_and_no_further(office: Office) -> None:
    born = await office.open()
    number, case_id = office.ids(await office.in_sync(born["id"]))
    office.house.sandbox.heal()
    await office.crm.set(case_id, stage="WORKING")
    await office.until(
        born["id"], lambda ticket: bool(ticket["status"] == "in_progress" and ticket["sync"] == "in_sync"), "never"
    )
    await asyncio.sleep(0.5)  # Time for a loop, if there were one.
    await office.in_sync(born["id"])
    writes = {request: count for request, count in office.house.sandbox.writes.items() if "hooks" not in request}
    assert writes == {f"PATCH /v2/cases/{case_id}": 1, f"PUT /api/tickets/{number}.xml": 1}
    whole = await office.ticket(born["id"])
    assert [(line["kind"], line["by"]) for line in whole["history"] if line["field"] == "status"] == [("synced", "crm")]


async def test_a_helpdesk_without_the_word_does_not_take_a_reopening_back(office: Office) -> None:
    born = await office.open()
    number, case_id = office.ids(await office.in_sync(born["id"]))
    await office.house.client.post(f"/v1/tickets/{born['id']}/close", json={})
    await office.in_sync(born["id"])
    await office.house.client.post(f"/v1/tickets/{born['id']}/reopen", json={})
    after = await office.in_sync(born["id"])
    assert after["status"] == "reopened"
    assert (await office.helpdesk.ticket(number))["state"] == "2"
    await office.helpdesk.note(number, "谢谢")
    await office.until(born["id"], lambda ticket: len(ticket["comments"]) == 1, "the note never came")
    assert ((await office.ticket(born["id"]))["status"], (await office.crm.case(case_id))["stage"]) == ("reopened", "REOPENED")


async def test_comments_go_both_ways_once(office: Office) -> None:
    born = await office.open()
    number, case_id = office.ids(await office.in_sync(born["id"]))
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    await office.house.client.post(f"/v1/tickets/{born['id']}/comments", json={"text": "已派工"}, headers=headers)
    await office.in_sync(born["id"])
    await office.helpdesk.note(number, "客户已签收")
    await office.until(born["id"], lambda ticket: len(ticket["comments"]) == 2 and ticket["sync"] == "in_sync", "never two")
    await asyncio.sleep(0.3)
    whole = await office.in_sync(born["id"])
    assert [(one["text"], one["origin"]) for one in whole["comments"]] == [("已派工", None), ("客户已签收", "helpdesk")]
    assert await office.helpdesk.notes(number) == ["已派工", "客户已签收"]
    there = (await office.crm.client.get(f"{office.crm.url}/v2/cases/{case_id}/comments")).json()["comments"]
    assert [one["text"] for one in there] == ["已派工", "客户已签收"]


async def test_files_are_told_as_links_below_the_words_and_come_back_as_no_second_comment(office: Office) -> None:
    photo = {"name": "漏水.jpg", "media_type": "image/jpeg", "size_bytes": 48_211, "url": "https://files.example.com/1"}
    born = await office.open(attachments=[{**photo, "url": None}])
    number, case_id = office.ids(await office.in_sync(born["id"]))
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    words = {"text": "照片见附件", "attachments": [photo]}
    await office.house.client.post(f"/v1/tickets/{born['id']}/comments", json=words, headers=headers)
    told = ["漏水.jpg\n📎 漏水.jpg (47 KB)", "照片见附件\n📎 漏水.jpg (47 KB) https://files.example.com/1"]
    await office.in_sync(born["id"])
    assert await office.helpdesk.notes(number) == told
    there = (await office.crm.client.get(f"{office.crm.url}/v2/cases/{case_id}/comments")).json()["comments"]
    assert [one["text"] for one in there] == told
    await office.helpdesk.note(number, "收到")
    whole = await office.until(born["id"], lambda ticket: len(ticket["comments"]) == 3, "the answer never came")
    assert [one["text"] for one in whole["comments"]] == ["漏水.jpg", "照片见附件", "收到"]
    assert [(one["name"], one["size_bytes"]) for one in whole["attachments"]] == [("漏水.jpg", 48_211)] * 2


async def test_files_of_another_systems_comment_are_kept_and_told_to_the_third(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = comments_there.fetch
    files = {"file_names": ("../漏水.jpg", "x.exe"), "file_urls": ("https://there.example.com/7", "javascript:alert(1)")}

    async def with_its_files(spoke: Any, external_id: str) -> Any:  # noqa: ANN401 - as it is
        said = await fetch(spoke, external_id)
        return [{**one, **files, "file_sizes": ("2048", "many")} if one["text"] == "见照片" else one for one in said]

    monkeypatch.setattr(comments_there, "fetch", with_its_files)
    born = await office.open()
    number, case_id = office.ids(await office.in_sync(born["id"]))
    await office.helpdesk.note(number, "见照片")
    whole = await office.until(born["id"], lambda ticket: bool(ticket["attachments"]), "the files never came")
    kept = [(one["name"], one["size_bytes"], one["url"], one["by"]) for one in whole["attachments"]]
    assert kept == [("..漏水.jpg", 2048, "https://there.example.com/7", "helpdesk"), ("x.exe", 0, None, "helpdesk")]
    await office.in_sync(born["id"])
    there = (await office.crm.client.get(f"{office.crm.url}/v2/cases/{case_id}/comments")).json()["comments"]
    assert [one["text"] for one in there] == ["见照片\n📎 ..漏水.jpg (2 KB) https://there.example.com/7\n📎 x.exe"]


async def test_conflicting_edits_end_in_a_review_that_can_be_taken_back(
    database_url: str, tmp_path: Path, sandbox: Sandbox
) -> None:
    """Nobody tells us of the CRM's edit; we find it when we come to write ours."""
    async with opened(database_url, tmp_path, sandbox, told=False) as office:
        born = await office.open(subject="原来的说法")
        number, case_id = office.ids(await office.in_sync(born["id"]))
        await office.crm.set(case_id, title="客户的说法")
        await office.change(born["id"], subject="坐席的说法")
        whole = await office.until(born["id"], lambda ticket: bool(ticket["conflicts"]), "no conflict")
        (conflict,) = whole["conflicts"]
        assert (conflict["base"], conflict["ours"]["value"], conflict["theirs"]["value"]) == (
            "原来的说法",
            "坐席的说法",
            "客户的说法",
        )
        assert (conflict["connection"], conflict["theirs"]["by"], whole["sync"]) == ("crm", "crm", "conflict")
        await office.until(born["id"], lambda ticket: _state(ticket, "helpdesk") == "in_sync", "the helpdesk waits")
        assert (await office.helpdesk.ticket(number))["subject"] == "坐席的说法"
        assert (await office.crm.case(case_id))["title"] == "客户的说法"
        review = f"/v1/reviews/{conflict['review_id']}"
        assert (await office.house.client.get(review)).json()["conflict"]["theirs"]["value"] == "客户的说法"
        decided = await office.house.client.post(f"{review}/decide", json={"pick": "theirs"})
        assert (decided.status_code, decided.json()["state"]) == (200, "settled")
        await office.in_sync(born["id"])
        assert (await office.helpdesk.ticket(number))["subject"] == "客户的说法"
        assert (await office.house.client.post(f"{review}/decide", json={"pick": "ours"})).status_code == 409
        undone = await office.house.client.post(f"{review}/undo")
        assert undone.status_code == 200, undone.text
        after = await office.in_sync(born["id"])
        assert (after["subject"], (await office.crm.case(case_id))["title"]) == ("坐席的说法", "坐席的说法")
        assert (await office.helpdesk.ticket(number))["subject"] == "坐席的说法"
        office.house.clock.forward(timedelta(days=31))


async def test_a_question_stays_the_same_while_its_values_do_and_ours_is_told_once_it_is_chosen(
    database_url: str, tmp_path: Path, sandbox: Sandbox
) -> None:
    async with opened(database_url, tmp_path, sandbox, told=False) as office:
        born = await office.open(subject="原来的说法")
        _, case_id = office.ids(await office.in_sync(born["id"]))
        await office.crm.set(case_id, title="客户的说法")
        await office.change(born["id"], subject="坐席的说法")
        asked = await office.until(born["id"], lambda ticket: bool(ticket["conflicts"]), "no conflict")
        await office.change(born["id"], priority="urgent")
        async for _ in patiently("the CRM never heard of the priority"):
            if (await office.crm.case(case_id))["grade"] == "P1":
                break
        still = await office.until(born["id"], lambda ticket: _state(ticket, "crm") == "conflict", "no conflict any more")
        assert [one["review_id"] for one in still["conflicts"]] == [asked["conflicts"][0]["review_id"]]
        assert len(_lines(still, "conflict")) == 1
        review = f"/v1/reviews/{still['conflicts'][0]['review_id']}"
        assert (await office.house.client.post(f"{review}/decide", json={"pick": "ours"})).status_code == 200
        async for _ in patiently("the CRM was never told"):
            if (await office.crm.case(case_id))["title"] == "坐席的说法":
                break
        await office.in_sync(born["id"])


def _state(ticket: Json, connection: str) -> str:
    return next(str(link["state"]) for link in ticket["links"] if link["connection"] == connection)


def _fault(ticket: Json, connection: str) -> Any:  # noqa: ANN401 - text or nothing
    return {link["connection"]: link["fault"] for link in ticket["links"]}[connection]


async def test_the_newest_of_two_statuses_wins_and_the_other_is_on_record(
    database_url: str, tmp_path: Path, sandbox: Sandbox
) -> None:
    async with opened(database_url, tmp_path, sandbox, told=False) as office:
        born = await office.open()
        number, _ = office.ids(await office.in_sync(born["id"]))
        await office.helpdesk.set(number, state="4")
        await asyncio.sleep(1.1)  # The helpdesk tells time in whole seconds.
        await office.change(born["id"], status="in_progress")
        whole = await office.until(born["id"], lambda ticket: bool(_lines(ticket, "settled")), "nothing was settled")
        (settled,) = _lines(whole, "settled")
        assert (settled["field"], settled["before"], settled["after"]) == ("status", "pending_customer", "in_progress")
        await office.in_sync(born["id"])
        assert (await office.helpdesk.ticket(number))["state"] == "3"
        restored = await office.house.client.post(f"/v1/tickets/{born['id']}/restore", json={"field": "status"})
        assert (restored.status_code, restored.json()["status"]) == (200, "pending_customer")
        after = await office.in_sync(born["id"])
        assert (await office.helpdesk.ticket(number))["state"] == "4"
        assert [(line["before"], line["after"]) for line in _lines(after, "restored")] == [("in_progress", "pending_customer")]
        nothing = await office.house.client.post(f"/v1/tickets/{born['id']}/restore", json={"field": "subject"})
        assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_lost")
        office.house.clock.forward(timedelta(days=31))
        late = await office.house.client.post(f"/v1/tickets/{born['id']}/restore", json={"field": "status"})
        assert (late.status_code, late.json()["code"]) == (409, "nothing_lost")


def _lines(ticket: Json, kind: str) -> list[Json]:
    return [line for line in ticket["history"] if line["kind"] == kind]


async def test_a_ticket_opened_in_the_helpdesk_becomes_ours_and_the_crms(office: Office) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    form = {"requester": "900000", "subject": "门店登记的投诉", "prio": "1", "topic": "投诉"}
    await office.helpdesk.client.post(f"{office.helpdesk.url}/api/tickets.xml", data=form, headers=headers)
    found: list[Json] = []
    async for _ in patiently("it never became ours"):
        listed = (await office.house.client.get("/v1/tickets", params={"customer": "helpdesk:900000"})).json()["items"]
        found = [one for one in listed if one["subject"] == "门店登记的投诉"]
        if found:
            break
    whole = await office.in_sync(found[0]["id"])
    assert (whole["source"], whole["priority"], whole["category"], len(whole["links"])) == ("webhook", "urgent", "投诉", 2)
    cases = await office.crm.cases(correlation=f"{whole['id']}:crm")
    assert [(case["title"], case["grade"]) for case in cases] == [("门店登记的投诉", "P1")]


async def test_a_system_that_is_down_is_told_when_it_is_back_and_holds_nobody_up(office: Office) -> None:
    office.house.sandbox.turn("crm", status=503, error_rate=1.0)
    born = await office.open()
    waiting = await office.until(born["id"], lambda ticket: _state(ticket, "helpdesk") == "in_sync", "the helpdesk waits too")
    waiting = await office.until(born["id"], lambda ticket: _state(ticket, "crm") == "waiting", "the CRM is not waited for")
    assert (waiting["sync"], _fault(waiting, "crm")) == ("waiting", "upstream_unavailable")
    told = (await office.house.client.get(f"/v1/tickets/{born['id']}/progress", params={"language": "en"})).json()
    assert (told["waits_for_system"], "waits for another system" in told["text"]) == (True, True)
    await office.change(born["id"], priority="urgent")
    office.house.sandbox.turn("crm")
    after = await office.in_sync(born["id"])
    told = (await office.house.client.get(f"/v1/tickets/{born['id']}/progress")).json()
    assert (told["waits_for_system"], "另一个系统" in told["text"]) == (False, False)
    cases = await office.crm.cases(correlation=f"{born['id']}:crm")
    assert [case["grade"] for case in cases] == ["P1"]
    assert office.ids(after)[1] == cases[0]["id"]
