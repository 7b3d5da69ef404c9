"""The database's figures are those of the formulas, on generated calls and answers, in every group; and whose they are."""

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

import pytest
from tests.api.front_door import open_door, rows
from tests.reports.world import ANSWERS, CALLS, DAYS, FIRST, SHARED, ZONE, Answer, Call, World, drawn_answer, drawn_call, fill

from tieline.domain.kpi_calls import (
    Handling,
    Wait,
    abandonment_rate,
    average_handle_time,
    first_contact_resolution,
    service_level,
)
from tieline.domain.kpi_formulas import REPORTS, GroupBy
from tieline.domain.kpi_survey import csat, customer_effort_score, net_promoter_score
from tieline.security.permissions import Caller
from tieline.services.reports.asking import Question
from tieline.services.reports.asking import ask as ask_report
from tieline.services.reports.counting import count_due

BOSS: Final = Caller(actor="test", role="service", scopes=frozenset({"agents.any", "teams.any"}))


@pytest.fixture(scope="module")
async def world(another_database_url: str, pbx_token: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    del pbx_token
    drawn = random.Random(20261126)  # noqa: S311 - the same calls every time
    calls = [drawn_call(drawn, number) for number in range(CALLS)]
    answers = [drawn_answer(drawn, calls) for _ in range(ANSWERS)]
    async with open_door(another_database_url, tmp_path_factory.mktemp("reports")) as door:
        await fill(door, calls, answers)
        await count_due(door.house.tickets, now=door.house.clock())
        yield World(door, calls, answers)


CALL_KEYS: Final[dict[GroupBy, Callable[[Call], str | None]]] = {
    "day": lambda call: call.at.astimezone(ZONE).date().isoformat(),
    "agent": lambda call: call.agent,
    "queue": lambda call: call.queue,
}
ANSWER_KEYS: Final[dict[GroupBy, Callable[[Answer], str | None]]] = {
    "day": lambda answer: answer.at.astimezone(ZONE).date().isoformat(),
    "agent": lambda answer: answer.agent,
    "queue": lambda answer: answer.call.queue if answer.call else None,
}


def figures(calls: Sequence[Call], answers: Sequence[Answer], world: World, *, of_agent: bool = False) -> dict[str, Any]:
    """Work everything out by the formulas."""
    chosen = {call.id for call in calls}
    others = [call.contact for call in world.calls if call.id not in chosen]
    scores: defaultdict[str, list[int]] = defaultdict(list)
    for answer in answers:
        scores[answer.kind].append(answer.score or 0)
    found = {
        "calls": len(calls),
        "complaints": len(scores["complaint"]),
        "fcr": first_contact_resolution([call.contact for call in calls], shared=SHARED, now=world.now, others=others),
        "aht_s": average_handle_time(
            [Handling(call.talk_s, 0, call.wrap_up_s) for call in calls if call.outcome == "served" and call.talk_s is not None]
        ),
        "abandonment": None if of_agent else abandonment_rate(call.outcome for call in calls),
        "service_level": None if of_agent else service_level(Wait(call.outcome, call.wait_s) for call in calls),
        "csat": csat(scores["csat"]),
        "nps": net_promoter_score(scores["nps"]),
        "ces": customer_effort_score(scores["ces"]),
    }
    return {name: round(value, 2) if isinstance(value, float) else value for name, value in found.items()}


def grouped(items: Iterable[Any], key: Callable[[Any], str | None]) -> dict[str | None, list[Any]]:
    found: defaultdict[str | None, list[Any]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return found


def asked(group_by: GroupBy, **fields: Any) -> Question:  # noqa: ANN401 - any field
    last = (FIRST + timedelta(days=DAYS - 1)).date()
    return Question(**{"report": "kpis", "since": FIRST.date(), "until": last, "group_by": group_by, **fields})


@pytest.mark.parametrize("group_by", ["day", "agent", "queue"])
async def test_every_figure_of_every_group_is_the_formulas(world: World, group_by: GroupBy) -> None:
    report = await ask_report(world.door.house.tickets, asked(group_by), by=BOSS)
    calls, answers = grouped(world.calls, CALL_KEYS[group_by]), grouped(world.answers, ANSWER_KEYS[group_by])
    of_agent = group_by == "agent"
    expected = {key: figures(calls[key], answers[key], world, of_agent=of_agent) for key in {*calls, *answers}}
    names = figures([], [], world)
    assert {row[group_by]: {name: row[name] for name in names} for row in report.rows} == expected
    assert {name: report.total[name] for name in names} == figures(world.calls, world.answers, world)
    assert (report.total["calls"], report.total["fcr"] not in {None, 0.0, 100.0}) == (CALLS, True)


async def test_a_shorter_span_counts_only_its_days_and_still_sees_who_called_again_later(world: World) -> None:
    report = await ask_report(world.door.house.tickets, asked("day", until=date(2026, 9, 3)), by=BOSS)
    until = FIRST + timedelta(days=3)
    calls = [call for call in world.calls if call.at < until]
    answers = [answer for answer in world.answers if answer.at < until]
    expected = figures(calls, answers, world)
    assert {name: report.total[name] for name in expected} == expected
    assert [row["day"] for row in report.rows] == ["2026-09-01", "2026-09-02", "2026-09-03"]


async def test_the_threshold_is_the_askers(world: World) -> None:
    report = await ask_report(world.door.house.tickets, asked("day", answered_within_s=5), by=BOSS)
    waits = [Wait(call.outcome, call.wait_s) for call in world.calls]
    assert report.total["service_level"] == round(service_level(waits, within_s=5) or 0.0, 2)


async def test_csat_and_nps_say_how_many_answered_what(world: World) -> None:
    desk = world.door.house.tickets
    stars = [answer.score or 0 for answer in world.answers if answer.kind == "csat"]
    report = await ask_report(desk, asked("queue", report="csat"), by=BOSS)
    satisfied = sum(score >= 4 for score in stars)
    assert (report.total["csat_answers"], report.total["satisfied"]) == (len(stars), satisfied)
    assert (report.total["csat"], report.total["csat_mean"]) == (round(csat(stars) or 0, 2), round(sum(stars) / len(stars), 2))
    nps = await ask_report(desk, asked("agent", report="nps"), by=BOSS)
    scores = [answer.score or 0 for answer in world.answers if answer.kind == "nps"]
    counts = (len(scores), sum(score >= 9 for score in scores), sum(score <= 6 for score in scores))
    assert tuple(nps.total[name] for name in ("nps_answers", "promoters", "detractors")) == counts


async def get(world: World, header: dict[str, str], report: str = "kpis", **query: str) -> Any:  # noqa: ANN401 - a response
    params = {"from": "2026-09-01", "to": "2026-09-30", **query}
    return await world.door.ask("GET", f"/v1/reports/{report}", params=params, headers=header)


async def test_agents_see_themselves_and_supervisors_everybody(world: World) -> None:
    mine = (await get(world, await world.door.session("1001"), group_by="agent")).json()
    everybody = (await get(world, await world.door.session("supervisor"), group_by="agent")).json()
    assert [row["agent"] for row in mine["rows"]] == ["1001"]
    assert [row["agent"] for row in everybody["rows"]] == ["1001", "1002", None]
    assert mine["rows"][0] == everybody["rows"][0]
    assert mine["total"]["calls"] == sum(call.agent == "1001" for call in world.calls)
    assert (await get(world, await world.door.session("admin"))).status_code == 403
    assert (await get(world, await world.door.signed("feedback.read"))).json()["code"] == "scope_missing"


async def test_each_figure_comes_with_its_formula_and_reading_is_in_the_audit(world: World) -> None:
    answer = (await get(world, await world.door.session("qa"), group_by="queue")).json()
    assert set(answer["formulas"]) == set(REPORTS["kpis"].figures)
    assert all(one["formula"] and one["source"] and one["unit"] for one in answer["formulas"].values())
    assert (answer["since"], answer["until"], answer["zone"]) == (
        "2026-09-01T00:00:00+08:00",
        "2026-10-01T00:00:00+08:00",
        "Asia/Shanghai",
    )
    last = await rows(
        world.door, "SELECT actor, details FROM audit_entries WHERE action = 'report.read' ORDER BY seq DESC LIMIT 1"
    )
    assert last == [("agent:qa", {"report": "kpis", "group_by": "queue", "format": "json"})]


async def test_as_csv_a_queue_named_like_a_formula_does_not_run(world: World) -> None:
    await rows(world.door, "UPDATE interactions SET queue = '=1+1' WHERE call_key = '1' RETURNING 1")
    try:
        answer = await get(world, await world.door.session("supervisor"), group_by="queue", format="csv")
    finally:
        queue = world.calls[0].queue
        await rows(world.door, "UPDATE interactions SET queue = %s WHERE call_key = '1' RETURNING 1", queue)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = answer.text.removeprefix("\ufeff").splitlines()
    assert lines[0].startswith('"queue","calls","served"')
    assert [line.split(",")[0] for line in lines[1:]] == ['"\'=1+1"', '"sales"', '"support"', '""']


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"from": "2026-09-02", "to": "2026-09-01"}, "report_span"),
        ({"from": "2024-01-01", "to": "2026-09-01"}, "report_span"),
        ({"from": "yesterday"}, "param_datetime"),
        ({"from": "1999-12-31"}, "param_range"),
        ({"group_by": "customer"}, "param_value"),
        ({"format": "pdf"}, "param_value"),
        ({"group_by": "hour", "tier": "gold"}, "report_group"),
        ({"answered_within_s": "21"}, "param_value"),
    ],
)
async def test_a_question_that_does_not_fit_is_refused(world: World, query: dict[str, str], code: str) -> None:
    answer = await get(world, await world.door.session("supervisor"), **query)
    codes = {answer.json()["code"], *(one["code"] for one in answer.json().get("errors") or ())}
    assert (answer.status_code, code in codes) == (422, True), answer.text


async def test_there_is_no_report_of_another_name(world: World) -> None:
    assert (await get(world, await world.door.session("supervisor"), report="secrets")).status_code in {404, 422}
