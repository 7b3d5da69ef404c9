"""Figures from calls, on hand-made cases whose results are known."""

from datetime import UTC, datetime, timedelta

import pytest

from tieline.domain.kpi_calls import (
    Contact,
    Handling,
    Wait,
    abandonment_rate,
    average_handle_time,
    first_contact_resolution,
    service_level,
)

BEGAN = datetime(2026, 11, 1, 9, tzinfo=UTC)
LATER = BEGAN + timedelta(days=60)


def contact(day: float, *, number: str | None = "+8613800138000", outcome: str = "served", **fields: str) -> Contact:
    return Contact(BEGAN + timedelta(days=day), outcome, number=number, **fields)


def fcr(*contacts: Contact, shared: frozenset[str] = frozenset(), now: datetime = LATER) -> float | None:
    return first_contact_resolution(contacts, shared=shared, now=now)


def test_a_second_call_within_seven_days_undoes_the_first() -> None:
    assert fcr(contact(0), contact(3)) == 50.0
    assert fcr(contact(0), contact(7)) == 50.0
    assert fcr(contact(0), contact(7.001)) == 100.0


def test_another_matter_is_another_first_contact() -> None:
    assert fcr(contact(0, reason="退款"), contact(1, reason="物流")) == 100.0
    assert fcr(contact(0, reason="退款"), contact(1, reason="退款")) == 50.0
    assert fcr(contact(0, reason="退款"), contact(1)) == 50.0


def test_the_same_customer_by_another_number_is_the_same_customer() -> None:
    other = "+8613900139000"
    assert fcr(contact(0, customer_ref="crm:C-1"), contact(1, number=other, customer_ref="crm:C-1")) == 50.0
    assert fcr(contact(0, customer_ref="crm:C-1"), contact(1, number=other, customer_ref="crm:C-2")) == 100.0


def test_shared_numbers_and_nobodys_calls_count_neither_way() -> None:
    reception = "+861065543000"
    assert fcr(contact(0, number=reception), contact(1, number=reception), shared=frozenset({reception})) is None
    assert fcr(contact(0, number=None), contact(1, number=None), contact(2)) == 100.0


def test_only_served_calls_are_judged_and_any_call_undoes_them() -> None:
    assert fcr(contact(0), contact(1, outcome="abandoned_queue")) == 0.0
    assert fcr(contact(0, outcome="abandoned_queue")) is None


def test_a_call_younger_than_seven_days_is_not_judged_yet() -> None:
    assert fcr(contact(0), contact(20), now=BEGAN + timedelta(days=21)) == 100.0
    assert fcr(contact(0), now=BEGAN + timedelta(days=6.9)) is None
    assert fcr(contact(0), now=BEGAN + timedelta(days=7)) == 100.0


def test_handle_time_is_talk_and_hold_and_wrap_up() -> None:
    assert average_handle_time([Handling(100, 20, 30), Handling(50)]) == 100.0
    assert average_handle_time([]) is None


def test_abandonment_leaves_out_who_gave_up_at_once_and_who_needed_nobody() -> None:
    outcomes = ["served"] * 7 + ["abandoned_queue"] * 2 + ["missed_agent", "abandoned_short", "ivr_done", "voicemail"]
    assert (abandonment_rate(outcomes), abandonment_rate(["abandoned_short"])) == (20.0, None)


@pytest.mark.parametrize(("within_s", "expected"), [(20, 50.0), (19, 25.0), (60, 75.0)])
def test_service_level_charges_abandoned_calls_to_us(within_s: int, expected: float) -> None:
    waits = [Wait("served", 5), Wait("served", 20), Wait("served", 60), Wait("abandoned_queue", 10), Wait("abandoned_short", 2)]
    assert service_level(waits, within_s=within_s) == expected


def test_no_calls_have_no_service_level() -> None:
    assert service_level([Wait("ivr_done", 1)]) is None
