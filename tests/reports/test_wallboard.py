"""This moment on the phones and who still waits for an answer: counted exactly, and told to each as far as they may see."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
from tests.api.front_door import FrontDoor, open_door

from tieline.domain.follow_up_age import bucket_of

PEOPLE: Final = """
  "w1": {name: Wu Yi, role: agent, team: blue}
  "w2": {name: Wu Er, role: agent, team: red}
  "wlead": {name: Lu Bo, role: supervisor, team: blue}
"""
CALLS: Final = (
    # state, direction, internal, queue, began s ago, last heard s ago, (agent, leg state, since s ago)
    ("queued", "inbound", False, "support", 50, 50, None),
    ("queued", "inbound", False, "sales", 20, 20, None),
    ("ringing", "inbound", False, "support", 70, 3, ("w1", "ringing", 3)),
    ("answered", "inbound", False, "support", 400, 300, ("w2", "answered", 300)),
    ("held", "outbound", False, None, 90, 10, ("wlead", "held", 60)),
    ("answered", "internal", True, None, 30, 10, ("w1", "answered", 10)),
    ("answered", "inbound", False, "support", 90_000, 80_000, ("w1", "answered", 80_000)),
    ("ended", "inbound", False, "support", 90, 5, ("w2", "ended", 60)),
    ("wrapup", "inbound", False, "support", 90, 5, None),
)
TICKETS: Final[tuple[tuple[str, str | None, int | None, list[tuple[str, int]]], ...]] = (
    # status, assignee, due s from now (None: never), what feedback did and how many s ago
    ("reopened", "w1", 3_600, [("opened", 900_000), ("reopened", 1_000)]),
    ("open", "wlead", -60, [("opened", 50_000), ("went_on", 100)]),
    ("in_progress", "w2", -60, [("opened", 200_000)]),
    ("new", None, None, [("opened", 700_000)]),
    ("closed", "w1", -60, [("opened", 700_000)]),
    ("open", "w1", -60, []),
)


@pytest.fixture(scope="module")
async def filled(
    another_database_url: str, pbx_token: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[FrontDoor]:
    del pbx_token
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.api.front_door.PEOPLE", PEOPLE)
        async with open_door(another_database_url, tmp_path_factory.mktemp("wall")) as door:
            await fill(door)
            yield door


async def fill(door: FrontDoor) -> None:
    now = door.house.clock()
    async with door.house.database.pool.connection() as connection:
        for number, (state, direction, internal, queue, began, heard, leg) in enumerate(CALLS):
            call = (UUID(int=number + 1), str(number), direction, internal, queue, state, ago(now, began), ago(now, heard))
            await connection.execute(
                "INSERT INTO interactions (id, provider, call_key, direction, internal, queue, state, started_at, last_event_at)"
                " VALUES (%s, 'pbx', %s, %s, %s, %s, %s, %s, %s)",
                call,
            )
            if leg:
                since, ended = ago(now, leg[2]), now if leg[1] == "ended" else None
                rang, answered = (since, None) if leg[1] == "ringing" else (None, since)
                await connection.execute(
                    "INSERT INTO legs (id, interaction_id, leg_key, agent, kind, state, rang_at, answered_at, ended_at)"
                    " VALUES (gen_random_uuid(), %s, 'a', %s, 'agent', %s, %s, %s, %s)",
                    (call[0], leg[0], leg[1], rang, answered, ended),
                )
        for number, (status, assignee, due, came_of) in enumerate(TICKETS):
            ticket, due_at = UUID(int=number + 1), None if due is None else now + timedelta(seconds=due)
            await connection.execute(
                "INSERT INTO tickets (id, number, subject, status, priority, assignee, source, created_by, created_at,"
                " updated_at, version, due_at) VALUES (%s, %s, 's', %s, 'high', %s, 'call', 't', %s, %s, 1, %s)",
                (ticket, number + 1, status, assignee, now, now, due_at),
            )
            for what, seconds in came_of:
                await connection.execute(
                    "INSERT INTO feedback (id, kind, score, channel, at, received_at, received_by, follow_up, follow_up_ticket)"
                    " VALUES (gen_random_uuid(), 'csat', 1, 'ivr', %s, %s, 'test', %s, %s)",
                    (ago(now, seconds), ago(now, seconds), what, ticket),
                )


def ago(now: Any, seconds: int) -> Any:  # noqa: ANN401 - an instant
    return now - timedelta(seconds=seconds)


async def asked(door: FrontDoor, path: str, agent: str | None) -> httpx.Response:
    header = await door.session(agent) if agent else await door.signed("reports.read")
    return await door.ask("GET", path, headers=header)


async def test_calls_are_counted_by_where_they_stand(filled: FrontDoor) -> None:
    told = (await asked(filled, "/v1/wallboard", None)).json()
    waits = told["calls"].pop("longest_wait_s")
    assert told["calls"] == {"waiting": 2, "ringing": 1, "talking": 2}
    assert 70 <= waits < 130
    counts = {queue["queue"]: (queue["waiting"], queue["ringing"], queue["talking"]) for queue in told["queues"]}
    assert counts == {"sales": (1, 0, 0), "support": (1, 1, 1), None: (0, 0, 1)}


async def test_each_agent_stands_where_their_telephone_does(filled: FrontDoor) -> None:
    told = (await asked(filled, "/v1/wallboard", None)).json()
    states = {agent["id"]: agent["state"] for agent in told["agents"]}
    assert {name: states[name] for name in ("w1", "w2", "wlead", "1001")} == {
        "w1": "ringing",
        "w2": "talking",
        "wlead": "held",
        "1001": "free",
    }
    assert {agent["for_s"] is None for agent in told["agents"] if agent["state"] == "free"} == {True}


@pytest.mark.parametrize(
    ("agent", "seen"), [("w1", {"w1"}), ("wlead", {"w1", "wlead"}), (None, {"1001", "1002", "w1", "w2", "wlead"})]
)
async def test_people_are_told_as_far_as_one_may_see(filled: FrontDoor, agent: str | None, seen: set[str]) -> None:
    told = (await asked(filled, "/v1/wallboard", agent)).json()
    assert {one["id"] for one in told["agents"]} == seen
    assert told["calls"]["waiting"] == 2


async def test_open_follow_ups_stand_under_their_age(filled: FrontDoor) -> None:
    told = (await asked(filled, "/v1/follow-ups", None)).json()
    counts = {one["bucket"]: (one["in_time"], one["overdue"]) for one in told["buckets"]}
    assert counts == {"under_4h": (1, 0), "under_1d": (0, 1), "under_3d": (0, 1), "under_7d": (0, 0), "over_7d": (1, 0)}
    assert [(one["number"], one["assignee"], one["overdue"]) for one in told["items"]] == [
        ("T-4", None, False),
        ("T-3", "w2", True),
        ("T-2", "wlead", True),
        ("T-1", "w1", False),
    ]


@pytest.mark.parametrize(("agent", "seen"), [("w1", ["T-1"]), ("wlead", ["T-4", "T-2", "T-1"])])
async def test_follow_ups_are_told_as_far_as_one_may_see(filled: FrontDoor, agent: str, seen: list[str]) -> None:
    told = (await asked(filled, "/v1/follow-ups", agent)).json()
    assert [one["number"] for one in told["items"]] == seen
    assert sum(one["in_time"] + one["overdue"] for one in told["buckets"]) == len(seen)


@pytest.mark.parametrize("path", ["/v1/wallboard", "/v1/follow-ups"])
async def test_a_key_without_the_right_sees_nothing(filled: FrontDoor, path: str) -> None:
    answer = await filled.ask("GET", path, headers=await filled.signed("calls.read"))
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


@pytest.mark.parametrize(
    ("hours", "bucket"),
    [(0, "under_4h"), (4, "under_1d"), (24, "under_3d"), (72, "under_7d"), (168, "over_7d"), (10**5, "over_7d")],
)
def test_a_step_ends_just_before_its_limit(hours: int, bucket: str) -> None:
    assert bucket_of(timedelta(hours=hours)) == bucket
