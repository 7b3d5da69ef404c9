"""How a report is narrowed, grouped, compared, opened to its rows and written; and whose figures somebody is told."""

import io
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from python_calamine import CalamineWorkbook
from tests.api.front_door import FrontDoor, open_door, rows
from tests.reports.world import FIRST, Answer, fill, made_call

from tieline.domain.kpi_loops import feedback_loop_time
from tieline.services.reports.counting import count_due

CALLS = [
    made_call(1, at=FIRST + timedelta(hours=9), queue="sales", agent="1001", talk_s=100, wait_s=4),
    made_call(2, at=FIRST + timedelta(hours=9, minutes=30), queue="sales", agent="1002", talk_s=50, wait_s=25),
    made_call(3, at=FIRST + timedelta(days=1, hours=14), queue="support", agent="1001", talk_s=30, wait_s=19),
    made_call(4, at=FIRST + timedelta(days=1, hours=14), queue="=1+1", outcome="abandoned_queue"),
    made_call(5, at=FIRST - timedelta(days=1), queue="sales", agent="1001", talk_s=10, wait_s=3),
]
ANSWERS = [Answer(CALLS[0].at, "csat", 5, "1001", CALLS[0]), Answer(CALLS[1].at, "csat", 1, "1002", CALLS[1])]


@pytest.fixture(scope="module")
async def world(another_database_url: str, pbx_token: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FrontDoor]:
    del pbx_token
    async with open_door(another_database_url, tmp_path_factory.mktemp("asking")) as door:
        await fill(door, CALLS, ANSWERS)
        teams = {"1001": "north", "1002": "south", "supervisor": "north"}
        for agent, team in teams.items():
            change = "UPDATE agents SET definition = definition || jsonb_build_object('team', %s::text) WHERE id = %s RETURNING 1"
            await rows(door, change, team, agent)
        await door.house.directory.reload()
        await count_due(door.house.tickets, now=door.house.clock())
        yield door


async def get(world: FrontDoor, path: str = "kpis", *, by: str = "qa", **query: Any) -> Any:  # noqa: ANN401 - a response
    params = {"from": "2026-09-01", "to": "2026-09-02", **query}
    return await world.ask("GET", f"/v1/reports/{path}", params=params, headers=await world.session(by))


async def told(world: FrontDoor, *names: str, **query: Any) -> dict[Any, Any]:  # noqa: ANN401 - any of a query
    """Return group → the named counts or figures, the total under None twice over as `total`."""
    answer = (await get(world, **query)).json()
    found = {row[answer["group_by"]]: tuple(row[name] for name in names) for row in answer["rows"]}
    return {**found, "total": tuple(answer["total"][name] for name in names)}


async def test_hours_and_weekdays_are_those_of_the_company(world: FrontDoor) -> None:
    assert await told(world, "calls", group_by="hour") == {"9": (2,), "14": (2,), "total": (4,)}
    assert await told(world, "calls", group_by="weekday_hour") == {"2-9": (2,), "3-14": (2,), "total": (4,)}
    assert await told(world, "csat", "calls", group_by="hour") == {"9": (None, 2), "14": (None, 2), "total": (None, 4)}


async def test_weeks_and_months_are_sums_of_their_days(world: FrontDoor) -> None:
    span = {"from": "2026-08-31", "to": "2026-09-02"}
    assert await told(world, "calls", "served", group_by="month", **span) == {
        "2026-08": (1, 1),
        "2026-09": (4, 3),
        "total": (5, 4),
    }
    assert await told(world, "calls", group_by="week", **span) == {"2026-W36": (5,), "total": (5,)}


async def test_filters_narrow_and_teams_are_those_of_now(world: FrontDoor) -> None:
    assert await told(world, "calls", group_by="team") == {"north": (2,), "south": (1,), None: (1,), "total": (4,)}
    assert await told(world, "calls", "aht_s", group_by="agent", queue="sales") == {
        "1001": (1, 100.0), "1002": (1, 50.0), "total": (2, 75.0),
    }  # fmt: skip
    assert await told(world, "calls", group_by="queue", team="north") == {"sales": (1,), "support": (1,), "total": (2,)}
    assert await told(world, "calls", group_by="channel") == {"phone": (4,), "ivr": (0,), "total": (4,)}


