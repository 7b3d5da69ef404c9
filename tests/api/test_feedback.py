"""Feedback at the door: taken in once, linked, answered by a ticket with owner and due time, shown as the asker may see it."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest
from tests.api.front_door import FrontDoor, rows
from tests.api.test_own_data import ring

SCOPES = ("feedback.write", "feedback.read", "tickets.read", "tickets.write", "audit.read")
Json = dict[str, Any]


async def say(
    door: FrontDoor,
    *,
    under: str | None = None,
    header: dict[str, str] | None = None,
    **fields: Any,  # noqa: ANN401 - JSON
) -> httpx.Response:
    headers = {**(header or await door.signed(*SCOPES)), "Idempotency-Key": under or uuid.uuid4().hex}
    return await door.ask("POST", "/v1/feedback", json={"kind": "csat", "channel": "ivr", **fields}, headers=headers)


async def said(door: FrontDoor, **fields: Any) -> Json:  # noqa: ANN401 - JSON
    answer = await say(door, **fields)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def listed(door: FrontDoor, header: dict[str, str] | None = None, **query: str) -> list[Json]:
    answer = await door.ask("GET", "/v1/feedback", params=query, headers=header or await door.signed(*SCOPES))
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


async def ticket(door: FrontDoor, method: str = "GET", path: str = "", **body: Any) -> Json:  # noqa: ANN401 - JSON
    headers = {**await door.signed(*SCOPES), "Idempotency-Key": uuid.uuid4().hex}
    answer = await door.ask(method, f"/v1/tickets{path}", headers=headers, **({"json": body} if method == "POST" else {}))
    assert answer.status_code < 300, answer.text
    found: Json = answer.json()
    return found


@pytest.mark.parametrize(("kind", "lowest", "highest"), [("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7)])
async def test_scores_of_the_scale_are_kept_and_others_refused(door: FrontDoor, kind: str, lowest: int, highest: int) -> None:
    kept = [(await said(door, kind=kind, score=score))["score"] for score in (lowest, highest)]
    refused = [await say(door, kind=kind, score=score) for score in (lowest - 1, highest + 1)]
    assert kept == [lowest, highest]
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(422, "score_range")] * 2


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "score_required"),
        ({"kind": "complaint", "score": 1}, "score_unexpected"),
        ({"kind": "applause"}, "field_value"),
        ({"score": "5"}, "field_type"),
        ({"score": 5, "channel": "По почте"}, "field_value"),
        ({"score": 5, "text": "x" * 20_001}, "field_length"),
        ({"score": 5, "ticket_id": "019b0000-0000-7000-8000-000000000000"}, "ticket_unknown"),
        ({"score": 5, "ticket_id": "T-1"}, "field_value"),
        ({"score": 5, "customer": "nowhere:1"}, "connection_unknown"),
        ({"score": 5, "agent": "nobody"}, "agent_unknown"),
    ],
)
async def test_what_does_not_fit_is_refused_by_a_stable_code(door: FrontDoor, fields: Json, code: str) -> None:
    before = await rows(door, "SELECT count(*) FROM feedback")
    answer = await say(door, **fields)
    codes = {answer.json()["code"], *(one["code"] for one in answer.json().get("errors") or ())}
    assert answer.status_code == 422
    assert code in codes, answer.text
    assert await rows(door, "SELECT count(*) FROM feedback") == before


async def test_a_key_is_required(door: FrontDoor) -> None:
    answer = await door.ask(
        "POST", "/v1/feedback", json={"kind": "csat", "score": 5, "channel": "ivr"}, headers=await door.signed(*SCOPES)
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key")


async def test_the_same_key_is_kept_once_however_often_and_at_once_it_is_sent(door: FrontDoor) -> None:
    under, call = uuid.uuid4().hex, f"c-{uuid.uuid4().hex}"
    await ring(door, call_id=call, phone="+8613911220001", agent="1001", ended=True)
    answers = await asyncio.gather(*(say(door, under=under, score=1, call_id=call) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    again = await say(door, under=under, score=1, call_id=call)
    assert (again.status_code, again.headers["Idempotent-Replay"]) == (201, "true")
    assert await rows(door, "SELECT count(*), count(DISTINCT follow_up_ticket) FROM feedback WHERE call_id = %s", call) == [
        (1, 1)
    ]
    assert await rows(door, "SELECT count(*) FROM tickets WHERE call_id = %s", call) == [(1,)]
    other = await say(door, under=under, score=2, call_id=call)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_html_and_emoji_are_words_like_others(door: FrontDoor) -> None:
    text = "<script>alert(1)</script> 太差了 😡 'OR 1=1 --"
    assert (await said(door, kind="praise", text=text))["text"] == text


async def test_feedback_about_a_call_is_the_last_agents(door: FrontDoor) -> None:
    await ring(door, call_id="fb-linked", phone="+8613911220002", agent="1002", ended=True)
    kept = await said(door, score=5, call_id="fb-linked")
    assert (kept["agent"], kept["phone"], kept["line"], kept["follow_up"]) == ("1002", "+86 139****0002", "+861065543800", None)


async def test_a_low_score_opens_a_ticket_with_owner_and_due_time(door: FrontDoor) -> None:
    await ring(door, call_id="fb-low", phone="+8613911220003", agent="1001", ended=True)
    follow = (await said(door, score=1, text="等了太久", call_id="fb-low"))["follow_up"]
    assert (follow["what"], follow["status"], follow["assignee"]) == ("opened", "new", "supervisor")
    made = await ticket(door, path=f"/{follow['ticket_id']}")
    assert (made["source"], made["priority"], made["call_id"], made["due_at"]) == ("feedback", "high", "fb-low", follow["due_at"])
    assert made["due_at"] is not None
    assert (made["subject"], made["description"]) == ("客户评价：满意度 1 分（满分 5）", "等了太久")


async def test_a_low_score_reopens_the_ticket_it_is_about_once(door: FrontDoor) -> None:
    closed = await ticket(door, "POST", subject="换滤芯", phone="+8613911220004", assignee="1001")
    await ticket(door, "POST", f"/{closed['id']}/close", ending="closed")
    first = (await said(door, score=2, text="还是坏的", ticket_id=closed["id"]))["follow_up"]
    again = (await said(door, kind="complaint", ticket_id=closed["id"]))["follow_up"]
    assert (first["what"], first["status"], first["assignee"]) == ("reopened", "reopened", "supervisor")
    assert again["what"] == "went_on"
    after = await ticket(door, path=f"/{closed['id']}")
    assert (after["reopened"], after["priority"], after["due_at"] is not None) == (1, "high", True)
    assert [one["text"] for one in after["comments"]] == ["客户评价：满意度 2 分（满分 5）\n还是坏的", "客户反馈：投诉"]
    assert [line["kind"] for line in after["history"]].count("feedback") == 2


async def test_a_low_score_about_a_call_reopens_the_ticket_that_came_of_the_call(door: FrontDoor) -> None:
    await ring(door, call_id="fb-case", phone="+8613911220005", agent="1001", ended=True)
    closed = await ticket(door, "POST", subject="安装", call_id="fb-case")
    await ticket(door, "POST", f"/{closed['id']}/close", ending="resolved")
    follow = (await said(door, kind="nps", score=6, call_id="fb-case"))["follow_up"]
    assert (follow["ticket_id"], follow["what"]) == (closed["id"], "reopened")


async def test_praise_disturbs_nobody_and_an_anonymous_score_without_a_word_leaves_nothing_to_do(door: FrontDoor) -> None:
    before = await rows(door, "SELECT count(*) FROM tickets")
    kept = [await said(door, kind="praise", text="很好"), await said(door, score=1), await said(door, kind="ces", score=4)]
    assert [one["follow_up"] for one in kept] == [None, None, None]
    assert await rows(door, "SELECT count(*) FROM tickets") == before


async def test_a_refusal_within_the_loop_leaves_neither_feedback_nor_ticket(
    door: FrontDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: object, **_options: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("tieline.services.feedback.intake.tell", broken)
    counts = "SELECT (SELECT count(*) FROM feedback), (SELECT count(*) FROM tickets)"
    before = await rows(door, counts)
    assert (await say(door, kind="complaint", text="没人管")).status_code == 500
    assert await rows(door, counts) == before


async def test_numbers_typed_into_words_are_masked_and_reading_is_in_the_audit(door: FrontDoor) -> None:
    kept = await said(door, kind="suggestion", text="请打 13912345678", phone="+8613911220006")
    assert ("13912345678" in kept["text"], kept["phone"]) == (False, "+86 139****0006")
    mark = (await rows(door, "SELECT max(seq) FROM audit_entries"))[0][0]
    await listed(door, channel="ivr")
    told = await rows(door, "SELECT action, details->'narrowed_by' FROM audit_entries WHERE seq > %s", mark)
    assert told == [("feedback.read", ["channel"])]
    noted = await rows(door, "SELECT action, details FROM audit_entries WHERE subject = %s", f"feedback:{kept['id']}")
    assert noted == [("feedback.received", {"kind": "suggestion", "channel": "ivr", "linked": False})]


async def test_an_agent_sees_what_was_said_of_their_own_work(door: FrontDoor) -> None:
    kept = [await said(door, score=5, agent=agent, channel="own") for agent in ("1001", "1002")]
    mine, boss = await door.session("1001"), await door.session("supervisor")
    assert [one["id"] for one in await listed(door, mine, channel="own")] == [kept[0]["id"]]
    assert await listed(door, mine, channel="own", agent="1002") == []
    assert [one["id"] for one in await listed(door, boss, channel="own")] == [kept[1]["id"], kept[0]["id"]]
    assert (await door.ask("GET", "/v1/feedback", headers=await door.session("admin"))).status_code == 403


async def test_who_reports_about_a_colleague_learns_nothing_from_it(door: FrontDoor) -> None:
    await ring(door, call_id="fb-colleague", phone="+8613911220007", agent="1002", ended=True)
    header = await door.signed("feedback.write", agent="1001")
    kept = await said(door, header=header, kind="suggestion", call_id="fb-colleague")
    assert (kept["agent"], kept["phone"], kept["line"]) == (None, None, None)
    assert await rows(door, "SELECT agent FROM feedback WHERE id = %s", kept["id"]) == [("1002",)]
    answer = await say(door, header=header, score=1, agent="1002")
    assert (answer.status_code, answer.json()["code"]) == (
        403,
        "scope_missing" if answer.json()["code"] == "scope_missing" else "forbidden",
    )


async def test_pages_follow_one_another_without_gap_or_repetition(door: FrontDoor) -> None:
    kept = [(await said(door, score=4, channel="paged"))["id"] for _ in range(5)]
    header, found, cursor = await door.signed(*SCOPES), [], None
    for size in (2, 2, 1):
        query = {"channel": "paged", "limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await door.ask("GET", "/v1/feedback", params=query, headers=header)).json()
        assert len(page["items"]) == size
        found += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert (found, cursor) == (kept[::-1], None)


async def test_feedback_of_a_customer_is_found_by_its_call_too(door: FrontDoor) -> None:
    await ring(door, call_id="fb-adopted", phone="+8613911220008", agent="1001", ended=True)
    by_call = await said(door, score=5, call_id="fb-adopted")
    named = await said(door, score=5, customer="pbx:C-77")
    assert by_call["customer_ref"] is None
    await rows(door, "UPDATE interactions SET customer_ref = 'pbx:C-77' WHERE call_key = 'fb-adopted' RETURNING 1")
    found = await listed(door, customer="pbx:C-77")
    assert [(one["id"], one["customer_ref"]) for one in found] == [(named["id"], "pbx:C-77"), (by_call["id"], "pbx:C-77")]


async def test_a_text_gets_a_suggestion_with_the_words_that_led_to_it_and_what_was_told_stands(door: FrontDoor) -> None:
    kept = await said(door, kind="complaint", text="排队太久，客服态度差", causes=["其他"])
    assert kept["causes"] == ["其他"]
    assert (kept["understood"]["sentiment"], kept["understood"]["by"]) == ("negative", "rules:0")
    assert {one["id"]: one["because"] for one in kept["understood"]["causes"]} == {"wait": ["排队"], "attitude": ["态度"]}
    assert (await said(door, score=5))["understood"] is None
