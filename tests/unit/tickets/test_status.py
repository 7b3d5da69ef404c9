"""Which step may follow which, and what another system's word makes of a ticket."""

import itertools

import pytest

from tieline.domain.errors import StateConflict
from tieline.domain.ticket import TicketStatus
from tieline.domain.ticket_status import NEXT, arrived, is_over, is_reopening, step

STATUSES: tuple[TicketStatus, ...] = tuple(NEXT)
OVER = {"resolved", "closed", "cancelled"}


def test_every_status_word_of_the_contract_is_in_the_table() -> None:
    assert set(STATUSES) == {"new", "open", "in_progress", "pending_customer", "resolved", "closed", "reopened", "cancelled"}


def test_only_reopening_leads_out_of_an_end_and_only_closing_through_it() -> None:
    out = {(present, wanted) for present in OVER for wanted in NEXT[present]}  # type: ignore[index] # words of the table
    assert out == {("resolved", "closed"), ("resolved", "reopened"), ("closed", "reopened"), ("cancelled", "reopened")}


def test_nothing_becomes_new_again_and_nothing_open_is_reopened() -> None:
    assert not any("new" in following for following in NEXT.values())
    assert [status for status in STATUSES if "reopened" in NEXT[status]] == ["resolved", "closed", "cancelled"]


@pytest.mark.parametrize(("present", "wanted"), list(itertools.product(STATUSES, STATUSES)))
def test_a_step_is_taken_or_refused_by_the_table(present: TicketStatus, wanted: TicketStatus) -> None:
    if wanted == present or wanted in NEXT[present]:
        assert step(present, wanted) == wanted
    else:
        with pytest.raises(StateConflict) as caught:
            step(present, wanted)
        assert caught.value.code == "ticket_transition"


@pytest.mark.parametrize(
    ("present", "said", "becomes"),
    [
        ("closed", "open", "reopened"),
        ("resolved", "new", "reopened"),
        ("closed", "in_progress", "in_progress"),
        ("in_progress", "new", "open"),
        ("new", "new", "new"),
        ("open", "closed", "closed"),
    ],
)
def test_what_another_system_says_is_put_into_our_words(present: TicketStatus, said: TicketStatus, becomes: TicketStatus) -> None:
    assert arrived(present, said) == becomes


def test_reopening_is_leaving_an_end() -> None:
    pairs = itertools.product(STATUSES, STATUSES)
    assert all(is_reopening(before, after) == (before in OVER and after not in OVER) for before, after in pairs)
    assert {status for status in STATUSES if is_over(status)} == OVER
