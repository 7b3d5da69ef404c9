"""Whose word narrows what is seen in this company, ready to be asked; without rules, nobody's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tieline.domain.narrowing import AgentRule, CustomerRule
from tieline.services.linkage.policy_file import AccessEntry

KIND: Final = "access"
"""The kind of the rules among the house rules."""


@dataclass(frozen=True)
class AccessPolicy:
    """The rules that hold."""

    agents: tuple[AgentRule, ...] = ()
    customers: tuple[CustomerRule, ...] = ()


def policy_of(definition: Mapping[str, Any] | None) -> AccessPolicy:
    """Return the rules as stored."""
    entry = AccessEntry.model_validate(definition or {})
    return AccessPolicy(tuple(one.rule for one in entry.agents), tuple(one.rule for one in entry.customers))