async def test_the_span_before_is_as_long_and_told_where_it_is_asked_for(world: FrontDoor) -> None:
    compared = (await get(world, compare="true")).json()
    assert (compared["total"]["calls"], compared["before"]["calls"], compared["before"]["aht_s"]) == (4, 1, 10.0)
    assert (await get(world)).json()["before"] is None


async def test_who_leads_a_team_is_told_of_it_and_of_no_other(world: FrontDoor) -> None:
    assert await told(world, "calls", "csat", group_by="agent", by="supervisor") == {"1001": (2, 100.0), "total": (2, 100.0)}
    assert await told(world, "calls", group_by="agent", by="1002") == {"1002": (1,), "total": (1,)}
    refused = [await get(world, by="supervisor", team="south"), await get(world, by="1002", agent="1001")]
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "forbidden")] * 2
    assert await told(world, "calls", group_by="agent", by="supervisor", agent="1002") == {"total": (0,)}


async def test_a_count_opens_to_its_rows_page_by_page(world: FrontDoor) -> None:
    first = (await get(world, "kpis/rows", measure="served", limit="2")).json()
    second = (await get(world, "kpis/rows", measure="served", limit="2", cursor=first["next"])).json()
    assert [row["name"] for row in (*first["items"], *second["items"])] == ["3", "2", "1"]
    assert (second["next"], first["items"][0]["kind"], first["items"][0]["wait_s"]) == (None, "call", 19)
    in_time = (await get(world, "kpis/rows", measure="answered_in_time", answered_within_s="5")).json()
    assert [row["name"] for row in in_time["items"]] == ["1"]
    unhappy = (await get(world, "csat/rows", measure="csat_answers", agent="1002")).json()["items"]
    assert [(row["kind"], row["score"]) for row in unhappy] == [("answer", 1)]


async def test_rows_are_as_narrow_as_the_figures(world: FrontDoor) -> None:
    mine = (await get(world, "kpis/rows", measure="calls", by="1002")).json()["items"]
    assert [row["agent"] for row in mine] == ["1002"]
    assert "customer_key" not in mine[0]
    refused = await get(world, "kpis/rows", measure="calls", by="1002", agent="1001")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    opened = "SELECT actor, details FROM audit_entries WHERE action = 'report.opened' ORDER BY seq DESC LIMIT 1"
    assert await rows(world, opened) == [("agent:1002", {"report": "kpis", "count": "calls"})]


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("csat/rows", {"measure": "calls"}, "report_count"),
        ("kpis/rows", {"measure": "within_20"}, "report_count"),
        ("kpis/rows", {"measure": "1; DROP TABLE call_facts"}, "param_value"),
        ("sync/rows", {"measure": "delivered", "agent": "1001"}, "report_group"),
        ("sync", {"group_by": "agent"}, "report_group"),
        ("csat", {"group_by": "hour"}, "report_group"),
    ],
)
async def test_what_no_report_holds_is_refused(world: FrontDoor, path: str, query: dict[str, str], code: str) -> None:
    answer = await get(world, path, **query)
    codes = {answer.json()["code"], *(one["code"] for one in answer.json().get("errors") or ())}
    assert (answer.status_code, code in codes) == (422, True), answer.text


async def test_a_workbook_has_numbers_as_numbers_and_runs_nothing(world: FrontDoor) -> None:
    answer = await get(world, "queues", format="xlsx")
    head, *lines = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    kept = {line[0]: dict(zip(head, line, strict=True)) for line in lines}
    assert (kept["sales"]["calls"], kept["sales"]["aht_s"], kept["=1+1"]["abandoned"]) == (2.0, 75.0, 1.0)


