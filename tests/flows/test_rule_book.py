"""The test list of the rule book for calls (4.15), row by row, and where each row is held.

A row names test functions; this file fails when one of them is gone or renamed, so that no row loses its test unnoticed.
"""

import pytest
from tests.held import lost

ROWS: dict[str, tuple[str, ...]] = {
    "newCall twice": (
        "test_new_call_told_twice_is_one_call_and_one_card",
        "test_fifty_copies_of_one_event_at_once_are_one_event",
    ),
    "answer before newCall": ("test_answer_before_new_call_makes_the_call_and_one_card",),
    "hangup lost": ("test_a_lost_hang_up_is_swept_after_four_hours_and_not_counted_as_talk", "test_a_swept_call_is_counted"),
    "all events 109 min late": ("test_events_109_minutes_late_are_logged_and_bring_no_card",),
    "ring group of 8, one answers": ("test_ring_group_of_eight_shows_eight_cards_and_takes_seven_back",),
    "hunt 3 agents": ("test_hunting_walks_the_card_from_desk_to_desk",),
    "two devices one extension": ("test_two_devices_of_one_agent_are_two_legs_and_one_card",),
    "5 tabs": ("test_five_tabs_show_one_pop", "test_when_the_leading_tab_dies_another_leads_within_two_seconds"),
    "tab asleep 20 min": ("test_a_tab_that_slept_shows_the_present_when_it_wakes",),
    "warm transfer": (
        "test_warm_transfer_gives_exactly_two_cards_and_one_call",
        "test_you_own_it_now_is_what_the_second_agent_is_told",
    ),
    "blind transfer": ("test_blind_transfer_moves_the_card",),
    "queue transfer": ("test_transfer_to_a_queue_lets_the_next_agent_have_the_card",),
    "transfer with new ids": (
        "test_transfer_with_new_linked_ids_stays_one_call_about_the_customer",
        "test_an_untold_transfer_is_known_by_number_line_and_moment",
    ),
    "3-party conference": (
        "test_three_party_conference_gives_a_read_only_card_that_goes_when_the_third_leaves",
        "test_an_outside_expert_in_a_conference_is_never_taken_for_the_customer",
    ),
    "consult only": ("test_a_consult_leaves_the_call_with_who_asked",),
    "withheld 12 spellings": ("test_a_withheld_number_is_looked_up_nowhere_and_opens_nobody",),
    "8 people one number": ("test_eight_people_on_one_number_are_five_candidates_and_three_more",),
    "head office +3 digits": ("test_three_digits_more_than_the_head_office_are_somebody_there",),
    "+1 never truncated": ("test_a_north_american_number_is_never_cut",),
    "转801": ("test_an_extension_tells_who_behind_the_switchboard_calls", "test_the_extension_is_its_own_field"),
    "slash, full-width, trailing space": ("test_every_way_to_write_a_number_leads_to_the_same_customer",),
    "own staff number in CRM": (
        "test_our_own_staff_in_the_crm_is_not_a_customer",
        "test_our_own_telephone_is_no_customer_whatever_the_crm_says",
    ),
    "outside-line 9": ("test_the_digit_for_an_outside_line_is_taken_off_where_the_line_says_so",),
    "renumbered country": ("test_a_renumbered_country_is_read_by_its_present_plan",),
    "merged CRM id": (
        "test_a_merged_record_is_its_survivor",
        "test_the_survivor_is_shown_and_not_called_a_contradiction",
        "test_a_deleted_record_is_not_shown_from_memory",
    ),
    "CRM 500, 429, 30 s hang, wrong JSON, empty": (
        "test_a_broken_crm_costs_its_own_block",
        "test_a_crm_that_asks_for_peace_gets_it",
        "test_with_every_system_hanging_every_card_is_there_within_the_deadline",
    ),
    "CRM back after 90 s": ("test_a_crm_that_keeps_failing_is_left_alone_and_back_after_ninety_seconds",),
    "stale refund blocked": ("test_a_refund_is_locked_on_stale_data_and_one_look_unlocks_it",),
    "junior agent crawl for numbers": ("test_no_number_of_anybody_elses_caller_is_in_any_byte",),
    "3 misses then served": ("test_three_misses_and_a_fourth_call_that_is_served",),
    "queue-answered then abandoned": ("test_outcome",),
    "voicemail": ("test_outcome", "test_a_scenario_shows_what_it_promises"),
    "repeat in 5 min same line": ("test_again_within_five_minutes_names_the_last_agent",),
    "repeat in 5 min shared line": (
        "test_again_within_five_minutes_on_a_shared_line_is_the_lines_second_call_and_nobodys_thread",
    ),
    "unknown x1000": (
        "test_a_thousand_unknown_callers_write_nothing_and_are_one_question_each",
        "test_two_hundred_unknown_calls_from_seven_numbers_leave_seven_questions",
    ),
    "agent without extension mapping": ("test_an_extension_nobody_sits_at_shows_nobody_a_card_and_tells_the_administrator",),
    "clock skew 40 s": (
        "test_a_clock_forty_seconds_ahead_does_not_hide_the_card",
        "test_a_clock_forty_seconds_behind_does_not_hide_the_card",
    ),
    "gray 10 % sticky": ("test_a_tenth_of_the_agents_is_served_with_the_new_rows_and_keeps_them",),
    "a day shuffled and doubled": (
        "test_a_day_heard_shuffled_and_doubled_is_the_same_day_without_a_card",
        "test_a_day_replayed_shuffled_and_doubled_through_both_changes_nothing",
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_rule_book_is_held(row: str) -> None:
    assert not lost(ROWS[row])
