"""What the agent is told at the start of a call (rule book 4.3, 4.10, 4.12, 4.14; spoofed numbers: S22)."""

import string
from datetime import UTC, datetime, timedelta

import pytest

from tieline.domain.hint_texts import HINT_TEXTS
from tieline.domain.hints import Circumstances, hints_for
from tieline.domain.repeat_caller import PastCall, RepeatCaller, judge_repeat
from tieline.domain.screen_pop import Block, Match, MatchState, ShownCall, ShownCustomer

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
KNOWN = Match(state="known", confidence=0.95, rule="direct", reason="exact number, one person", identity_level=2)
PROVED = KNOWN.model_copy(update={"identity_level": 3})


def customer(**fields: object) -> ShownCustomer:
    return ShownCustomer.model_validate({"ref": "crm:1", **fields})


def past(minutes_ago: int, **fields: object) -> PastCall:
    started = NOW - timedelta(minutes=minutes_ago)
    call = PastCall(
        interaction_id=str(minutes_ago), call_id=f"c-{minutes_ago}", direction="inbound", started_at=started, outcome="served"
    )
    return PastCall(**{**{name: getattr(call, name) for name in PastCall.__dataclass_fields__}, **fields})


def again(*calls: PastCall, shared: bool = False) -> RepeatCaller | None:
    return judge_repeat(calls, now=NOW, shared=shared)


def told(circumstances: Circumstances) -> list[tuple[str, str]]:
    return [(hint.kind, hint.because) for hint in hints_for(circumstances)]


def texts(circumstances: Circumstances) -> list[str]:
    return [hint.text for hint in hints_for(circumstances)]


def test_every_text_stands_in_every_language_with_the_same_values() -> None:
    for code, sentence in HINT_TEXTS.items():
        values = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in sentence.values()]
        assert sorted(sentence) == ["en", "zh"], code
        assert values[0] == values[1], code


def test_a_customer_at_risk_brings_the_script_and_its_reason() -> None:
    hints = hints_for(Circumstances(PROVED, customer(churn_risk="high"), language="en"))

    assert [(hint.kind, hint.because) for hint in hints] == [("script", "churn_risk=high")]
    assert hints[0].text.startswith("At risk of leaving.")


def test_the_language_is_the_lines() -> None:
    at_risk = customer(churn_risk="high")

    assert texts(Circumstances(PROVED, at_risk, language="zh-CN"))[0].startswith("客户有流失风险")
    assert texts(Circumstances(PROVED, at_risk, language="fr"))[0].startswith("At risk")
    assert texts(Circumstances(PROVED, at_risk, call=ShownCall(language="en"), language="zh"))[0].startswith("At risk")


@pytest.mark.parametrize("shared", [True, False])
def test_a_line_of_several_people_is_told_of_and_a_choice_alone_makes_none(shared: bool) -> None:  # noqa: FBT001 - the case
    chosen = KNOWN.model_copy(update={"rule": "choice", "reason": "chosen in this call"})

    assert (("banner", "chosen in this call") in told(Circumstances(chosen, shared=shared))) is shared


@pytest.mark.parametrize(
    ("profile", "kind", "because"),
    [
        ({"tier": "high_value"}, "banner", "tier=high_value"),
        ({"tier": "churn_risk"}, "script", "tier=churn_risk"),
        ({"tier": "potential"}, "script", "tier=potential"),
        ({"churn_risk": "medium"}, "script", "churn_risk=medium"),
        ({"tags": ("老年用户",)}, "script", "tag=老年用户"),
        ({"tags": ("Elderly", "老年用户")}, "script", "tag=Elderly"),
    ],
)
def test_what_is_known_of_the_customer(profile: dict[str, object], kind: str, because: str) -> None:
    assert told(Circumstances(PROVED, customer(**profile))) == [(kind, because)]


def test_nothing_special_brings_no_hint() -> None:
    assert (
        told(Circumstances(PROVED, customer(tier="regular", churn_risk="low", tags=("VIP",), language="zh"), language="zh")) == []
    )


def test_a_hint_from_stale_data_carries_the_mark() -> None:
    blocks = {"profile": Block(state="stale", source="crm")}

    assert ("script", "churn_risk=high, profile is stale") in told(Circumstances(PROVED, customer(churn_risk="high"), blocks))


def test_stale_blocks_are_named_before_anything_is_promised() -> None:
    blocks = {"orders": Block(state="stale", source="erp"), "tickets": Block(state="unavailable", source="desk")}

    hints = hints_for(Circumstances(PROVED, customer(), blocks, language="en"))

    assert [(hint.kind, hint.text, hint.because) for hint in hints] == [
        ("warning", "Not current: orders. Check before promising anything.", "orders=stale")
    ]


@pytest.mark.parametrize("level", [1, 2])
def test_a_number_is_never_taken_for_proof(level: int) -> None:
    match = KNOWN.model_copy(update={"identity_level": level})

    assert told(Circumstances(match, customer())) == [("warning", f"identity_level={level}")]
    assert told(Circumstances(PROVED, customer())) == []


