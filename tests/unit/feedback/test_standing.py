"""What rules make of customers: pure verdicts with their reasons."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from tieline.domain.standing import Contact, CustomerFacts, in_words, judge
from tieline.services.customers.standing_file import CustomersEntry

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def rules(*written: dict[str, Any]) -> list[Any]:
    named = [{"name": f"r{number}", **one} for number, one in enumerate(written)]
    return [entry.rule for entry in CustomersEntry.model_validate({"rules": named}).rules]


def contact(days_ago: float, *kinds: Any, about: tuple[str, ...] = ()) -> Contact:  # noqa: ANN401 - words of what is counted
    return Contact(NOW - timedelta(days=days_ago), frozenset(kinds), frozenset(about))


def facts(*contacts: Contact, **told: Any) -> CustomerFacts:  # noqa: ANN401 - what systems tell
    return CustomerFacts(NOW, contacts, told)  # type: ignore[arg-type] # names of fields


FEW_ORDERS = {"field": "orders", "at_most": 3}
CARE = {"tag": "高关怀需求客户", "when": [{"count": "contact", "about": ["退款", "quality"], "within_days": 30, "at_least": 3}]}


@pytest.mark.parametrize(
    ("contacts", "tags"),
    [
        ([contact(1, "contact", about=("退款",))] * 3, ("高关怀需求客户",)),
        ([contact(1, "contact", about=("退款",))] * 2, ()),
        ([*[contact(1, "contact", about=("quality",))] * 2, contact(31, "contact", about=("退款",))], ()),
        ([contact(1, "contact", about=("发票",))] * 5, ()),
        ([contact(1, "call", about=("退款",))] * 5, ()),
    ],
)
def test_three_after_sales_contacts_in_thirty_days_are_a_tag(contacts: list[Contact], tags: tuple[str, ...]) -> None:
    verdict = judge(rules(CARE), facts(*contacts))
    assert verdict.tags == tags
    if tags:
        assert in_words(verdict.reasons[0]["found"], "zh") == "30 天内 3 quality、退款次联系"
        assert in_words(verdict.reasons[0]["found"], "en") == "3 contacts about quality, 退款 in 30 days"


def test_the_first_tier_that_holds_counts_and_what_is_not_known_holds_for_nobody() -> None:
    tiers = rules(
        {"tier": "high_value", "when": [{"field": "spent", "at_least": 10000}]},
        {
            "tier": "churn_risk",
            "when": [{"count": "low_score", "within_days": 90, "at_least": 2}, {"field": "orders", "at_most": 3}],
        },
        {"tier": "regular", "when": [{"field": "tier", "among": ["regular", "high_value"]}]},
    )
    low = [contact(2, "low_score")] * 2
    assert judge(tiers, facts(*low, spent=Decimal("10000.00"), orders=2)).tier == "high_value"
    assert judge(tiers, facts(*low, spent=Decimal("9999.99"), orders=2)).tier == "churn_risk"
    assert judge(tiers, facts(*low, spent=None, orders=None, tier="regular")).tier == "regular"
    assert judge(tiers, facts(*low)).tier is None


@pytest.mark.parametrize(
    "rule",
    [
        {"tier": "high_value", "tag": "x", "when": [{"field": "spent", "at_least": 1}]},
        {"when": [{"field": "spent", "at_least": 1}]},
        {"tag": "x", "when": []},
        {"tag": "x", "when": [{"field": "spent"}]},
        {"tag": "x", "when": [{"count": "call", "field": "spent", "at_least": 1}]},
        {"tag": "x", "when": [{"field": "spent", "at_least": float("nan")}]},
        {"tier": "gold", "when": [{"field": "spent", "at_least": 1}]},
    ],
)
def test_rules_that_say_nothing_or_two_things_are_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rules(rule)
