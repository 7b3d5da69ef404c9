"""One field at a time: who changed what, and what follows."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from tieline.domain.ticket_link import Agreed, LinkState, Value, confirm, decide, due, recall, send
from tieline.domain.ticket_merge import FieldRule, Merged, Stand, merge

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
BASE = LinkState(agreed={"status": Agreed("open", "open")})


def plainly(_name: str, value: Value) -> Value:
    return value


def without_reopened(name: str, value: Value) -> Value:
    """A helpdesk that has no word for it."""
    return "open" if (name, value) == ("status", "reopened") else value


def heard(
    link: LinkState, ours: Value, theirs: Value, *, rule: FieldRule | None = None, newer: str = "", field: str = "status"
) -> Merged:
    at = {"ours": NOON, "theirs": NOON}
    if newer:
        at[newer] += timedelta(seconds=1)
    rules: Mapping[str, FieldRule] = {field: rule} if rule else {}
    mine, said = Stand(ours, "agent:1001", at["ours"]), Stand(theirs, "helpdesk", at["theirs"])
    return merge(link, {field: mine}, {field: said}, rules, say=without_reopened)


def test_what_they_said_last_is_nothing_new() -> None:
    assert heard(BASE, "in_progress", "open") == Merged(BASE, {})


def test_what_only_they_changed_flows_in() -> None:
    merged = heard(BASE, "open", "closed")
    assert (merged.flows_in, merged.conflicts, merged.losses) == ({"status": "closed"}, (), ())
    assert due(merged.link, {"status": "closed"}) == {}


def test_what_only_we_changed_is_sent_once() -> None:
    assert due(BASE, {"status": "closed"}) == {"status": "closed"}
    assert due(send(BASE, {"status": "closed"}), {"status": "closed"}) == {}


def test_our_echo_is_nothing_before_and_after_it_is_confirmed() -> None:
    on_its_way = send(BASE, {"status": "closed"})
    early = heard(on_its_way, "closed", "closed")
    assert (early.flows_in, early.conflicts) == ({}, ())
    late = heard(confirm(on_its_way, {"status": "closed"}, say=plainly), "closed", "closed")
    assert early.link == late.link == LinkState(agreed={"status": Agreed("closed", "closed")})


def test_the_echo_of_a_value_we_have_left_behind_is_no_change_of_theirs() -> None:
    on_its_way = send(send(BASE, {"status": "in_progress"}), {"status": "closed"})
    merged = heard(on_its_way, "closed", "in_progress")
    assert (merged.flows_in, merged.conflicts) == ({}, ())
    assert merged.link.sent == {"status": ("closed",)}


def test_a_word_they_do_not_have_is_still_our_echo() -> None:
    on_its_way = send(LinkState(agreed={"status": Agreed("closed", "closed")}), {"status": "reopened"})
    merged = heard(on_its_way, "reopened", "open")
    assert (merged.flows_in, merged.link.agreed["status"]) == ({}, Agreed("reopened", "open"))
    assert due(merged.link, {"status": "reopened"}) == {}


def test_both_to_the_same_is_agreed() -> None:
    merged = heard(BASE, "closed", "closed")
    assert (merged.flows_in, merged.link) == ({}, LinkState(agreed={"status": Agreed("closed", "closed")}))


def test_both_to_different_values_waits_for_a_person_and_holds_the_field() -> None:
    merged = heard(BASE, "closed", "in_progress")
    (conflict,) = merged.conflicts
    assert (conflict.base, conflict.ours.value, conflict.theirs.value) == ("open", "closed", "in_progress")
    assert (merged.flows_in, merged.link.held) == ({}, {"status": "in_progress"})
    assert due(merged.link, {"status": "closed"}) == {}


def test_the_other_fields_flow_while_one_is_held() -> None:
    link = LinkState(agreed={"status": Agreed("open", "open"), "priority": Agreed("low", "low")})
    ours = {"status": Stand("closed", "agent:1001", NOON), "priority": Stand("low", "agent:1001", NOON)}
    theirs = {"status": Stand("in_progress", "crm", NOON), "priority": Stand("urgent", "crm", NOON)}
    merged = merge(link, ours, theirs, {}, say=plainly)
    assert (merged.flows_in, [one.field for one in merged.conflicts]) == ({"priority": "urgent"}, ["status"])


@pytest.mark.parametrize(
    ("rule", "newer", "kept"),
    [
        (FieldRule("source", "tieline"), "", "closed"),
        (FieldRule("source", "helpdesk"), "", "in_progress"),
        (FieldRule("newest"), "ours", "closed"),
        (FieldRule("newest"), "theirs", "in_progress"),
    ],
)
def test_a_rule_settles_and_the_losing_value_is_kept(rule: FieldRule, newer: str, kept: str) -> None:
    merged = heard(BASE, "closed", "in_progress", rule=rule, newer=newer)
    (loss,) = merged.losses
    assert {loss.kept.value, loss.lost.value} == {"closed", "in_progress"}
    assert (loss.kept.value, merged.flows_in) == (kept, {"status": kept} if kept == "in_progress" else {})


@pytest.mark.parametrize("rule", [FieldRule("source", "crm"), FieldRule("newest"), FieldRule("person")])
def test_a_rule_that_cannot_tell_leaves_it_to_a_person(rule: FieldRule) -> None:
    assert len(heard(BASE, "closed", "in_progress", rule=rule).conflicts) == 1


def test_where_ours_won_it_is_sent_even_when_it_goes_back_to_what_was_agreed() -> None:
    merged = heard(BASE, "closed", "in_progress", rule=FieldRule("source", "tieline"))
    assert due(merged.link, {"status": "open"}) == {"status": "open"}


def test_their_change_while_ours_is_on_its_way_is_no_one_sided_change() -> None:
    """We went to closed and back to open; both are on their way when they say in_progress."""
    link = send(send(BASE, {"status": "closed"}), {"status": "open"})
    assert [one.theirs.value for one in heard(link, "open", "in_progress").conflicts] == ["in_progress"]


def test_taking_a_change_back_ends_the_conflict() -> None:
    held = heard(BASE, "closed", "in_progress").link
    assert heard(held, "closed", "open").link.held == {}


@pytest.mark.parametrize(
    ("choice", "sent"), [("closed", {"status": "closed"}), ("in_progress", {}), ("open", {"status": "open"})]
)
def test_a_persons_choice_reaches_them_unless_it_is_theirs(choice: str, sent: dict[str, str]) -> None:
    held = heard(BASE, "closed", "in_progress").link
    decided = decide(held, "status", choice, say=plainly)
    assert due(decided, {"status": choice}) == sent
    assert heard(decided, choice, "in_progress") == Merged(decided, {})


def test_what_was_refused_is_due_again() -> None:
    link = recall(send(BASE, {"status": "closed"}), {"status": "closed"})
    assert (link, due(link, {"status": "closed"})) == (BASE, {"status": "closed"})
