"""Tickets of our own at the door: opened once, changed by version, refused cleanly (bad-input rows R: B40 to B44, B80, B81)."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest
from tests.api.front_door import FrontDoor

from tieline.store import idempotency

WRITE, READ = "tickets.write", "tickets.read"
NEW = {"subject": "滤芯异响，要求换货", "priority": "high", "phone": "+8613800138000"}
NOBODYS = "019b0000-0000-7000-8000-000000000000"


def key() -> str:
    return uuid.uuid4().hex


async def open_one(door: FrontDoor, *, under: str | None = None, **fields: Any) -> httpx.Response:  # noqa: ANN401 - any JSON
    headers = {**await door.signed(WRITE, READ), "Idempotency-Key": under or key()}
    return await door.ask("POST", "/v1/tickets", json={"subject": f"一件事 {key()[:6]}", **fields}, headers=headers)


async def send(door: FrontDoor, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx takes many kinds
    headers = {**await door.signed(WRITE, READ, "tickets.progress"), "Idempotency-Key": key(), **options.pop("headers", {})}
    return await door.ask(method, path, headers=headers, **options)


async def test_a_ticket_is_opened_read_and_listed(door: FrontDoor) -> None:
    opened = await open_one(door, **NEW)
    assert (opened.status_code, opened.headers["ETag"]) == (201, '"1"')
    document = opened.json()
    assert opened.headers["Location"] == f"/v1/tickets/{document['id']}"
    assert (document["status"], document["priority"], document["number"][:2], document["sync"]) == (
        "new",
        "high",
        "T-",
        "in_sync",
    )
    read = await send(door, "GET", f"/v1/tickets/{document['id']}")
    assert [line["kind"] for line in read.json()["history"]] == ["created"]
    listed = await send(door, "GET", "/v1/tickets", params={"customer": "+8613800138000"})
    assert document["id"] in [item["id"] for item in listed.json()["items"]]


async def test_what_others_may_not_see_is_masked(door: FrontDoor) -> None:
    opened = await open_one(door, subject="请回电 13800138000", phone="+8613800138077")
    assert (opened.json()["phone"], "13800138000" in opened.text) == ("+86 138****8077", False)


async def test_the_same_key_opens_it_once(door: FrontDoor) -> None:
    under = key()
    first = await open_one(door, under=under, subject="同一件事", other_matter=True)
    again = await open_one(door, under=under, subject="同一件事", other_matter=True)
    assert (first.status_code, again.status_code, again.json()["id"]) == (201, 201, first.json()["id"])
    assert (first.headers.get("Idempotent-Replay"), again.headers["Idempotent-Replay"]) == (None, "true")


async def test_twenty_at_once_under_one_key_open_one(door: FrontDoor) -> None:
    under, number = key(), "+8613800130020"
    answers = await asyncio.gather(*(open_one(door, under=under, subject="同时", phone=number) for _ in range(20)))
    statuses = {answer.status_code for answer in answers}
    assert statuses <= {201, 409}
    assert 201 in statuses
    listed = await send(door, "GET", "/v1/tickets", params={"customer": number})
    assert len(listed.json()["items"]) == 1


async def test_b41_a_key_is_required_and_printable(door: FrontDoor) -> None:
    for wrong in ("", "k" * 256, "with space", "ключ".encode()):
        headers = [*(await door.signed(WRITE)).items(), *([("Idempotency-Key", wrong)] if wrong else [])]
        answer = await door.ask("POST", "/v1/tickets", json=NEW, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key")


async def test_b42_the_key_of_another_body_is_refused(door: FrontDoor) -> None:
    under = key()
    assert (await open_one(door, under=under, subject="一")).status_code == 201
    answer = await open_one(door, under=under, subject="二")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_b43_a_request_under_way_is_told_to_come_back(door: FrontDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    answer_of = idempotency.answer

    async def slowly(*args: Any, **options: Any) -> bool:  # noqa: ANN401 - passed on
        begun.set()
        await go_on.wait()
        return await answer_of(*args, **options)

    monkeypatch.setattr(idempotency, "answer", slowly)
    under = key()
    first = asyncio.create_task(open_one(door, under=under, subject="慢"))
    await begun.wait()
    second = await open_one(door, under=under, subject="慢")
    go_on.set()
    assert (second.status_code, second.json()["code"], second.headers["Retry-After"]) == (409, "idempotency_in_progress", "1")
    assert (await first).status_code == 201


async def test_a_refused_request_leaves_its_key_free(door: FrontDoor) -> None:
    under = key()
    assert (await open_one(door, under=under, subject="谁", assignee="nobody")).json()["code"] == "agent_unknown"
    assert (await open_one(door, under=under, subject="谁", assignee="1002")).json()["assignee"] == "1002"


async def test_b44_a_change_names_the_version_it_was_made_for(door: FrontDoor) -> None:
    path = f"/v1/tickets/{(await open_one(door)).json()['id']}"
    missing = await send(door, "PATCH", path, json={"priority": "urgent"})
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    changed = await send(door, "PATCH", path, json={"priority": "urgent"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["priority"], changed.headers["ETag"]) == (200, "urgent", '"2"')
    for stale in ('"1"', 'W/"2"', "2"):
        answer = await send(door, "PATCH", path, json={"priority": "low"}, headers={"If-Match": stale})
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert (await send(door, "PATCH", path, json={"priority": "low"}, headers={"If-Match": "*"})).status_code == 200


async def test_of_two_changes_of_one_version_one_is_made(door: FrontDoor) -> None:
    path = f"/v1/tickets/{(await open_one(door)).json()['id']}"
    wanted = [send(door, "PATCH", path, json={"subject": f"第{n}个"}, headers={"If-Match": '"1"'}) for n in range(8)]
    answers = await asyncio.gather(*wanted)
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 7]


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize("ticket_id", [NOBODYS, "1", "not-a-uuid", "%00"])
async def test_b40_what_is_not_there_is_not_found(door: FrontDoor, method: str, ticket_id: str) -> None:
    options = {"json": {"priority": "low"}, "headers": {"If-Match": "*"}} if method == "PATCH" else {}
    answer = await send(door, method, f"/v1/tickets/{ticket_id}", **options)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "field_required"),
        ({"subject": ""}, "field_length"),
        ({"subject": "a\nb"}, "field_value"),
        ({"subject": "x" * 201}, "field_length"),
        ({"subject": "x", "priority": "asap"}, "field_value"),
        ({"subject": "x", "status": "closed"}, "field_unknown"),
        ({"subject": "x", "customer": "C-1"}, "field_value"),
        ({"subject": "x", "phone": "13800138000"}, "field_value"),
        ({"subject": "x", "tags": ["a"] * 31}, "field_length"),
        ({"subject": "x", "source": "webhook"}, "field_value"),
        ({"subject": "x", "other_matter": 1}, "field_type"),
    ],
)
async def test_what_does_not_fit_is_refused_without_repeating_it(door: FrontDoor, body: dict[str, Any], code: str) -> None:
    headers = {**await door.signed(WRITE), "Idempotency-Key": key()}
    answer = await door.ask("POST", "/v1/tickets", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_b80_text_that_would_be_code_is_kept_as_text(door: FrontDoor) -> None:
    hostile = '<script>alert(1)</script>"><img onerror=x> javascript:x \u202e\u200b\u2028 \x1b[31m\r\nX: y'
    opened = await open_one(door, description=hostile)
    read = await send(door, "GET", f"/v1/tickets/{opened.json()['id']}")
    assert read.headers["X-Content-Type-Options"] == "nosniff"
    assert read.headers["Content-Type"].startswith("application/json")
    assert "<script>alert(1)</script>" in read.json()["description"]


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ({"name": "../etc/passwd"}, "file_name"),
        ({"name": "a\u202egpj.exe"}, "file_name"),
        ({"name": ".."}, "file_name"),
        ({"media_type": "text/html"}, "file_type"),
        ({"media_type": "image/svg+xml"}, "file_type"),
        ({"size_bytes": 0}, "field_range"),
        ({"url": "javascript:alert(1)"}, "field_value"),
    ],
)
async def test_b81_files_that_lie_or_run_are_not_taken(door: FrontDoor, file: dict[str, Any], code: str) -> None:
    good = {"name": "photo.jpg", "media_type": "image/jpeg", "size_bytes": 10}
    answer = await open_one(door, attachments=[{**good, **file}])
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await open_one(door, attachments=[good] * 21)).json()["code"] == "field_length"


async def test_a_ticket_lives_through_its_steps(door: FrontDoor) -> None:
    path = f"/v1/tickets/{(await open_one(door, priority='low')).json()['id']}"
    said = await send(door, "POST", f"{path}/comments", json={"text": "已联系客户", "public": True})
    assert said.status_code == 201
    escalated = await send(door, "POST", f"{path}/escalate", json={"to": "1002", "reason": "客户不满"})
    assert (escalated.json()["priority"], escalated.json()["assignee"], escalated.json()["escalation"]) == ("normal", "1002", 1)
    closed = await send(door, "POST", f"{path}/close", json={"ending": "resolved", "comment": "已换新"})
    assert (closed.json()["status"], closed.json()["due_at"]) == ("resolved", None)
    again = await send(door, "POST", f"{path}/reopen", json={})
    assert (again.json()["status"], again.json()["reopened"]) == ("reopened", 1)
    refused = await send(door, "POST", f"{path}/reopen", json={})
    assert refused.status_code == 200  # It stays as it is; a second telling changes nothing.
    whole = (await send(door, "GET", path)).json()
    assert [comment["text"] for comment in whole["comments"]] == ["已联系客户", "客户不满", "已换新"]
    kinds = [line["kind"] for line in reversed(whole["history"])]
    assert kinds == ["created", "commented", "escalated", "changed", "changed", "commented", "commented", "changed", "changed"]


async def test_no_step_leads_from_an_end_but_reopening(door: FrontDoor) -> None:
    path = f"/v1/tickets/{(await open_one(door)).json()['id']}"
    await send(door, "POST", f"{path}/close", json={})
    refused = await send(door, "PATCH", path, json={"status": "in_progress"}, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["code"]) == (409, "ticket_transition")


async def test_a_repeat_caller_goes_on_with_the_open_ticket(door: FrontDoor) -> None:
    number = "+8613800130031"
    first = await open_one(door, phone=number, subject="噪音大")
    again = await open_one(door, phone=number, subject="还是响", description="第三次来电")
    other = await open_one(door, phone=number, subject="发票", other_matter=True)
    assert (again.status_code, again.json()["reused"], again.json()["id"]) == (200, True, first.json()["id"])
    assert (other.status_code, other.json()["id"] == first.json()["id"]) == (201, False)
    whole = (await send(door, "GET", f"/v1/tickets/{first.json()['id']}")).json()
    assert [comment["text"] for comment in whole["comments"]] == ["还是响\n第三次来电"]


async def test_progress_is_told_in_words_that_name_nobody(door: FrontDoor) -> None:
    opened = (await open_one(door, subject="张桂兰的净化器", phone="+8613800138099")).json()
    chinese = await send(door, "GET", f"/v1/tickets/{opened['id']}/progress")
    english = await send(door, "GET", f"/v1/tickets/{opened['id']}/progress", params={"language": "en"})
    assert chinese.json()["text"].startswith(f"您的工单 {opened['number']} 已受理，等待处理。预计 ")
    assert english.json()["text"].startswith(f"Your ticket {opened['number']} has been received")
    for word in ("张桂兰", "净化器", "8099"):
        assert word not in chinese.text + english.text


async def test_the_list_goes_on_where_it_ended(door: FrontDoor) -> None:
    number = "+8613800130045"
    made = [(await open_one(door, phone=number, subject=f"第{n}件", other_matter=True)).json()["id"] for n in range(5)]
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await send(door, "GET", "/v1/tickets", params={"customer": number, "limit": "2", **cursor})).json()
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == made[::-1]


async def test_every_change_is_in_the_audit_without_anybodys_words(door: FrontDoor) -> None:
    opened = (await open_one(door, subject="王芳的投诉")).json()
    await send(door, "PATCH", f"/v1/tickets/{opened['id']}", json={"subject": "新的说法"}, headers={"If-Match": "*"})
    headers = await door.signed("audit.read")
    entries = (await door.ask("GET", "/v1/audit", params={"subject": f"ticket:{opened['id']}"}, headers=headers)).json()["items"]
    assert [entry["action"] for entry in entries] == ["ticket.changed", "ticket.created"]
    assert entries[0]["details"] == {"fields": ["subject"]}
