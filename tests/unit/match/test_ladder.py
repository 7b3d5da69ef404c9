"""The match ladder, rung by rung (rule book 4.1, 4.3 to 4.6; bad input B64)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tieline.domain.customer import Customer
from tieline.domain.line import Line
from tieline.domain.match import judge
from tieline.domain.match_context import Contact, MatchContext, Mention, NumberMark
from tieline.domain.match_verdict import Verdict
from tieline.domain.people import KnownNumber, Person
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_internal import InternalNumbers
from tieline.domain.phone_normalise import normalise
from tieline.domain.references import ExternalRef

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
LINE = Line(number="+861065543800", name="Support", area_code="010")
CONTEXT = MatchContext(line=LINE, now=NOW)
MOBILE = normalise("+8613800138000", line=LINE)
OFFICE = normalise("+861065543833", line=LINE)


def person(ref: str, name: str = "张三", phone: str = "+8613800138000", **fields: object) -> Person:
    reference = ExternalRef.parse(ref)
    return Person(customers=(Customer.model_validate({"ref": reference, "name": name, "phones": (phone,), **fields}),))


def indexed(ref: str, name: str = "张三", e164: str = "+8613800138000", **fields: object) -> Person:
    row = KnownNumber(e164=e164, ref=ExternalRef.parse(ref), display_name=name, **fields)  # type: ignore[arg-type]  # columns vary by test
    return Person(known=(row,))


def company(ref: str = "crm:acme", phone: str = "+861065543800") -> Person:
    return person(ref, "云帆科技有限公司", phone, kind="organization")


def summary(verdict: Verdict) -> tuple[str, str, float, str | None]:
    return verdict.match.state, verdict.match.rule, verdict.match.confidence, verdict.chosen.ref if verdict.chosen else None


def look(people: Sequence[Person], context: MatchContext = CONTEXT, caller: PhoneNumber = MOBILE) -> Verdict:
    return judge(caller, people, context=context)


def test_rung_1_whom_the_call_itself_names_is_known() -> None:
    verdict = look([person("crm:1"), person("crm:2", "李四")], replace(CONTEXT, token_ref="crm:2"))

    assert summary(verdict) == ("known", "token", 1.0, "crm:2")


def test_rung_2_one_person_with_the_exact_number_is_known() -> None:
    verdict = look([person("crm:1")])

    assert summary(verdict) == ("known", "direct", 0.95, "crm:1")
    assert (verdict.match.reason, verdict.match.identity_level, verdict.shared) == ("exact number, one person", 1, False)
    assert verdict.candidates() == ()


def test_rung_3_the_extension_picks_one_of_several() -> None:
    caller = normalise("010-65543800转801", line=LINE)
    people = [person("crm:1", "张三", "010-65543800-801"), person("crm:2", "李四", "010-65543800-802"), company()]

    verdict = look(people, caller=caller)

    assert summary(verdict) == ("known", "extension", 0.95, "crm:1")


def test_rung_4_an_assumed_country_opens_but_is_marked() -> None:
    verdict = look([person("crm:1")], caller=normalise("13800138000", line=LINE))

    assert summary(verdict) == ("known", "national", 0.85, "crm:1")
    assert verdict.match.reason == "exact national number, country assumed"


def test_rung_5_several_people_are_a_question_never_an_answer() -> None:
    verdict = look([person("crm:1"), person("crm:2", "李四")])

    assert summary(verdict) == ("maybe", "several", 0.6, None)
    assert [candidate.ref for candidate in verdict.candidates()] == ["crm:1", "crm:2"]
    assert (verdict.match.reason, verdict.shared, verdict.match.identity_level) == ("2 people share this number", True, 1)


def test_rung_6_a_head_office_number_opens_the_company_and_nobody_in_it() -> None:
    verdict = look([], replace(CONTEXT, companies=(company(),)), caller=OFFICE)

    assert summary(verdict) == ("maybe", "company", 0.5, "crm:acme")


def test_rung_6_a_company_with_the_exact_number_opens_its_card_only() -> None:
    verdict = look([company(phone="+861065543833")], caller=OFFICE)

    assert summary(verdict) == ("maybe", "company", 0.5, "crm:acme")


def test_a_person_is_never_opened_from_a_switchboard_match() -> None:
    verdict = look([], replace(CONTEXT, companies=(person("crm:1", phone="+861065543800"),)), caller=OFFICE)

    assert verdict.match.state == "none"


def test_rung_7_the_same_last_8_digits_are_possible_if_exactly_one_has_them() -> None:
    similar = indexed("crm:1", e164="+862100138000")
    caller = normalise("+8602100138000", line=LINE)
    other = indexed("crm:2", "李四", e164="+8613900138000")

    one = look([], replace(CONTEXT, similar=(other,)))
    two = look([], replace(CONTEXT, similar=(other, indexed("crm:3", "王五", e164="+8613700138000"))))
    abroad = look([], replace(CONTEXT, similar=(indexed("crm:4", e164="+4917100138000"),)))

    assert caller.e164 == similar.known[0].e164
    assert summary(one) == ("maybe", "suffix", 0.45, None)
    assert (one.match.identity_level, one.ranked[0].opens) == (0, False)
    assert summary(two)[:2] == summary(abroad)[:2] == ("none", "nothing")


def test_below_8_digits_no_suffix_is_compared() -> None:
    caller = normalise("+3545511234", line=LINE)

    assert look([], replace(CONTEXT, similar=(indexed("crm:1", e164="+3545511234"),)), caller=caller).match.state == "none"


def test_rung_8_a_number_seen_in_an_old_ticket_says_so() -> None:
    with_owner = look([], replace(CONTEXT, mentions=(Mention("ticket", "8841", person("crm:1")),)))
    without = look([], replace(CONTEXT, mentions=(Mention("ticket", "8841"),)))

    assert summary(with_owner) == ("maybe", "mention", 0.25, None)
    assert with_owner.match.reason == with_owner.candidates()[0].reason == "seen in ticket 8841"
    assert summary(without) == ("none", "mention", 0.25, None)


def test_rung_9_nobody() -> None:
    assert summary(look([])) == ("none", "nothing", 0.0, None)


def test_a_withheld_number_matches_nobody_whatever_is_offered() -> None:
    verdict = look([person("crm:1")], caller=normalise("anonymous", line=LINE))

    assert summary(verdict) == ("withheld", "withheld", 0.0, None)
    assert verdict.match.identity_level == 0


def test_our_own_staff_in_the_crm_is_not_a_customer() -> None:
    house = InternalNumbers(staff=frozenset({"+8613800138000"}))

    verdict = look([person("crm:1")], caller=normalise("+8613800138000", line=LINE, internal=house))

    assert summary(verdict) == ("internal", "internal", 0.0, None)


def test_the_agents_choice_stands_and_the_others_stay_within_reach() -> None:
    verdict = look([person("crm:1"), person("crm:2", "李四")], replace(CONTEXT, chosen_ref="crm:2"))

    assert summary(verdict) == ("known", "choice", 1.0, "crm:2")
    assert [candidate.ref for candidate in verdict.candidates()] == ["crm:1"]
    assert verdict.match.identity_level == 1


def test_a_remembered_choice_opens_until_it_lapses_and_proves_nothing() -> None:
    people = [person("crm:1"), person("crm:2", "李四")]
    mark = NumberMark(remembered_ref="crm:2", remembered_until=NOW + timedelta(days=1))
    open_ticket = {"crm:2": Contact(open_ticket="8841")}

    fresh = look(people, replace(CONTEXT, number=mark, contacts=open_ticket))
    lapsed = look(people, replace(CONTEXT, number=replace(mark, remembered_until=NOW)))

    assert summary(fresh) == ("known", "remembered", 0.85, "crm:2")
    assert (fresh.match.identity_level, fresh.shared) == (1, True)
    assert summary(lapsed)[0] == "maybe"


@pytest.mark.parametrize("mark", ["shared", "company"])
def test_a_number_marked_as_a_line_never_opens_its_only_person(mark: str) -> None:
    verdict = look([person("crm:1")], replace(CONTEXT, number=NumberMark(mark=mark)))  # type: ignore[arg-type]  # parametrised literal

    assert summary(verdict) == ("maybe", "shared", 0.8, None)


def test_a_mark_as_direct_overrules_a_label() -> None:
    home = indexed("crm:1", label="home")

    assert summary(look([home]))[:3] == ("maybe", "shared", 0.8)
    assert summary(look([home], replace(CONTEXT, number=NumberMark(mark="direct"))))[:3] == ("known", "direct", 0.95)


def test_among_several_the_only_one_it_is_flagged_direct_for_opens() -> None:
    people = [indexed("crm:2", "李四"), indexed("crm:1", direct=True)]

    assert summary(look(people)) == ("known", "direct", 0.95, "crm:1")


def test_the_tie_gap_keeps_a_close_second_in_question() -> None:
    busy = {"crm:2": Contact(open_ticket="8841", order_in_transit="SO-1", last_contact_at=NOW)}
    people = [indexed("crm:1", direct=True), indexed("crm:2", "李四", verified=True)]

    verdict = look(people, replace(CONTEXT, contacts=busy))

    assert [one.score for one in verdict.ranked] == [0.95, 0.8]
    assert summary(verdict)[0] == "maybe"


def test_a_call_without_extension_meets_the_person_behind_one_as_a_question() -> None:
    verdict = look([person("crm:1", phone="010-65543833-801")], caller=OFFICE)

    assert summary(verdict) == ("maybe", "without_extension", 0.8, None)


def test_another_extension_is_another_person_at_the_same_company() -> None:
    caller = normalise("010-65543833转833", line=LINE)
    colleague = person("crm:1", phone="010-65543833-801")

    alone = look([colleague], caller=caller)
    at_company = look([colleague], replace(CONTEXT, companies=(company(),)), caller=caller)

    assert summary(alone) == ("maybe", "other_extension", 0.3, None)
    assert summary(at_company) == ("maybe", "company", 0.5, "crm:acme")
    assert [candidate.ref for candidate in at_company.candidates()] == ["crm:1"]


@pytest.mark.parametrize(
    ("caller", "expected"),
    [("+8613800138000", ("known", "direct", 0.85, "crm:1")), ("13800138000", ("maybe", "national", 0.8, None))],
)
def test_a_number_unused_for_a_year_drops_one_rung(caller: str, expected: tuple[str, str, float, str | None]) -> None:
    stale = indexed("crm:1", seen_at=NOW - timedelta(days=366))

    assert summary(look([stale], caller=normalise(caller, line=LINE))) == expected


def test_recent_contact_keeps_an_old_number_in_use() -> None:
    stale = indexed("crm:1", seen_at=NOW - timedelta(days=800))
    called = {"crm:1": Contact(last_contact_at=NOW - timedelta(days=20))}

    assert summary(look([stale], replace(CONTEXT, contacts=called)))[2] == 0.95


def test_context_orders_the_people_on_one_number_and_says_why() -> None:
    people = [person("crm:1"), person("crm:2", "李四"), person("crm:3", "王五", owner="Li Wei")]
    contacts = {
        "crm:2": Contact(open_ticket="8841", order_in_transit="SO-1", last_contact_at=NOW - timedelta(days=2)),
        "crm:1": Contact(last_contact_at=NOW - timedelta(days=8)),
    }

    verdict = look(people, replace(CONTEXT, contacts=contacts, agent_names=frozenset({"1001", "Li Wei"})))

    assert [(one.person.ref, one.score, one.reason) for one in verdict.ranked] == [
        ("crm:2", 0.7, "open ticket 8841"),
        ("crm:3", 0.6, "your account"),
        ("crm:1", 0.55, "same number"),
    ]


def test_context_adds_at_most_0_15() -> None:
    everything = Contact(open_ticket="1", order_in_transit="2", last_contact_at=NOW)
    people = [person("crm:1", owner="1001"), person("crm:2", "李四")]

    verdict = look(people, replace(CONTEXT, contacts={"crm:1": everything}, agent_names=frozenset({"1001"})))

    assert [one.score for one in verdict.ranked] == [0.75, 0.6]
    assert verdict.chosen is None


@pytest.mark.parametrize(("count", "shown", "more"), [(8, 5, 3), (20, 5, 15), (50, 5, 45)])
def test_many_people_on_one_number_show_five_and_count_the_rest(count: int, shown: int, more: int) -> None:
    verdict = look([person(f"crm:{number}", f"客户{number}") for number in range(count)])

    assert (verdict.match.state, verdict.chosen, len(verdict.ranked), verdict.more) == ("maybe", None, shown, more)
    assert verdict.match.reason == f"{count} people share this number"
    assert 0.3 <= verdict.match.confidence <= 0.8


def test_the_order_on_the_screen_stays_during_the_call() -> None:
    people = [person("crm:1"), person("crm:2", "李四"), person("crm:3", "王五")]
    shown = tuple(one.person.ref for one in look(people).ranked)
    late = {"crm:3": Contact(open_ticket="8841")}

    unchanged = look(people, replace(CONTEXT, contacts=late, shown=shown))
    newcomer = look([person("crm:0", "赵六"), *people], replace(CONTEXT, shown=shown))

    assert [one.person.ref for one in unchanged.ranked] == ["crm:1", "crm:2", "crm:3"]
    assert [one.person.ref for one in newcomer.ranked] == ["crm:1", "crm:2", "crm:3", "crm:0"]


def test_the_same_evidence_gives_the_same_order_every_time() -> None:
    people = [person(f"crm:{number}", f"客户{number}") for number in range(12)]

    orders = {tuple(one.person.ref for one in look(people).ranked) for _ in range(5)}

    assert orders == {("crm:0", "crm:1", "crm:2", "crm:3", "crm:4")}


@pytest.mark.parametrize(
    ("context", "level"),
    [
        pytest.param(CONTEXT, 1, id="number only"),
        pytest.param(replace(CONTEXT, contacts={"crm:1": Contact(open_ticket="8841")}), 2, id="open ticket"),
        pytest.param(replace(CONTEXT, contacts={"crm:1": Contact(order_in_transit="SO-1")}), 2, id="order under way"),
        pytest.param(replace(CONTEXT, contacts={"crm:1": Contact(last_contact_at=NOW)}), 1, id="a mere call is no context"),
        pytest.param(replace(CONTEXT, verified=True), 3, id="verified in this call"),
    ],
)
def test_identity_levels_of_a_known_caller(context: MatchContext, level: int) -> None:
    assert look([person("crm:1")], context).match.identity_level == level


def test_verification_needs_somebody_to_be_verified() -> None:
    assert look([], replace(CONTEXT, verified=True)).match.identity_level == 0
    assert look([person("crm:1"), person("crm:2", "李四")], replace(CONTEXT, verified=True)).match.identity_level == 1


def test_nothing_below_rung_4_ever_opens_a_person() -> None:
    situations = [
        look([person("crm:1"), person("crm:2", "李四")]),
        look([], replace(CONTEXT, companies=(company(),))),
        look([], replace(CONTEXT, similar=(indexed("crm:2", e164="+8613900138000"),))),
        look([], replace(CONTEXT, mentions=(Mention("note", "7", person("crm:1")),))),
        look([]),
    ]

    assert [verdict.chosen.kind if verdict.chosen else None for verdict in situations] == [None, "organization", None, None, None]
    assert {verdict.match.state for verdict in situations} == {"maybe", "none"}
