"""What waits for a person, and that it is decided once."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.api.front_door import FrontDoor, rows

from tieline.store import reviews
from tieline.store.reviews import Question

REVIEWER = ("reviews.read", "reviews.decide")


async def asked(door: FrontDoor, number: str, *, kind: str = "unknown_caller", calls: int = 1) -> UUID:
    """Put a question as the end of a call does."""
    now = door.house.clock()
    async with door.house.database.begin() as tx:
        for nth in range(calls):
            question = Question(
                id=uuid4(), kind=kind, subject_key=number, at=now, expires_at=now + timedelta(days=30), call_id=f"{number}-{nth}"
            )
            item, _ = await reviews.open_or_merge(tx, question)
    return item


async def post(door: FrontDoor, target: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = await door.ask("POST", target, json=body, headers=await door.signed(*REVIEWER))
    return answer.status_code, answer.json()


async def test_an_item_is_shown_with_its_number_masked(door: FrontDoor) -> None:
    item = await asked(door, "+8613944440001", calls=3)
    answer = await door.ask("GET", f"/v1/reviews/{item}", headers=await door.session("supervisor"))
    shown = answer.json()
    assert (shown["kind"], shown["state"], shown["count"], shown["number"]) == ("unknown_caller", "open", 3, "+86 139****0001")
    assert (shown["subject"], "13944440001" in answer.text.replace("-", "")) == (None, True), "call ids are the exchange's own"


async def test_lists_go_on_where_they_ended(door: FrontDoor) -> None:
    for nth in range(5):
        await asked(door, f"+861394444100{nth}", kind="staffing")
    signed = await door.signed(*REVIEWER)
    seen: list[str] = []
    cursor = ""
    for _ in range(4):
        page = (await door.ask("GET", f"/v1/reviews?kind=staffing&limit=2{cursor}", headers=signed)).json()
        seen += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert (len(seen), len(set(seen)), page["next"]) == (5, 5, None)
    other = await door.ask("GET", f"/v1/audit?{cursor[1:]}", headers=await door.signed("audit.read"))
    assert (other.status_code, other.json()["code"]) == (400, "cursor_invalid")


async def test_an_item_is_decided_once(door: FrontDoor) -> None:
    item = await asked(door, "+8613944440002")
    status, shown = await post(door, f"/v1/reviews/{item}/reject", {"reason": "wrong_number"})
    assert (status, shown["state"], shown["decision"]) == (200, "rejected", {"reason": "wrong_number"})
    status, problem = await post(door, f"/v1/reviews/{item}/reject", {"reason": "spam"})
    assert (status, problem["code"]) == (409, "review_decided")
    acted = await rows(door, "SELECT action, details->>'reason' FROM audit_entries WHERE subject = %s", f"review:{item}")
    assert acted == [("review.rejected", "wrong_number")]


async def test_a_number_rejected_as_spam_is_marked(door: FrontDoor) -> None:
    item = await asked(door, "+8613944440003")
    assert (await post(door, f"/v1/reviews/{item}/reject", {"reason": "spam"}))[0] == 200
    assert await rows(door, "SELECT mark FROM number_marks WHERE e164 = %s", "+8613944440003") == [("spam",)]


async def test_a_link_keeps_the_number_and_adopts_earlier_calls(door: FrontDoor) -> None:
    number = "+8613944440004"
    event = {"call_id": "adopt", "type": "ringing", "from": number, "at": door.house.clock().isoformat()}
    assert (await door.ask("POST", "/v1/call-events", json=event, headers=await door.signed("events.write"))).status_code == 202
    item = await asked(door, number)
    status, shown = await post(door, f"/v1/reviews/{item}/link", {"ref": "pbx:cust-7"})
    assert (status, shown["state"], shown["decision"]) == (200, "linked", {"ref": "pbx:cust-7"})
    keys = await rows(door, "SELECT connection, external_id, verified, label FROM identity_keys WHERE e164 = %s", number)
    assert keys == [("pbx", "cust-7", False, "linked")]
    assert await rows(door, "SELECT customer_ref FROM interactions WHERE call_key = 'adopt'") == [("pbx:cust-7",)]


@pytest.mark.parametrize(("ref", "code"), [("crm-7", "field_value"), ("nowhere:7", "connection_unknown"), (":7", "field_length")])
async def test_a_link_to_nowhere_is_refused(door: FrontDoor, ref: str, code: str) -> None:
    item = await asked(door, "+8613944440005")
    status, problem = await post(door, f"/v1/reviews/{item}/link", {"ref": ref})
    assert (status, problem["code"]) == (422, code)


async def test_only_a_question_about_a_caller_is_linked_and_a_refusal_leaves_it_open(door: FrontDoor) -> None:
    item = await asked(door, "pbx:8009", kind="unmapped_extension")
    status, problem = await post(door, f"/v1/reviews/{item}/link", {"ref": "pbx:7"})
    assert (status, problem["code"]) == (422, "decision_not_offered")
    answer = await door.ask("GET", f"/v1/reviews/{item}", headers=await door.signed(*REVIEWER))
    assert (answer.json()["state"], answer.json()["subject"]) == ("open", "pbx:8009")


async def test_many_are_closed_at_once_and_what_somebody_was_faster_with_is_named(door: FrontDoor) -> None:
    items = [await asked(door, f"+86139444401{number:02}") for number in range(5)]
    await post(door, f"/v1/reviews/{items[0]}/reject", {"reason": "done"})
    status, answer = await post(door, "/v1/reviews/reject", {"ids": [str(item) for item in items], "reason": "wrong_number"})
    assert (status, answer) == (200, {"done": [str(item) for item in items[1:]], "missed": [str(items[0])]})


async def test_a_rejection_as_spam_is_taken_back_with_its_mark(door: FrontDoor) -> None:
    item = await asked(door, "+8613944440201")
    await post(door, f"/v1/reviews/{item}/reject", {"reason": "spam"})
    status, shown = await post(door, f"/v1/reviews/{item}/undo", {})
    assert (status, shown["state"], shown["decision"]) == (200, "open", None)
    assert await rows(door, "SELECT mark FROM number_marks WHERE e164 = %s", "+8613944440201") == [(None,)]
    status, problem = await post(door, f"/v1/reviews/{item}/undo", {})
    assert (status, problem["code"]) == (409, "review_not_undoable")


async def test_a_link_is_taken_back_with_the_number_and_the_calls_it_gave(door: FrontDoor) -> None:
    number = "+8613944440202"
    event = {"call_id": "adopted-for-now", "type": "ringing", "from": number, "at": door.house.clock().isoformat()}
    await door.ask("POST", "/v1/call-events", json=event, headers=await door.signed("events.write"))
    item = await asked(door, number)
    await post(door, f"/v1/reviews/{item}/link", {"ref": "pbx:cust-9"})
    assert (await post(door, f"/v1/reviews/{item}/undo", {}))[0] == 200
    assert await rows(door, "SELECT 1 FROM identity_keys WHERE e164 = %s", number) == []
    assert await rows(door, "SELECT customer_ref FROM interactions WHERE call_key = 'adopted-for-now'") == [(None,)]
    done = await rows(door, "SELECT action FROM audit_entries WHERE subject = %s ORDER BY seq", f"review:{item}")
    assert done == [("review.linked",), ("review.undone",)]


async def test_what_was_asked_again_meanwhile_or_is_a_month_old_is_not_taken_back(door: FrontDoor) -> None:
    asked_again, old = await asked(door, "+8613944440203"), await asked(door, "+8613944440204")
    for item in (asked_again, old):
        await post(door, f"/v1/reviews/{item}/reject", {"reason": "done"})
    await asked(door, "+8613944440203")
    async with door.house.database.pool.connection() as connection:
        await connection.execute(b"UPDATE review_items SET decided_at = decided_at - interval '31 days' WHERE id = %s", (old,))
    codes = [(await post(door, f"/v1/reviews/{item}/undo", {}))[1]["code"] for item in (asked_again, old)]
    assert codes == ["review_not_undoable", "review_not_undoable"]


async def test_only_what_arrived_is_read_again(door: FrontDoor) -> None:
    item = await asked(door, "+8613944440205")
    status, problem = await post(door, f"/v1/reviews/{item}/read-again", {})
    assert (status, problem["code"]) == (422, "decision_not_offered")
