"""Hostile upstreams (F05 to F18) and hostile connector files (B69 to B73) by the books of behaviour, and where each is held.

A row names test functions; this file fails when one of them is gone or renamed, so that no row loses its test unnoticed.
"""

from typing import Final

import pytest
from tests.held import lost

UPSTREAMS: Final[dict[str, tuple[str, ...]]] = {
    "F05 trickles": ("test_the_deadline_ends_the_exchange_whatever_the_vendor_does",),
    "F06 accepts and never answers": (
        "test_a_vendor_that_does_not_answer_opens_the_breaker",
        "test_hanging_calls_open_the_breaker_even_when_the_caller_leaves_first",
        "test_with_every_system_hanging_every_card_is_there_within_the_deadline",
    ),
    "F07 half-open line": ("test_f07_a_kept_line_that_went_silent_costs_one_call_and_heals",),
    "F08 closes idle lines as we send": (
        "test_a_read_on_a_dead_kept_connection_is_sent_once_more",
        "test_vendors_that_close_after_each_answer_are_never_felt",
        "test_a_write_is_never_repeated_and_its_fate_is_told_as_unknown",
        "test_whatever_moment_a_worker_dies_at_there_is_one_effect_or_a_question",
    ),
    "F09 breaks off": (
        "test_a_half_answer_is_no_answer",
        "test_of_a_thousand_rows_with_one_timestamp_none_is_lost_whichever_page_fails",
    ),
    "F10 no such name": ("test_an_unknown_name_fails_fast",),
    "F11 a name server that never answers": ("test_f11_a_name_server_that_never_answers_starves_nobody_else",),
    "F12 rebinding": ("test_f12_a_name_that_alternates_between_the_world_and_our_own_never_reaches_our_own",),
    "F13 certificates": (
        "test_a_certificate_nobody_vouches_for_is_refused",
        "test_a_trusted_certificate_must_still_fit",
        "test_a_vendor_that_speaks_only_outdated_tls_is_refused",
        "test_a_handshake_that_stalls_is_given_up",
    ),
    "F14 unreadable": (
        "test_f14_what_cannot_be_read_has_one_name_and_is_never_half_believed",
        "test_f14_what_is_only_odd_is_read",
        "test_a_write_whose_answer_cannot_be_read_is_not_believed",
    ),
    "F15 an error inside 200": (
        "test_f15_every_envelope_of_refusal_inside_200_is_a_refusal",
        "test_f15_our_books_agree_with_the_vendors_after_a_thousand_mixed_batches",
    ),
    "F16 too large": (
        "test_f16_what_is_too_large_or_too_deep_is_cut_off",
        "test_a_gzip_bomb_does_not_fill_the_memory",
        "test_too_large_an_answer_is_cut_off",
    ),
    "F17 redirects": (
        "test_f17_a_redirect_is_followed_nowhere_and_carries_no_credentials",
        "test_f17_a_loop_of_redirects_is_one_answer",
        "test_redirects_cookies_and_proxies_are_not_followed",
    ),
    "F18 drift": (
        "test_a_field_of_another_shape_is_flagged_and_the_others_flow",
        "test_a_required_field_that_is_gone_is_flagged",
        "test_every_unreadable_field_is_counted_without_its_value",
    ),
}
FILES: Final[dict[str, tuple[str, ...]]] = {
    "B69 addresses": (
        "test_b69_an_address_that_may_not_be_called_opens_no_connection",
        "test_b69_an_address_that_may_not_be_called_is_refused_at_save",
        "test_an_address_that_may_not_be_called_is_refused_by_name_and_nothing_is_written",
        "test_no_socket_is_opened_to_a_forbidden_address",
    ),
    "B70 expressions": (
        "test_b70_an_expression_that_is_no_path_is_refused_at_once_and_never_run",
        "test_b70_a_template_that_reaches_for_more_than_inputs_is_refused",
        "test_b70_a_pattern_that_backtracks_for_ever_is_no_condition",
        "test_b70_conditions_nested_without_end_are_refused",
        "test_the_worst_that_the_limits_allow_ends_within_a_tenth_of_a_second",
    ),
    "B71 headers": (
        "test_b71_a_header_that_would_smuggle_or_override_is_refused",
        "test_b71_a_value_that_would_break_out_of_its_header_is_refused",
        "test_a_value_that_would_begin_a_header_of_its_own_is_never_sent",
    ),
    "B72 a mask sent back": (
        "test_b72_a_masked_secret_is_unchanged_and_never_kept_literally",
        "test_b72_there_must_be_something_to_leave_unchanged",
    ),
    "B73 contradictions": ("test_b73_rows_that_contradict_are_refused",),
}
ROWS: Final = UPSTREAMS | FILES


def test_every_row_of_the_books_stands_here() -> None:
    assert [row.split()[0] for row in ROWS] == [*(f"F{row:02}" for row in range(5, 19)), *(f"B{row}" for row in range(69, 74))]


@pytest.mark.parametrize("row", ROWS)
def test_a_hostile_row_is_held(row: str) -> None:
    assert not lost(ROWS[row])