@pytest.mark.parametrize(
    ("state", "rule", "kind", "begins"),
    [
        ("withheld", "withheld", "script", "The number is withheld."),
        ("none", "nothing", "script", "Nobody known by this number."),
        ("maybe", "several", "script", "Several people may be calling."),
        ("maybe", "suffix", "script", "Several people may be calling."),
        ("maybe", "company", "script", "The call comes from a company's line."),
        ("maybe", "contradiction", "warning", "The systems name different people"),
    ],
)
def test_who_is_not_known_is_asked_for(state: MatchState, rule: str, kind: str, begins: str) -> None:
    (hint,) = hints_for(Circumstances(Match(state=state, rule=rule, reason="why"), language="en"))

    assert (hint.kind, hint.because) == (kind, "why")
    assert hint.text.startswith(begins)


def test_internal_calls_are_left_in_peace() -> None:
    assert hints_for(Circumstances(Match(state="internal", rule="internal"), mark="spam", repeat=again(past(5)))) == ()


def test_a_nuisance_caller_is_announced_first() -> None:
    assert told(Circumstances(Match(state="none", rule="nothing", reason="nobody"), mark="spam"))[0] == ("warning", "mark=spam")


def test_the_third_call_in_26_minutes_says_so_and_points_to_the_open_ticket() -> None:
    tickets = {"tickets@desk": Block(state="live", source="desk", items=({"number": "8841", "status": "open"},))}
    repeat = again(past(26, agent="1002"), past(12, agent="1001"))

    shown = texts(Circumstances(PROVED, customer(), tickets, repeat=repeat, now=NOW, language="en"))

    assert shown == [
        "3 calls in 24 h: priority raised. Offer a supervisor.",
        "Call 3 in 26 min, last with 1001",
        "Ticket 8841 is open: carry on there",
    ]


def test_hours_are_told_as_hours_and_the_time_may_come_from_the_call() -> None:
    call = ShownCall(started_at=NOW, language="en")

    assert texts(Circumstances(PROVED, customer(), repeat=again(past(300, agent="1001")), call=call)) == [
        "Call 2 in 5 h, last with 1001"
    ]


@pytest.mark.parametrize(
    ("talked_s", "cause", "because"),
    [
        (9, None, "talk_s<20"),
        (9, "normalClearing", "talk_s<20"),
        (19, "16", "talk_s<20"),
        (9, "38", "hangup_cause=38"),
        (120, "NETWORK_OUT_OF_ORDER", "hangup_cause=NETWORK_OUT_OF_ORDER"),
    ],
)
def test_a_cut_off_call_is_taken_up_where_it_stopped_and_says_what_shows_it(
    talked_s: int, cause: str | None, because: str
) -> None:
    answered = NOW - timedelta(minutes=4)
    cut = past(4, agent="1001", answered_at=answered, ended_at=answered + timedelta(seconds=talked_s), hangup_cause=cause)

    hints = hints_for(Circumstances(PROVED, customer(), repeat=again(cut), now=NOW, language="en"))

    assert [hint.because for hint in hints if hint.text.startswith("The last call was cut off.")] == [because]


@pytest.mark.parametrize("cause", [None, "normalClearing", "16"])
def test_a_talk_that_was_finished_is_not_called_cut_off(cause: str | None) -> None:
    answered = NOW - timedelta(minutes=4)
    done = past(4, agent="1001", answered_at=answered, ended_at=answered + timedelta(seconds=20), hangup_cause=cause)

    assert texts(Circumstances(PROVED, customer(), repeat=again(done), now=NOW, language="en")) == [
        "Call 2 in 4 min, last with 1001"
    ]


def test_whoever_was_not_answered_hears_an_apology() -> None:
    repeat = again(past(9, outcome="abandoned_queue"), past(4, outcome="missed_agent"))

    shown = texts(Circumstances(PROVED, customer(), repeat=repeat, now=NOW, language="en"))

    assert "Call 3, nobody has talked to them yet" in shown
    assert "Called 2 times without being answered. Apologise for the wait." in shown


def test_calls_of_a_shared_line_are_the_lines() -> None:
    tickets = {"tickets": Block(state="live", source="desk", items=({"number": "8841", "status": "open"},))}

    shown = texts(
        Circumstances(
            PROVED, customer(), tickets, repeat=again(past(5), past(9), shared=True), shared=True, now=NOW, language="en"
        )
    )

    assert shown == ["Several people use this line; its history is not one person's.", "3 calls from this line lately"]


def test_another_language_asks_for_a_colleague() -> None:
    assert told(Circumstances(PROVED, customer(language="en"), language="zh")) == [("transfer", "language=en")]
    assert told(Circumstances(PROVED, customer(language="zh-TW"), language="zh")) == []


def test_a_transferred_call_says_by_whom() -> None:
    assert texts(Circumstances(PROVED, customer(), call=ShownCall(transferred_from="1001"), language="en")) == [
        "Transferred by 1001"
    ]


def test_eight_hints_are_enough() -> None:
    everything = customer(tier="high_value", churn_risk="high", tags=("老年用户", "听障"), language="en")
    blocks = {name: Block(state="stale", source="x") for name in ("profile", "orders", "tickets", "account")}
    repeat = again(past(9, outcome="missed_agent"), past(4, outcome="missed_agent"))

    hints = hints_for(Circumstances(KNOWN, everything, blocks, repeat=repeat, language="zh", now=NOW, mark="spam"))

    assert len(hints) == 8
    assert hints[1].because == "identity_level=2"
