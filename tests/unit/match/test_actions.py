"""What the agent may do, and why something is locked (rule book 4.2, 4.3, 4.12, 4.14)."""

import pytest

from tieline.domain.actions import ACTIONS, LOCK_REASONS, actions_for
from tieline.domain.screen_pop import Block, Match, MatchState

LIVE = {"orders": Block(state="live", source="erp"), "profile": Block(state="live", source="crm")}


def match(state: MatchState, *, level: int = 2, rule: str = "direct") -> Match:
    return Match.model_validate({"state": state, "rule": rule, "identity_level": level})


def locks(found: Match, blocks: dict[str, Block]) -> dict[str, str | None]:
    return {action.id: action.because for action in actions_for(found, blocks)}


def test_with_live_data_and_recent_context_everything_is_open() -> None:
    assert locks(match("known"), LIVE) == {
        "verify_identity": None,
        "create_ticket": None,
        "refund": None,
        "change_address": None,
        "change_contact": None,
    }
    assert all(action.enabled for action in actions_for(match("known"), LIVE))


@pytest.mark.parametrize(
    ("block", "because"),
    [
        (Block(state="stale", source="erp"), "order data is stale"),
        (Block(state="cached", source="erp"), "order data is cached"),
        (Block(state="unavailable", source="erp", error="upstream_timeout"), "order data is unavailable"),
        (Block(state="live", source="erp", pending=True), "order data is still on its way"),
        (None, "order data is not connected"),
    ],
)
def test_money_and_addresses_need_live_orders(block: Block | None, because: str) -> None:
    blocks = {"profile": LIVE["profile"]} | ({"orders": block} if block else {})

    found = locks(match("known", level=3), blocks)

    assert (found["refund"], found["change_address"], found["change_contact"], found["create_ticket"]) == (
        because,
        because,
        None,
        None,
    )


@pytest.mark.parametrize(("level", "because"), [(1, "the caller is not identified well enough"), (2, None), (3, None)])
def test_money_and_identity_need_more_than_a_number(level: int, because: str | None) -> None:
    found = locks(match("known", level=level), LIVE)

    assert (found["refund"], found["change_contact"]) == (because, because)
    assert found["create_ticket"] is None


def test_stale_data_is_told_before_the_missing_proof() -> None:
    assert locks(match("known", level=1), {"orders": Block(state="stale", source="erp")})["refund"] == "order data is stale"


def test_verifying_is_over_once_it_is_done() -> None:
    assert "verify_identity" not in locks(match("known", level=3), LIVE)


def test_nothing_is_done_for_one_of_several_before_the_choice() -> None:
    found = locks(match("maybe", level=1, rule="several"), LIVE)

    assert {action for action, because in found.items() if because is None} == {"choose_customer", "search_link", "review_later"}
    assert found["refund"] == found["create_ticket"] == "choose the customer first"


def test_a_company_may_have_a_ticket_but_no_refund_from_its_number() -> None:
    found = locks(match("maybe", level=1, rule="company"), LIVE)

    assert (found["create_ticket"], found["refund"]) == (None, "the caller is not identified well enough")


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("none", ["create_ticket", "search_link", "create_customer", "review_later", "wrong_number", "spam"]),
        ("withheld", ["create_ticket", "search_link"]),
        ("internal", []),
    ],
)
def test_callers_nobody_knows(state: MatchState, offered: list[str]) -> None:
    actions = actions_for(match(state, level=0, rule="nothing"), {})

    assert [action.id for action in actions] == offered
    assert all(action.enabled for action in actions)


def test_ids_are_given_once_and_every_reason_has_both_languages() -> None:
    assert len({rule.id for rule in ACTIONS}) == len(ACTIONS)
    assert {tuple(sorted(sentence)) for sentence in LOCK_REASONS.values()} == {("en", "zh")}


def test_what_the_role_forbids_is_locked_whatever_else_holds() -> None:
    found = {action.id: action.because for action in actions_for(match("known"), LIVE, permissions=frozenset({"tickets.write"}))}

    assert (found["refund"], found["create_ticket"]) == ("your role may not do this", None)
    assert {action.because for action in actions_for(match("known"), {}, permissions=frozenset())} >= {
        "your role may not do this"
    }
