"""What connected systems say of agents and customers only ever takes away from what a role sees, whatever they say."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.masking.test_policy import pop

from tieline.domain.agent import Agent
from tieline.domain.customer import Customer
from tieline.domain.narrowing import AgentRule, CustomerRule, by_agent, by_customer
from tieline.domain.references import ExternalRef
from tieline.security.masking_policy import Policy
from tieline.security.reveal import RevealField, may_reveal
from tieline.security.rights import RANK, rights
from tieline.services.linkage.policy_file import AccessEntry
from tieline.services.seeing import views_of

TABLE: Final = rights()
POLICY: Final = Policy()
LI_WEI: Final = Agent(id="1001", name="Li Wei", email="li@acme.example", extensions=("8001",))
REVEALS: Final[tuple[RevealField, ...]] = ("phones", "emails", "address", "name", "birth_date")
words = st.one_of(st.sampled_from(["TRAINEE", "full", "admin", "supervisor", "dpo", "*", ""]), st.text(max_size=12))
views = st.one_of(st.sampled_from(TABLE.views), st.just("full"), words)
roles = st.one_of(st.sampled_from(TABLE.roles), words)


def leaves(value: object, at: str = "") -> Iterator[tuple[str, object]]:
    """Yield every single value with its place; what a list holds, without its position: a list may get shorter."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from leaves(each, f"{at}.{key}")
    elif isinstance(value, list | tuple):
        for each in value:
            yield from leaves(each, f"{at}[]")
    else:
        yield at, value


def agent_rules() -> st.SearchStrategy[AgentRule]:
    return st.builds(
        AgentRule,
        system=st.just("crm"),
        by=st.sampled_from(["number", "email", "extension"]),
        field=st.just("role"),
        views=st.dictionaries(words, views, max_size=4),
        silent=views,
        keep_for=st.just(timedelta(minutes=10)),
    )


@given(
    role=roles,
    rule=agent_rules(),
    said=st.none() | st.dictionaries(st.sampled_from(["1001", "li@acme.example", "8001", "x"]), words),
    owner=st.none() | st.sampled_from(["Li Wei", "Zhao Lei"]),
    view=views,
    level=st.sampled_from([0, 1, 2, 3]),
    on_the_line=st.booleans(),
)
def test_no_word_of_any_system_shows_a_value_that_the_role_does_not_see(
    *, role: str, rule: AgentRule, said: dict[str, str] | None, owner: str | None, view: str, level: int, on_the_line: bool
) -> None:
    customer = Customer(ref=ExternalRef(connection="crm", kind="customer", id="1"), owner=owner)
    about = CustomerRule("owned", "crm", "owner", view, but_owner=True)
    told = [by_agent(rule, LI_WEI, said), by_customer(about, [customer], agent=LI_WEI, answered={"crm"} if said else ())]
    through = views_of(one for one in told if one is not None)
    document = pop(level=level)

    plain = POLICY.apply(role, document, shape="screen_pop", active_call_phone=on_the_line)
    less = POLICY.apply(role, document, shape="screen_pop", active_call_phone=on_the_line, views=through)

    raw, seen = set(leaves(document)), set(leaves(plain))
    more = {leaf for leaf in leaves(less) if leaf in raw and leaf not in seen and leaf[1] is not None}
    assert more == set(), "a value stands in the clear that the role does not see"


@given(role=roles, through=st.frozensets(views, max_size=3), shape=st.sampled_from(["order", "call", "invoice", "customer"]))
def test_views_hide_objects_and_take_reveals_away_but_give_none(role: str, through: frozenset[str], shape: str) -> None:
    assert not POLICY.shows(role, shape, views=through) or POLICY.shows(role, shape)
    for field in REVEALS:
        assert not may_reveal(role, field, views=through) or may_reveal(role, field)


@given(role=st.sampled_from(TABLE.roles), through=st.sampled_from(TABLE.views), row=st.sampled_from([*TABLE.says["field"]]))
def test_each_cell_seen_through_a_view_is_the_lesser_of_the_two(role: str, through: str, row: str) -> None:
    expected = min(RANK[TABLE.fields[role][row]], RANK[TABLE.seen_through[through][row]])
    assert RANK[POLICY.treatment(role, row, views=frozenset({through}))] == expected


def test_what_only_hides_or_shows_is_masked_through_no_view() -> None:
    assert {TABLE.seen_through[view]["amounts"] for view in TABLE.views} == {"full", "none"}


@pytest.mark.parametrize(
    ("said", "view", "silent"),
    [
        ({"1001": "STAFF"}, None, False),
        ({"1001": "TRAINEE"}, "basic", False),
        ({"1001": "NEW WORD"}, "minor", False),
        ({"1002": "STAFF"}, "minor", False),
        ({}, "minor", False),
        (None, "minor", True),
    ],
    ids=["nothing is taken away", "by its word", "a word nobody wrote down", "another agent", "nobody listed", "silent"],
)
def test_what_a_systems_word_on_an_agent_comes_to(said: dict[str, str] | None, view: str | None, *, silent: bool) -> None:
    rule = AgentRule("crm", "number", "role", {"STAFF": "full", "TRAINEE": "basic"}, "minor", timedelta(minutes=10))
    found = by_agent(rule, LI_WEI, said)
    assert (found and found.view, bool(found and found.silent)) == (view, silent)


@pytest.mark.parametrize(
    ("owner", "agent", "answered", "view"),
    [
        ("Li Wei", LI_WEI, {"crm"}, None),
        ("LI@acme.example ", LI_WEI, {"crm"}, None),
        ("Zhao Lei", LI_WEI, {"crm"}, "basic"),
        ("Li Wei", None, {"crm"}, "basic"),
        (None, LI_WEI, {"crm"}, None),
        ("Li Wei", LI_WEI, {"erp"}, "basic"),
    ],
    ids=["the owner", "the owner by mail", "somebody else", "a machine", "owned by nobody", "the system is silent"],
)
def test_a_customer_who_is_their_owners(owner: str | None, agent: Agent | None, answered: set[str], view: str | None) -> None:
    rule = CustomerRule("owned", "crm", "owner", "basic", but_owner=True)
    customer = Customer(ref=ExternalRef(connection="crm", kind="customer", id="1"), owner=owner)
    found = by_customer(rule, [customer], agent=agent, answered=answered)
    assert (found and found.view) == view


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"silent": "full"}, "silent is what holds"),
        ({"silent": "wide"}, "there is no such view: wide"),
        ({"views": {"X": "everything"}}, "there is no such view: everything"),
        ({"roles": ["chief"]}, "there is no such role: chief"),
        ({"keep_s": 0}, "greater than or equal to 10"),
    ],
)
def test_a_rule_that_names_what_is_not_there_or_fails_open_is_refused(change: dict[str, Any], complaint: str) -> None:
    written = {"system": "crm", "views": {"TRAINEE": "basic"}, "silent": "basic", **change}
    with pytest.raises(ValidationError, match=complaint):
        AccessEntry.model_validate({"agents": [written]})
