"""The demo's made-up past: the same each time, over before it is told, and counted by the reports as it was drawn."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from tests.api.conftest import pbx_token
from tests.api.front_door import FrontDoor, open_door, rows

from tieline.cli.demo_past import DAYS, past
from tieline.cli.demo_rows import rows_of
from tieline.services.backfill import give_a_past

__all__ = ["pbx_token"]
ZONE: Final = ZoneInfo("Asia/Shanghai")
NOON: Final = datetime(2026, 11, 26, 12, 0, tzinfo=ZONE)


@pytest.fixture
async def empty(database_url: str, pbx_token: None, tmp_path: Path) -> AsyncIterator[FrontDoor]:
    del pbx_token
    async with open_door(database_url, tmp_path) as door:
        yield door


def test_the_same_day_brings_the_same_calls() -> None:
    assert list(past(NOON, ZONE)) == list(past(NOON, ZONE))


def test_nothing_is_told_before_it_is_over() -> None:
    calls = list(past(NOON, ZONE))
    assert max(call.ended_at for call in calls) < NOON
    assert max(answer.at for call in calls for answer in call.answers) < NOON
    assert {call.at.date() for call in calls} == {NOON.date() - timedelta(days=ago) for ago in range(DAYS)}


def test_a_later_hour_only_adds_to_the_day() -> None:
    before, after = (list(past(at, ZONE)) for at in (NOON, NOON + timedelta(hours=3)))
    assert {call.key for call in before} < {call.key for call in after}


async def test_reports_count_the_past_as_it_was_drawn_and_it_comes_once(empty: FrontDoor) -> None:
    now = empty.house.clock()
    calls = list(past(now, empty.house.tickets.policy.zone))
    drawn = rows_of(calls, now=now)
    assert [await give_a_past(empty.house.tickets, drawn) for _ in range(2)] == [True, False]
    found = await rows(empty, "SELECT outcome, count(*) FROM interactions GROUP BY outcome")
    assert dict(found) == Counter(call.outcome for call in calls)
    first = now.astimezone(UTC).date() - timedelta(days=DAYS + 1)
    target = f"/v1/reports/kpis?from={first}&group_by=queue"
    answer = await empty.ask("GET", target, headers=await empty.signed("reports.read"))
    total = answer.json()["total"]
    told = Counter(answer.kind for call in calls for answer in call.answers)
    again = sum(row["ticket_id"] is not None for row in drawn["feedback"])
    assert (total["calls"], total["csat_answers"], total["complaints"]) == (len(calls), told["csat"] + again, told["complaint"])
    assert (total["complaints_reviewed"], total["complaints_reviewed"] > 0) == (again, True)
    assert total["served"] == sum(call.outcome == "served" for call in calls)
