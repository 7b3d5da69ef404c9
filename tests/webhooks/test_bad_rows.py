"""The bad-input book's rows for webhooks (W), XML (X) and our own tickets (R), and where each is held.

A row names test functions; this file fails when one of them is gone or renamed. `test_bad_input` holds its rows by their ids,
which are looked for likewise.
"""

from typing import Final

import pytest
from tests.api.bad_input import ROWS as CASES
from tests.held import lost

LAID_ASIDE: Final = "test_an_authentic_body_that_cannot_be_used_is_laid_aside_and_its_neighbour_is_not"
ROWS: Final[dict[str, tuple[str, ...]]] = {
    "B02w B09 B10 B11 B13 B15 B16 B17 W": (LAID_ASIDE, "test_nothing_that_can_be_sent_raises", "test_no_bytes_raise"),
    "B08 W": (LAID_ASIDE, "test_what_is_only_odd_is_read"),
    "B14 W": (
        "test_a_batch_of_a_hundred_thousand_is_read_to_a_limit_and_said_so",
        "test_a_form_of_half_a_million_fields_is_refused_before_it_is_spelled",
    ),
    "B18 W": ("test_what_is_only_odd_is_read",),
    "B20 W": ("test_an_exchange_that_knows_only_get_reports_its_calls_in_its_own_character_set",),
    "B21 B24 W": ("test_a_sender_of_another_kind_is_told_so",),
    "B45 B46 W": (
        "test_what_proves_nothing_is_refused_and_leaves_nothing",
        "test_the_right_proof_is_accepted_and_every_other_is_not",
        "test_a_header_of_ten_kilobytes_is_compared_and_refused",
    ),
    "B47 W": ("test_a_signature_of_the_raw_body",),
    "B48 W": (
        "test_a_valid_signature_of_another_time_is_refused_with_our_time_and_noted",
        "test_a_moment_is_now_in_both_directions",
        "test_what_is_no_moment_is_told_apart_from_an_old_one",
    ),
    "B49 W": ("test_standard_webhooks",),
    "B50 W": ("test_of_fifty_signatures_the_first_ten_count",),
    "B51 W": ("test_what_proves_one_connection_proves_no_other",),
    "B52 W": ("test_what_is_of_no_interest_is_done_without_a_word", "test_b52_an_event_nobody_knows_is_kept_and_told_fine"),
    "B53 W": (
        "test_what_comes_before_its_parent_waits_for_it_a_day",
        "test_what_waited_a_day_for_its_parent_is_laid_aside_and_asked_about",
    ),
    "B54 W": ("test_one_bad_event_of_a_hundred_is_laid_aside_and_the_others_are_acted_on",),
    "B55 W": ("test_the_question_whether_the_address_is_ours_is_answered_and_not_kept",),
    "B56 B57 X": ("test_hostile_xml_is_refused_at_once_and_not_repeated",),
    "B58 B60 X": ("test_what_xml_could_include_is_plain_data_and_nothing_is_fetched",),
    "B59 X": ("test_what_is_no_message_gets_a_fault_of_its_version_and_is_not_kept", "test_who_proves_nothing_gets_no_fault"),
    "B40 R": ("test_b40_what_is_not_there_is_not_found",),
    "B41 R": ("test_b41_a_key_is_required_and_printable",),
    "B42 R": ("test_b42_the_key_of_another_body_is_refused",),
    "B43 R": ("test_b43_a_request_under_way_is_told_to_come_back",),
    "B44 R": ("test_b44_a_change_names_the_version_it_was_made_for", "test_of_two_changes_of_one_version_one_is_made"),
    "B80 R": ("test_b80_text_that_would_be_code_is_kept_as_text", "test_b80_text_is_data_and_never_markup"),
    "B81 R": ("test_b81_files_that_lie_or_run_are_not_taken",),
    "B82": (
        "test_b82_beyond_what_can_be_worked_on_callers_are_sent_away_at_once",
        "test_when_too_many_wait_the_sender_is_told_to_come_again_and_never_429",
    ),
}
BY_ID: Final = (
    *(f"B{row:02}" for row in range(1, 18)),
    "B19",
    "B21",
    "B22",
    "B23",
    "B24",
    "B34",
    "B35",
    "B36",
    "B37",
    "B38",
    "B39",
)
"""Rows R that `test_bad_input` holds, one case or more each."""


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_held_by_tests_that_exist(row: str) -> None:
    assert lost(ROWS[row]) == []


@pytest.mark.parametrize("row", BY_ID)
def test_every_row_of_the_shared_doors_has_a_case(row: str) -> None:
    assert any(case.id.partition("-")[0] == row for case in CASES)
