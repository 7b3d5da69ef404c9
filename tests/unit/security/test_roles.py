import pytest

from tieline.domain.errors import NotAllowed
from tieline.security.declarations import Permit, Public
from tieline.security.permissions import PERMISSIONS, Caller
from tieline.security.roles import permissions_of, role_table


def test_every_permission_has_a_row_and_every_row_is_a_permission() -> None:
    granted = frozenset().union(*role_table().values())
    assert granted <= PERMISSIONS.keys()
    assert PERMISSIONS.keys() - granted == {"events.write", "calls.route", "surveys.prompt"}, (
        "only exchanges report events and ask for routes"
    )


@pytest.mark.parametrize(
    ("role", "has", "lacks"),
    [
        ("agent", "pops.read", "customer.search"),
        ("agent", "calls.read", "agents.any"),
        ("senior", "customer.search", "agents.any"),
        ("supervisor", "agents.any", "keys.manage"),
        ("admin", "keys.manage", "pops.read"),
        ("integrator", "connections.read", "calls.read"),
        ("auditor", "audit.read", "reviews.decide"),
        ("dpo", "audit.read", "keys.manage"),
    ],
)
def test_a_role_holds_what_its_work_needs_and_no_more(role: str, has: str, lacks: str) -> None:
    assert has in permissions_of(role)
    assert lacks not in permissions_of(role)


def test_an_unknown_role_may_do_nothing() -> None:
    assert permissions_of("janitor") == frozenset()


def test_nobody_who_administers_sees_customers() -> None:
    seeing = {"pops.read", "calls.read", "customer.search"}
    assert not seeing & (permissions_of("admin") | permissions_of("integrator"))


@pytest.mark.parametrize(("role", "code"), [("service", "scope_missing"), ("agent", "forbidden")])
def test_a_missing_permission_is_refused_by_its_name(role: str, code: str) -> None:
    caller = Caller(actor="x", role=role, scopes=frozenset({"pops.read"}))
    caller.require("pops.read")
    with pytest.raises(NotAllowed) as refused:
        caller.require("keys.manage")
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("agent", "scopes", "other", "expected"),
    [
        ("1001", set(), "1001", True),
        ("1001", set(), "1002", False),
        ("9001", {"agents.any"}, "1002", True),
        (None, set(), "1002", True),
    ],
    ids=["oneself", "a colleague", "a supervisor for a colleague", "a machine for anybody"],
)
def test_speaking_for_an_agent(agent: str | None, scopes: set[str], other: str, *, expected: bool) -> None:
    assert Caller("x", "r", frozenset(scopes), agent).speaks_for(other) is expected


def test_a_route_cannot_name_a_permission_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="pops\\.reed"):
        Permit("pops.reed")
    with pytest.raises(ValueError, match="why"):
        Public("")
