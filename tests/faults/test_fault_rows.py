"""The fault matrix but for hostile upstreams (`test_hostile_rows.py`): row by row, and where each is held.

A row names test functions; this file fails when one of them is gone or renamed, so that no row loses its test unnoticed.
"""

import re
from pathlib import Path
from typing import Final

import pytest
from tests.held import lost

HOME: Final = Path(__file__).parents[2]

FAULTS: Final[dict[str, tuple[str, ...]]] = {
    "F01 429 with a wish to wait": (
        "test_wishes_to_wait",
        "test_after_429_the_vendor_is_left_alone_for_as_long_as_it_wished",
        "test_a_vendors_wish_to_wait_is_kept_but_no_longer_than_an_hour",
        "test_throttling_does_not_open_the_breaker",
    ),
    "F02 429 without a hint": (
        "test_f02_a_vendor_that_throttles_for_half_an_hour_without_a_hint_is_asked_ever_less",
        "test_many_refused_together_are_one_reason_to_pause",
    ),
    "F03 a storm of 5xx": (
        "test_five_failures_open_the_breaker_and_the_sixth_call_costs_nothing",
        "test_a_crm_that_keeps_failing_is_left_alone_and_back_after_ninety_seconds",
        "test_a_vendor_that_is_away_all_the_time_is_not_held_for_refusing",
    ),
    "F04 flapping": ("test_f04_a_system_that_fails_half_of_the_time_is_asked_once_for_each_call",),
    "F19 their clock is slow": (
        "test_a_system_whose_clock_is_ten_minutes_off_loses_nothing",
        "test_the_cursor_stays_behind_the_present_by_the_overlap",
        "test_of_a_thousand_rows_with_one_timestamp_none_is_lost_whichever_page_fails",
    ),
    "F20 a webhook never sent": ("test_a_webhook_that_was_lost_heals", "test_a_system_is_asked_as_often_as_its_connector_says"),
    "F21 a token refused under way": (
        "test_fifty_calls_refused_together_renew_once_and_all_succeed",
        "test_one_sign_in_for_all",
        "test_a_second_refusal_is_told_and_not_repeated",
        "test_a_shared_sign_in_holds_against_its_model",
    ),
    "F22 the token endpoint fails": (
        "test_a_failed_early_renewal_is_not_felt_and_not_hurried",
        "test_a_refused_renewal_leaves_the_token_in_use_until_its_end",
        "test_a_grant_that_is_gone_waits_for_a_person_and_is_not_hammered",
        "test_a_grant_that_is_gone_is_seen_where_people_look",
        "test_only_an_administrator_helps_a_wrong_set_up",
    ),
    "F23 a rotating refresh token": (
        "test_two_replicas_and_two_hundred_expiries_lose_no_refresh_token",
        "test_a_token_that_cannot_be_kept_is_not_used_and_not_fetched_again",
        "test_each_renewal_uses_the_newest_refresh_token_across_restarts",
    ),
    "F25 the sender's clock": (
        "test_a_valid_signature_of_another_time_is_refused_with_our_time_and_noted",
        "test_a_clock_a_little_off_is_believed",
    ),
    "F26 the same webhook many times": (
        "test_the_same_request_is_thanked_every_time_and_kept_once",
        "test_a_thousand_shuffled_repeated_deliveries_leave_one_effect_each",
        "test_nothing_is_lost_or_doubled_while_processes_are_killed",
    ),
    "F27 out of order": (
        "test_six_words_about_an_order_end_alike_in_all_720_orders",
        "test_the_newest_word_counts_whatever_order_six_come_in",
        "test_the_inbox_holds_against_its_model",
    ),
    "F28 an old signature": (
        "test_a_valid_signature_of_another_time_is_refused_with_our_time_and_noted",
        "test_the_same_told_again_under_a_new_signature_is_thanked_for_and_does_nothing",
    ),
    "F29 poison": (
        "test_poison_is_tried_five_times_and_its_neighbours_go_on",
        "test_our_own_fault_is_tried_five_times_and_its_neighbours_go_on",
    ),
    "F30 poison that kills": (
        "test_what_three_workers_died_over_is_laid_aside",
        "test_what_three_workers_died_over_is_laid_aside_unread",
        "test_what_workers_died_over_is_carried_one_at_a_time",
        "test_a_dead_workers_job_is_given_to_another_until_it_has_killed_three",
    ),
    "F31 Postgres away": (
        "test_nothing_told_while_postgres_was_away_is_missing_or_doubled",
        "test_as_soon_as_one_finds_the_database_away_all_who_wait_for_it_go_to_the_spool",
        "test_what_finds_no_room_is_refused_and_leaves_nothing_behind",
        "test_without_a_spool_the_sender_is_told_to_come_again",
    ),
    "F32 Postgres killed": ("test_nobody_who_was_thanked_is_forgotten",),
    "F38 locks": (
        "test_a_database_that_does_not_answer_in_a_second_is_told_as_503",
        "test_two_administrators_at_once_do_not_block_each_other_for_ever",
        "test_a_lock_that_is_not_to_be_had_is_overload",
    ),
    "F39 migrating while serving": (
        "test_every_migration_limits_its_wait_for_locks_first",
        "test_a_step_that_finds_a_table_in_use_waits_for_a_pause_without_holding_up_others",
    ),
    "F40 two claim one": (
        "test_four_workers_at_four_hundred_orders_claim_each_once",
        "test_the_outbox_holds_against_its_model",
    ),
    "F41 a zombie": (
        "test_a_worker_that_wakes_up_after_its_claims_commits_nothing",
        "test_a_worker_that_slept_through_its_claim_settles_nothing",
        "test_who_wakes_after_its_claim_lapsed_sends_nothing",
        "test_a_zombie_whose_claim_was_taken_over_changes_nothing",
    ),
    "F42 dead between their write and our commit": (
        "test_whatever_moment_a_worker_dies_at_there_is_one_effect_or_a_question",
        "test_a_lost_answer_makes_no_second_copy_and_loses_no_change",
    ),
    "F43 dead between our commit and the telling": (
        "test_what_a_dead_worker_held_or_nobody_came_for_is_woken_once",
        "test_what_a_killed_worker_held_is_under_way_again_within_45_seconds",
    ),
    "F44 rolling deployment": (
        "test_who_is_asked_to_stop_ends_what_is_under_way_and_begins_nothing",
        "test_a_server_asked_to_stop_under_load_answers_what_it_began_and_nothing_is_lost_or_doubled",
        "test_a_server_that_is_asked_to_stop_ends_in_time_whoever_holds_on",
        "test_nothing_is_lost_or_doubled_while_processes_are_killed",
    ),
    "F49 the morning after": (
        "test_a_backlog_goes_out_at_a_measured_pace_and_what_happens_now_before_it",
        "test_what_comes_in_bulk_takes_half_of_a_lane_and_what_happens_now_goes_before_it",
    ),
    "R9 one that hangs": ("test_a_system_that_hangs_holds_up_nobody_elses_deliveries",),
}


@pytest.mark.parametrize("row", FAULTS)
def test_every_fault_is_held_by_tests_that_exist(row: str) -> None:
    assert lost(FAULTS[row]) == []


def test_every_guard_that_was_switched_off_is_there_with_the_tests_that_missed_it() -> None:
    table = (HOME / "docs" / "guards.md").read_text(encoding="utf-8")
    files = re.findall(r"`([a-z_]+(?:/[a-z_]+)*\.py)`", table)
    assert [file for file in files if not (HOME / "src" / "tieline" / file).exists()] == []
    tests = re.findall(r"`(test_\w+)`", table)
    assert (lost(tests), len(tests) > 20) == ([], True)
