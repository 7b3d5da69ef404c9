"""The 83 rows of the bad-input book: the tests that hold each in every detail, and why some are not sent through the front."""

from typing import Final

MATRIX: Final = "test_bad_input"
"""Each row of `tests/api/bad_input.py` is one case of it."""
LAID_ASIDE: Final = "test_an_authentic_body_that_cannot_be_used_is_laid_aside_and_its_neighbour_is_not"
NEVER_RAISES: Final = ("test_nothing_that_can_be_sent_raises", "test_no_bytes_raise")
HOSTILE_XML: Final = "test_hostile_xml_is_refused_at_once_and_not_repeated"

BODIES: Final[dict[str, tuple[str, ...]]] = {
    "B01": (MATRIX,),
    "B02": (MATRIX, "test_what_an_exchange_sends_unreadably_is_refused"),
    "B02w": (LAID_ASIDE, *NEVER_RAISES, "test_what_is_authentic_and_of_no_use_is_thanked_for_and_asked_about"),
    **{f"B{row:02}": (MATRIX,) for row in (3, 4, 5, 6, 7)},
    "B08": (MATRIX, LAID_ASIDE, "test_what_is_only_odd_is_read"),
    **{f"B{row:02}": (MATRIX, LAID_ASIDE, *NEVER_RAISES) for row in (9, 10, 11)},
    "B12": (MATRIX,),
    "B13": (MATRIX, LAID_ASIDE, *NEVER_RAISES),
    "B14": (
        MATRIX,
        "test_a_batch_of_a_hundred_thousand_is_read_to_a_limit_and_said_so",
        "test_a_form_of_half_a_million_fields_is_refused_before_it_is_spelled",
    ),
    **{f"B{row}": (MATRIX, LAID_ASIDE, *NEVER_RAISES) for row in (15, 16, 17)},
    "B18": ("test_b18_a_byte_order_mark_of_utf8_is_tolerated", "test_what_is_only_odd_is_read"),
    "B19": (MATRIX,),
    "B20": (MATRIX, "test_an_exchange_that_knows_only_get_reports_its_calls_in_its_own_character_set"),
    "B21": (MATRIX, "test_a_sender_of_another_kind_is_told_so"),
    "B22": (MATRIX,),
    "B23": (MATRIX, "test_what_an_exchange_sends_unreadably_is_refused"),
    "B24": (
        MATRIX,
        "test_a_sender_of_another_kind_is_told_so",
        "test_b24_a_length_beyond_the_limit_is_refused_before_a_byte_of_it_is_read",
        "test_b24_a_large_body_is_refused_before_anybody_is_asked_who_they_are",
        "test_b24_whoever_is_still_sending_too_much_gets_the_answer_and_may_go_on",
        "test_b24_whoever_is_still_sending_too_much_gets_the_answer",
    ),
    "B25": (
        "test_b25_a_chunked_body_is_counted_as_it_comes",
        "test_b25_chunks_beyond_the_limit_are_refused_as_they_come",
        "test_b25_whoever_sends_less_than_announced_is_told",
        "test_b25_chunks_through_the_front_are_counted",
    ),
}
HEADS: Final[dict[str, tuple[str, ...]]] = {
    "B26": (MATRIX, "test_b26_a_huge_head_is_refused_complete_or_not", "test_b26_b27_what_the_front_cannot_hold_it_refuses"),
    "B27": (MATRIX, "test_b27_a_huge_address_is_refused", "test_b26_b27_what_the_front_cannot_hold_it_refuses"),
    "B28": (
        "test_b28_a_head_that_trickles_is_cut_off",
        "test_b28_who_connects_and_says_nothing_is_let_go",
        "test_b28_a_body_that_trickles_is_cut_off",
    ),
    "B29": (
        MATRIX,
        "test_b29_what_could_be_read_two_ways_is_refused_and_hides_no_second_request",
        "test_b29_nothing_is_smuggled_past_the_front",
    ),
    "B30": (MATRIX, "test_b30_the_refusal_of_a_method_names_all_that_are_allowed", "test_b30_an_override_header_changes_nothing"),
    "B31": (MATRIX,),
    "B32": (MATRIX, "test_b32_headers_a_proxy_may_set_are_not_believed"),
    "B33": ("test_b33_whoever_accepts_only_xml_gets_json",),
    **{f"B{row}": (MATRIX,) for row in (34, 35, 36, 37, 38, 39)},
    "B40": (MATRIX, "test_b40_what_is_not_there_is_not_found"),
    "B41": ("test_b41_a_key_is_required_and_printable",),
    "B42": ("test_b42_the_key_of_another_body_is_refused", "test_b42_a_key_used_at_one_replica_is_known_to_the_other"),
    "B43": ("test_b43_a_request_under_way_is_told_to_come_back",),
    "B44": (
        "test_b44_a_change_names_the_version_it_was_made_for",
        "test_b44_a_change_names_the_state_it_is_meant_for",
        "test_of_two_changes_of_one_version_one_is_made",
    ),
}
WEBHOOKS: Final[dict[str, tuple[str, ...]]] = {
    "B45": ("test_what_proves_nothing_is_refused_and_leaves_nothing",),
    "B46": (
        "test_the_right_proof_is_accepted_and_every_other_is_not",
        "test_a_header_of_ten_kilobytes_is_compared_and_refused",
    ),
    "B47": ("test_a_signature_of_the_raw_body",),
    "B48": (
        "test_a_valid_signature_of_another_time_is_refused_with_our_time_and_noted",
        "test_a_moment_is_now_in_both_directions",
        "test_what_is_no_moment_is_told_apart_from_an_old_one",
    ),
    "B49": ("test_standard_webhooks",),
    "B50": ("test_of_fifty_signatures_the_first_ten_count",),
    "B51": ("test_what_proves_one_connection_proves_no_other",),
    "B52": ("test_what_is_of_no_interest_is_done_without_a_word", "test_b52_an_event_nobody_knows_is_kept_and_told_fine"),
    "B53": (
        "test_what_comes_before_its_parent_waits_for_it_a_day",
        "test_what_waited_a_day_for_its_parent_is_laid_aside_and_asked_about",
    ),
    "B54": ("test_one_bad_event_of_a_hundred_is_laid_aside_and_the_others_are_acted_on",),
    "B55": ("test_the_question_whether_the_address_is_ours_is_answered_and_not_kept",),
    "B56": (HOSTILE_XML,),
    "B57": (HOSTILE_XML,),
    "B58": ("test_what_xml_could_include_is_plain_data_and_nothing_is_fetched",),
    "B59": ("test_what_is_no_message_gets_a_fault_of_its_version_and_is_not_kept", "test_who_proves_nothing_gets_no_fault"),
    "B60": ("test_what_xml_could_include_is_plain_data_and_nothing_is_fetched",),
}
POPS: Final[dict[str, tuple[str, ...]]] = {
    "B61": ("test_b61_a_withheld_number_is_an_answer", "test_letters_and_more_than_32_digits_are_refused"),
    "B62": ("test_b62_every_spelling_is_one_number",),
    "B63": (MATRIX, "test_b63_service_numbers_short_codes_and_extensions_are_answered"),
    "B64": ("test_eight_people_on_one_number_are_five_candidates_and_three_more",),
    "B65": ("test_b65_an_agent_looks_up_only_numbers_on_the_line_with_them",),
    "B66": (MATRIX, "test_b66_any_number_is_brought_into_range"),
    "B67": (
        "test_a_code_opens_its_page_once",
        "test_an_expired_code_is_gone",
        "test_another_agents_code_does_not_exist_and_is_not_used_up",
        "test_b67_a_code_opens_once_whichever_replica_is_asked",
    ),
    "B68": (MATRIX,),
}
PEOPLE_AND_SYSTEMS: Final[dict[str, tuple[str, ...]]] = {
    "B69": (
        "test_b69_an_address_that_may_not_be_called_is_refused_at_save",
        "test_b69_an_address_that_may_not_be_called_opens_no_connection",
    ),
    "B70": (
        "test_b70_b73_rows_that_cannot_be_used_are_refused_at_save",
        "test_the_worst_that_the_limits_allow_ends_within_a_tenth_of_a_second",
    ),
    "B71": (
        "test_b71_a_value_that_would_break_out_of_its_header_is_refused",
        "test_b71_a_header_that_would_smuggle_or_override_is_refused",
    ),
    "B72": (
        "test_b72_a_masked_secret_is_unchanged_and_never_kept_literally",
        "test_b72_there_must_be_something_to_leave_unchanged",
    ),
    "B73": ("test_b70_b73_rows_that_cannot_be_used_are_refused_at_save", "test_b73_rows_that_contradict_are_refused"),
    "B74": ("test_what_is_wrong_is_refused_and_written_down", "test_every_refusal_looks_the_same_from_outside"),
    "B75": ("test_nobody_is_led_anywhere_else",),
    "B76": (
        "test_every_wrong_key_is_refused_alike",
        "test_b76_a_wrong_scope_is_known_but_not_permitted",
        "test_b76_a_key_in_an_address_is_refused_even_beside_a_good_one",
        "test_b76_two_ways_to_sign_in_at_once_are_one_too_many",
        "test_b76_an_expired_key_opens_nothing",
    ),
    "B77": ("test_the_doors_count_by_address_whatever_is_shown_there",),
    "B78": (
        "test_b78_a_cell_that_would_run_is_defused",
        "test_no_cell_of_a_csv_is_a_formula_and_every_cell_of_a_workbook_is_text",
    ),
    "B79": ("test_nobody_follows_another_agent_but_who_may", "test_whoever_leaves_is_forgotten"),
    "B80": ("test_b80_text_is_data_and_never_markup", "test_b80_text_that_would_be_code_is_kept_as_text"),
    "B81": ("test_b81_files_that_lie_or_run_are_not_taken",),
    "B82": (
        "test_b82_beyond_what_can_be_worked_on_callers_are_sent_away_at_once",
        "test_when_too_many_wait_the_sender_is_told_to_come_again_and_never_429",
    ),
}
BOOK: Final = BODIES | HEADS | WEBHOOKS | POPS | PEOPLE_AND_SYSTEMS

NOT_SENT: Final[dict[str, str]] = {
    "B25": "chunks are written by hand: a test of its own, below the table",
    "B28": "a slow sender takes ten seconds of the front's patience: held on the wire, with less patience",
    "B42": "two requests, one after the other, each to the other replica: a test of its own",
    "B43": "the moment in which the first request still runs is held by a test that stops it there",
    "B67": "a page is asked for first, and its code tried at both replicas: a test of its own",
    "B70": "a draft names the state it was made for: held in the application, refused before anything is proxied",
    "B73": "likewise",
    "B77": "ten thousand tries would lock this machine's address out for every other row",
    "B78": "a file, written by the command line",
    "B79": "there are no WebSockets; who may follow the stream of events is held where it is served",
    "B82": "an overload is made inside the application: held there",
}
