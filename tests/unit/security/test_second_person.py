"""What asks for a second person: the table, the setting that leaves actions out, and which rules of access count as loosened."""

from typing import Any, Final

import pytest

from tieline.domain.errors import ConfigRefused
from tieline.security.permissions import Caller
from tieline.security.reveal import may_reveal
from tieline.security.rights import rights
from tieline.security.second_person import IDENTITY_REVEAL, guarded, may_approve
from tieline.services.linkage.loosening import loosened
from tieline.settings import Settings

CRM: Final[dict[str, Any]] = {"system": "crm", "views": {"TRAINEE": "basic"}, "silent": "basic"}
KEY: Final[dict[str, Any]] = {"name": "key", "system": "crm", "field": "tier", "among": ["vip"], "view": "basic"}


def test_every_action_has_at_least_two_roles_or_one_of_several_people_and_never_a_key() -> None:
    actions = rights().says["approve"]
    for action in actions:
        approvers = {role for role in rights().roles if may_approve(role, action)}
        assert approvers, action
        assert "service" not in approvers
        assert all("approvals.decide" in rights().actions[role] for role in approvers), "who may approve may see what waits"
    assert {role for role in rights().roles if role != "service" and may_reveal(role, "id_number")} == {
        role for role in rights().roles if may_approve(role, IDENTITY_REVEAL)
    }
    assert not may_approve("nobody knows", IDENTITY_REVEAL)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("all", set(rights().says["approve"])),
        ("", set()),
        (" , ", set()),
        ("key.change, export.bulk", {"key.change", "export.bulk"}),
    ],
)
def test_the_setting_names_what_is_guarded(setting: str, expected: set[str]) -> None:
    assert guarded(setting) == expected


@pytest.mark.parametrize("setting", ["none", "off", "key.change,nonsense", "all,key.change"])
def test_a_setting_that_names_something_else_guards_nothing_silently(setting: str) -> None:
    with pytest.raises(ConfigRefused):
        guarded(setting)


def test_without_a_word_everything_is_guarded() -> None:
    assert Settings.model_fields["second_person"].default == "all"


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ({}, {"agents": [CRM]}, []),
        ({"agents": [CRM]}, {"agents": [CRM], "customers": [KEY]}, []),
        ({"agents": [CRM], "customers": [KEY]}, {"customers": [KEY], "agents": [CRM]}, []),
        ({"agents": [CRM]}, {"agents": [{**CRM, "keep_s": 600, "by": "number"}]}, []),
        ({"agents": [CRM]}, {}, ["agents: crm"]),
        ({"agents": [CRM]}, {"agents": [{**CRM, "views": {"TRAINEE": "full"}}]}, ["agents: crm"]),
        ({"agents": [CRM]}, {"agents": [{**CRM, "keep_s": 86_400}]}, ["agents: crm"]),
        ({"agents": [CRM]}, {"agents": [{**CRM, "roles": ["agent"]}]}, ["agents: crm"]),
        ({"customers": [KEY]}, {"customers": [{**KEY, "among": []}]}, ["customers: key"]),
        ({"customers": [KEY]}, {"customers": [{**KEY, "but": "owner"}]}, ["customers: key"]),
        ({"agents": [CRM], "customers": [KEY]}, {}, ["agents: crm", "customers: key"]),
    ],
)
def test_what_stands_there_no_longer_is_loosened(before: dict[str, Any], after: dict[str, Any], lost: list[str]) -> None:
    assert loosened(before, after) == lost


def test_a_person_is_the_same_by_session_and_by_key() -> None:
    session = Caller("agent:1001", "admin", frozenset(), agent="1001")
    key = Caller("key:abc", "service", frozenset(), agent="1001")
    assert session.person == key.person == "agent:1001"
    assert Caller("key:abc", "service", frozenset()).person == "key:abc"
