"""A person on the screen is never swapped for another in silence (rule book 4.13)."""

from datetime import UTC, datetime

from tieline.domain.customer import Customer
from tieline.domain.line import Line
from tieline.domain.match import judge
from tieline.domain.match_context import MatchContext
from tieline.domain.match_reconcile import reconcile
from tieline.domain.match_verdict import Verdict
from tieline.domain.people import Person
from tieline.domain.phone_normalise import normalise
from tieline.domain.references import ExternalRef

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
LINE = Line(number="+861065543800", name="Support")
CALLER = normalise("+8613800138000", line=LINE)


def verdict(*names: str, chosen: str | None = None) -> Verdict:
    people = [
        Person(customers=(Customer(ref=ExternalRef.parse(f"crm:{name}"), name=name, phones=("+8613800138000",)),))
        for name in names
    ]
    return judge(CALLER, people, context=MatchContext(line=LINE, now=NOW, chosen_ref=chosen))


def test_the_same_person_live_replaces_the_cached_word() -> None:
    live = verdict("张三")

    assert reconcile(verdict("张三"), live) is live


def test_another_person_live_shows_both_and_asks() -> None:
    both = reconcile(verdict("张三"), verdict("李四"))

    assert (both.match.state, both.match.rule, both.chosen) == ("maybe", "contradiction", None)
    assert [one.person.name for one in both.ranked] == ["张三", "李四"]
    assert not any(one.opens for one in both.ranked)


def test_a_question_that_still_names_the_cached_person_is_shown_as_it_is() -> None:
    live = verdict("李四", "张三")

    assert reconcile(verdict("张三"), live) is live


def test_a_question_without_the_cached_person_keeps_them_in_it() -> None:
    both = reconcile(verdict("张三"), verdict("李四", "王五"))

    assert [one.person.name for one in both.ranked] == ["张三", "李四", "王五"]
    assert both.match.state == "maybe"


def test_silence_of_a_slow_system_leaves_the_cached_person() -> None:
    cached = verdict("张三")

    assert reconcile(cached, verdict()) is cached


def test_when_every_system_has_answered_and_none_knows_the_person_it_becomes_a_question() -> None:
    asked = reconcile(verdict("张三"), verdict(), all_answered=True)

    assert (asked.match.state, asked.match.rule, asked.chosen, asked.match.identity_level) == ("maybe", "not_confirmed", None, 0)
    assert [one.person.name for one in asked.ranked] == ["张三"]


def test_nobody_cached_leaves_the_field_to_the_live_answer() -> None:
    live = verdict("张三")

    assert reconcile(verdict(), live) is live


def test_what_the_agent_chose_outlasts_a_late_answer() -> None:
    chosen = verdict("张三", "李四", chosen="crm:李四")

    assert reconcile(chosen, verdict("张三")) is chosen


def test_what_the_agent_chose_outweighs_whom_the_index_alone_would_name() -> None:
    chosen = verdict("张三", "李四", chosen="crm:李四")

    assert reconcile(verdict("张三", chosen="crm:李四"), chosen) is chosen
