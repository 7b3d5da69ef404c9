"""Guards, quiet hours and the zones of numbers: pure rules, case by case."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tieline.domain.phone_zones import zones_of
from tieline.domain.quiet_hours import QuietHours, first_allowed
from tieline.domain.survey_guards import GUARDS, GuardRules, SurveyFacts, objections

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SERVED: dict[str, Any] = {"occasion": "call", "now": NOW, "outcome": "served", "talk_s": 120}
NIGHT = QuietHours(time(21), time(9))
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


def test_a_served_call_has_nothing_against_it() -> None:
    assert objections(SurveyFacts(**SERVED), GuardRules()) == ()


OBJECTIONS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"outcome": "abandoned_queue"}, {}, "nobody_talked"),
    ({"outcome": "ivr_done"}, {}, "nobody_talked"),
    ({"outcome": None}, {}, "nobody_talked"),
    ({"talk_s": 19}, {}, "talk_too_short"),
    ({"internal": True}, {}, "internal"),
    ({"category": "IT"}, {"internal_categories": frozenset({"IT"})}, "internal"),
    ({"somebody": False}, {}, "customer_unknown"),
    ({"ways": 0}, {}, "no_way"),
    ({"template": False}, {}, "no_template"),
    ({"consent": False}, {}, "opted_out"),
    ({"restricted": True}, {}, "restricted"),
    ({"child": True}, {}, "child"),
    ({}, {"consent": "opt_in"}, "no_consent"),
    ({"asked_at": NOW - timedelta(days=6, hours=23)}, {}, "asked_recently"),
    ({"occasion": "ticket", "ticket_is_over": False}, {}, "ticket_open_again"),
    ({"occasion": "ticket", "ticket_open_loop": True}, {}, "second_contact_asked"),
]


@pytest.mark.parametrize(("fact", "rule", "reason"), OBJECTIONS)
def test_each_guard_objects_alone(fact: dict[str, Any], rule: dict[str, Any], reason: str) -> None:
    assert objections(SurveyFacts(**{**SERVED, **fact}), GuardRules(**rule)) == (reason,)


def test_every_guard_is_tried_above() -> None:
    assert {reason for _, _, reason in OBJECTIONS} == set(GUARDS)


@pytest.mark.parametrize(
    "fact",
    [
        {"talk_s": None},
        {"talk_s": 20},
        {"asked_at": NOW - timedelta(days=7)},
        {"consent": True},
        {"occasion": "second_contact", "asked_at": NOW, "outcome": None, "ticket_open_loop": True},
    ],
)
def test_what_is_just_enough_is_enough(fact: dict[str, Any]) -> None:
    assert objections(SurveyFacts(**{**SERVED, **fact}), GuardRules()) == ()


@pytest.mark.parametrize(
    ("at", "zones", "allowed"),
    [
        ("2026-11-26T12:00+08:00", (SHANGHAI,), "2026-11-26T12:00+08:00"),
        ("2026-11-26T20:59+08:00", (SHANGHAI,), "2026-11-26T20:59+08:00"),
        ("2026-11-26T21:00+08:00", (SHANGHAI,), "2026-11-27T09:00+08:00"),
        ("2026-11-27T08:59+08:00", (SHANGHAI,), "2026-11-27T09:00+08:00"),
        ("2026-11-26T09:00+08:00", (BERLIN,), "2026-11-26T09:00+01:00"),
        ("2026-11-26T09:00+08:00", (SHANGHAI, BERLIN), "2026-11-26T09:00+01:00"),
        ("2026-11-26T03:00+08:00", (), "2026-11-26T03:00+08:00"),
    ],
)
def test_quiet_hours_are_those_of_the_customers_clock(at: str, zones: tuple[ZoneInfo, ...], allowed: str) -> None:
    assert first_allowed(datetime.fromisoformat(at), NIGHT, zones) == datetime.fromisoformat(allowed)


def test_quiet_all_around_the_world_is_decided_by_the_first_zone() -> None:
    day = QuietHours(time(8), time(22))
    zones = (SHANGHAI, ZoneInfo("America/New_York"))
    at = datetime(2026, 11, 26, 12, tzinfo=SHANGHAI)
    assert first_allowed(at, day, zones) == datetime(2026, 11, 26, 22, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+8613800138000", ["Asia/Shanghai"]),
        ("+493023125833", ["Europe/Berlin"]),
        ("+19045550100", ["America/New_York"]),
        ("+80012345678", []),
        ("+", []),
    ],
)
def test_a_number_tells_where_it_may_be(number: str, zones: list[str]) -> None:
    assert [zone.key for zone in zones_of(number)] == zones