async def test_how_far_it_was_counted_is_told(world: FrontDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieline.services.reports.asking.STEPS_OF_A_READER", 0)
    await rows(world, "UPDATE interactions SET wait_s = 5 WHERE call_key = '1' RETURNING 1")
    [(marked_at,)] = await rows(world, "SELECT min(marked_at) FROM report_marks WHERE due_at <= now()")
    behind = (await get(world)).json()["as_of"]
    await count_due(world.house.tickets, now=world.house.clock())
    assert (await get(world)).json()["as_of"] > behind
    assert datetime.fromisoformat(behind) == marked_at


async def test_answers_count_under_each_cause_they_name_and_once_in_all(world: FrontDoor) -> None:
    named = {1: ["wait", "attitude"], 5: ["wait"]}
    for score, causes in named.items():
        await rows(world, "UPDATE feedback SET causes = %s WHERE kind = 'csat' AND score = %s RETURNING 1", causes, score)
    await count_due(world.house.tickets, now=world.house.clock())
    assert await told(world, "csat_answers", "csat", path="causes") == {
        "attitude": (1, 0.0),
        "wait": (2, 50.0),
        "total": (2, 50.0),
    }
    assert await told(world, "csat_answers", path="causes", agent="1002") == {"attitude": (1,), "wait": (1,), "total": (1,)}
    assert await told(world, "csat_answers", group_by="agent", cause="attitude") == {"1002": (1,), "total": (1,)}
    opened = (await get(world, "causes/rows", measure="csat_answers", cause="attitude")).json()["items"]
    assert [(row["kind"], row["score"]) for row in opened] == [("answer", 1)]


async def test_a_loop_is_over_the_first_time_its_ticket_is(world: FrontDoor) -> None:
    """Let down at 9, settled at 11 (2 h); the same ticket begun anew by another bad score at 13, settled at 16 (3 h)."""
    ticket = UUID(int=77)
    await rows(
        world,
        "INSERT INTO tickets (id, number, subject, status, priority, source, created_by, created_at, updated_at, version)"
        " VALUES (%s, 77, 's', 'open', 'high', 'feedback', 't', %s, %s, 1) RETURNING 1",
        ticket,
        FIRST,
        FIRST,
    )
    moments = {1: (9, 11), 2: (13, 16)}
    for number, (opened, closed) in moments.items():
        told = (UUID(int=700 + number), ticket, *(FIRST + timedelta(hours=opened),) * 2)
        await rows(
            world,
            "INSERT INTO feedback (id, kind, channel, follow_up_ticket, at, received_at, received_by)"
            " VALUES (%s, 'complaint', 'ivr', %s, %s, %s, 't') RETURNING 1",
            *told,
        )
        opening = "INSERT INTO feedback_loops (feedback_id, ticket_id, opened_at) VALUES (%s, %s, %s) RETURNING 1"
        await rows(world, opening, *told[:3])
        names = ("loops", "loops_closed", "feedback_loop_s", "complaint_resolved")
        await count_due(world.house.tickets, now=world.house.clock())
        before = (await told_total(world, *names), FIRST + timedelta(hours=closed))
        closing = "UPDATE feedback_loops SET closed_at = %s WHERE feedback_id = %s RETURNING 1"
        await rows(world, closing, before[1], told[0])
        await rows(world, "UPDATE tickets SET resolved_at = NULL, status = 'reopened' WHERE id = %s RETURNING 1", ticket)
        await count_due(world.house.tickets, now=world.house.clock())
        assert (before[0], await told_total(world, *names)) == LOOPS[number]
    spans = [(FIRST + timedelta(hours=opened), FIRST + timedelta(hours=closed)) for opened, closed in moments.values()]
    assert feedback_loop_time(spans) == 9_000.0


LOOPS = {
    1: ((1, 0, None, 0.0), (1, 1, 7_200.0, 100.0)),
    2: ((2, 1, 7_200.0, 50.0), (2, 2, 9_000.0, 100.0)),
}
"""Which loop → what the report says while it is open, and once it is closed."""


async def told_total(world: FrontDoor, *names: str) -> tuple[Any, ...]:
    total = (await get(world, "feedback-loop")).json()["total"]
    return tuple(total[name] for name in names)


async def test_an_hour_of_the_week_opens_to_its_calls(world: FrontDoor) -> None:
    opened = (await get(world, "kpis/rows", measure="calls", weekday_hour="2-9")).json()["items"]
    assert [row["name"] for row in opened] == ["2", "1"]
    opened = (await get(world, "kpis/rows", measure="served", hour="14")).json()["items"]
    assert [row["name"] for row in opened] == ["3"]
    assert await told(world, "calls", group_by="agent", hour="9") == {"1001": (1,), "1002": (1,), "total": (2,)}
    refused = await get(world, "kpis/rows", measure="calls", weekday_hour="8-9")
    assert (refused.status_code, refused.json()["code"]) == (422, "param_value")


async def test_what_a_text_was_taken_to_mean_counts_where_nobody_named_a_cause(world: FrontDoor) -> None:
    meant = '{"causes": [{"id": "delivery", "because": ["late"]}], "by": "rules:1"}'
    change = "UPDATE feedback SET causes = %s, understood = %s::jsonb WHERE kind = 'csat' AND score = %s RETURNING 1"
    for score, named in {1: [], 5: ["wait"]}.items():
        await rows(world, change, named, meant, score)
    await count_due(world.house.tickets, now=world.house.clock())
    assert await told(world, "csat_answers", path="causes") == {"delivery": (1,), "wait": (1,), "total": (2,)}


async def test_answers_count_under_each_product_bought_and_by_region_and_are_narrowed_by_both(world: FrontDoor) -> None:
    bought = {1: ["净水器", "滤芯"], 5: ["滤芯"]}
    change = "UPDATE feedback SET causes = %s, purchase = %s::jsonb WHERE kind = 'csat' AND score = %s RETURNING 1"
    for score, products in bought.items():
        kept = json.dumps({"products": products, "region": "北京市" if score == 1 else "上海市"})
        await rows(world, change, ["wait"] if score == 1 else ["price"], kept, score)
    await count_due(world.house.tickets, now=world.house.clock())
    assert await told(world, "csat_answers", "csat", path="causes", group_by="product") == {
        "净水器": (1, 0.0),
        "滤芯": (2, 50.0),
        "total": (2, 50.0),
    }
    assert await told(world, "csat_answers", path="causes", group_by="region", product="滤芯") == {
        "上海市": (1,),
        "北京市": (1,),
        "total": (2,),
    }
    assert await told(world, "csat_answers", path="causes", product="净水器") == {"wait": (1,), "total": (1,)}
    assert await told(world, "csat_answers", path="causes", group_by="product", cause="wait") == {
        "净水器": (1,),
        "滤芯": (1,),
        "total": (1,),
    }
    opened = (await get(world, "causes/rows", measure="csat_answers", product="净水器", region="北京市")).json()["items"]
    assert [(row["products"], row["region"]) for row in opened] == [(["净水器", "滤芯"], "北京市")]


async def test_a_week_and_a_month_open_to_their_rows(world: FrontDoor) -> None:
    span = {"from": "2026-08-31", "to": "2026-09-02", "measure": "served"}
    named = {"month": "2026-08", "week": "2026-W36", "day": "2026-09-02"}
    found = {
        group: [row["name"] for row in (await get(world, "kpis/rows", **span, **{group: value})).json()["items"]]
        for group, value in named.items()
    }
    assert found == {"month": ["5"], "week": ["3", "2", "1", "5"], "day": ["3"]}
    assert await told(world, "calls", group_by="hour", week="2026-W36") == {"9": (2,), "14": (2,), "total": (4,)}
    refused = await get(world, "kpis/rows", measure="served", week="2026-36")
    assert (refused.status_code, refused.json()["code"]) == (422, "param_value")


async def test_the_page_is_refused_to_whoever_may_not_read_reports(world: FrontDoor) -> None:
    answers = [await world.ask("GET", "/reports", headers=await world.session(role)) for role in ("admin", "supervisor")]
    assert [answer.status_code for answer in answers] == [403, 200]
    assert "You may not read the reports." in answers[0].text
    stranger = await world.ask("GET", "/reports")
    assert (stranger.status_code, stranger.headers["location"]) == (303, "/desk/sign-in?to=reports")
