"""What customers mean: the tree as it holds, a person's word beside the suggestion, and the figures that come of both."""

import uuid
from typing import Any

import pytest
from tests.api.front_door import FrontDoor, rows
from tests.api.test_feedback import Json, said

TEXT = "等了太久，问题也没解决，很失望"
DAY = {"from": "2024-03-05", "to": "2024-03-05"}
"""A day of which no other test tells anything."""


async def meant(door: FrontDoor, feedback: str, by: str = "supervisor", **word: Any) -> Any:  # noqa: ANN401 - a response
    return await door.ask("PUT", f"/v1/feedback/{feedback}/meaning", json=word, headers=await door.session(by))


async def get(door: FrontDoor, path: str, by: str = "supervisor", **query: str) -> Any:  # noqa: ANN401 - a response
    return await door.ask("GET", path, params=query, headers=await door.session(by))


async def test_the_tree_is_told_in_both_languages_parents_first(door: FrontDoor) -> None:
    tree = (await get(door, "/v1/causes", by="1001")).json()
    names = [cause["id"] for cause in tree["items"]]
    assert (tree["version"], {"wait", "unresolved", "delivery"} <= set(names)) == (0, True)
    assert all(cause["parent"] is None or names.index(cause["parent"]) < names.index(cause["id"]) for cause in tree["items"])
    (wait,) = [cause for cause in tree["items"] if cause["id"] == "wait"]
    assert wait == {"id": "wait", "parent": "service", "zh-CN": "等待时间", "en": "Waiting"}


async def test_a_persons_word_stands_beside_the_suggestion_and_is_told_once(door: FrontDoor) -> None:
    kept = await said(door, kind="csat", score=1, text=TEXT, phone="+8615900001234")
    assert ({cause["id"] for cause in kept["understood"]["causes"]}, kept["corrected"]) == ({"wait", "unresolved"}, None)
    for _ in range(2):
        answer = await meant(door, kept["id"], causes=["delivery", "wait"], sentiment="negative")
        assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (
        told["corrected"]["causes"],
        told["corrected"]["sentiment"],
        told["corrected"]["by"],
        told["corrected"]["version"],
    ) == (
        *(["delivery", "wait"], "negative"),
        *("agent:supervisor", 0),
    )
    assert told["understood"] == kept["understood"], "the suggestion stays"
    assert (await get(door, f"/v1/feedback/{kept['id']}")).json()["corrected"] == told["corrected"]
    written = "SELECT actor, details FROM audit_entries WHERE action = 'feedback.corrected' AND subject = %s"
    assert await rows(door, written, f"feedback:{kept['id']}") == [
        ("agent:supervisor", {"causes": ["delivery", "wait"], "sentiment": "negative", "again": False})
    ]
    assert await rows(door, "SELECT revision FROM feedback WHERE id = %s", uuid.UUID(kept["id"])) == [(2,)]


async def test_reports_count_the_persons_word_and_suggestions_are_measured_by_it(door: FrontDoor) -> None:
    wrong, right = [
        await said(door, kind="complaint", text=TEXT, phone="+8615900001235", at="2024-03-05T04:00:00Z") for _ in range(2)
    ]
    await meant(door, wrong["id"], causes=["delivery", "wait"], sentiment="neutral")
    await meant(door, right["id"], causes=["wait", "unresolved"], sentiment="negative")
    report = (await get(door, "/v1/reports/causes", by="qa", **DAY)).json()
    assert {row["cause"]: row["complaints"] for row in report["rows"]} == {"delivery": 1, "unresolved": 1, "wait": 2}
    (made,) = (await get(door, "/v1/causes/precision", by="qa", **DAY)).json()["items"]
    assert (made["by"], made["texts"], made["moods"], made["moods_right"]) == ("rules:0", 2, 2, 1)
    found = {one["cause"]: (one["right"], one["wrong"], one["missed"], one["precision"], one["recall"]) for one in made["causes"]}
    assert found == {
        "delivery": (0, 0, 1, None, 0.0),
        "unresolved": (1, 1, 0, 0.5, 1.0),
        "wait": (2, 0, 0, 1.0, 1.0),
    }


@pytest.mark.parametrize(
    ("by", "word", "status", "code"),
    [
        ("supervisor", {"causes": ["weather"]}, 422, "cause_unknown"),
        ("supervisor", {"causes": ["wait"], "sentiment": "angry"}, 422, "invalid"),
        ("supervisor", {"causes": ["=1+1"]}, 422, "invalid"),
        ("1001", {"causes": ["wait"]}, 403, "forbidden"),
        ("admin", {"causes": ["wait"]}, 403, "forbidden"),
    ],
)
async def test_a_word_that_does_not_fit_changes_nothing(door: FrontDoor, by: str, word: Json, status: int, code: str) -> None:
    kept = await said(door, kind="praise", text="很好")
    answer = await meant(door, kept["id"], by=by, **word)
    assert (answer.status_code, answer.json()["code"] if code != "invalid" else "invalid") == (status, code), answer.text
    assert await rows(door, "SELECT corrected, revision FROM feedback WHERE id = %s", uuid.UUID(kept["id"])) == [(None, 1)]


async def test_an_agent_reads_what_was_said_of_their_own_work_and_nothing_else(door: FrontDoor) -> None:
    mine, theirs = [await said(door, kind="praise", text="好", agent=agent) for agent in ("1001", "1002")]
    answers = [await get(door, f"/v1/feedback/{one['id']}", by="1001") for one in (mine, theirs, {"id": str(uuid.uuid4())})]
    assert [answer.status_code for answer in answers] == [200, 404, 404]
    assert (await meant(door, str(uuid.uuid4()), causes=[])).status_code == 404
