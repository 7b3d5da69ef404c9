"""What takes away from what somebody sees: the word of a connected system on the agent, or on the customer. It never adds."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from tieline.domain.agent import Agent
from tieline.domain.customer import Customer

FULL: Final = "full"
"""The word for "nothing is taken away"."""

SET_ASIDE: Final = "restricted"
"""The view through which somebody is not seen at all."""

AgentKey = Literal["number", "email", "extension"]
AgentField = Literal["role", "territory", "team", "state"]
CustomerField = Literal["owner", "tags", "tier", "region", "kind"]


class Narrowed(BaseModel):
    """One thing that is taken away: through which `view` is looked, why, and by whose word.

    `silent`: that system does not say just now, so the narrower view holds.
    """

    model_config = ConfigDict(frozen=True)

    view: str
    because: str
    system: str | None = None
    silent: bool = False


def is_set_aside(narrowed: Iterable[Narrowed]) -> bool:
    """Say whether it is about somebody whose data is only kept."""
    return any(one.view == SET_ASIDE for one in narrowed)


@dataclass(frozen=True, slots=True)
class AgentRule:
    """What a system's word on an agent means. A word without a view, an agent it does not list, and silence mean `silent`.

    `by` is what names our agent there; `keep_for` is how long its word holds; `roles` are whom it can narrow, none: everybody.
    """

    system: str
    by: AgentKey
    field: AgentField
    views: Mapping[str, str]
    silent: str
    keep_for: timedelta
    roles: frozenset[str] = frozenset()

    def concerns(self, role: str) -> bool:
        """Say whether people of this role are narrowed by it."""
        return not self.roles or role in self.roles


@dataclass(frozen=True, slots=True)
class CustomerRule:
    """Which customers are seen through a view. `among` empty: any value counts; `but_owner`: their owner is not narrowed."""

    name: str
    system: str
    field: CustomerField
    view: str
    among: frozenset[str] = frozenset()
    but_owner: bool = False
    roles: frozenset[str] = frozenset()

    def concerns(self, role: str) -> bool:
        """Say whether people of this role are narrowed by it."""
        return not self.roles or role in self.roles

    def fits(self, customer: Customer) -> bool:
        """Say whether it is about this customer."""
        value = getattr(customer, self.field)
        values = {str(one) for one in (value if isinstance(value, tuple) else [value]) if one}
        return bool(values & self.among) if self.among else bool(values)


_NAMED_BY: Final[Mapping[AgentKey, Callable[[Agent], Iterable[str | None]]]] = {
    "number": lambda agent: [agent.id],
    "email": lambda agent: [agent.email],
    "extension": lambda agent: agent.extensions,
}


def by_agent(rule: AgentRule, agent: Agent, said: Mapping[str, str] | None) -> Narrowed | None:
    """Return what a system's word takes away from an agent; `said`: its word by what names them there, None: it is silent."""
    if said is None:
        return _through(rule.silent, f"{rule.system} does not say", rule.system, silent=True)
    keys = [key.casefold() for key in _NAMED_BY[rule.by](agent) if key]
    word = next((said[key] for key in keys if key in said), None)
    if word is None:
        return _through(rule.silent, f"{rule.system} does not know the agent", rule.system)
    view = rule.views.get(word, rule.silent)
    return _through(view, f"{rule.field} in {rule.system}", rule.system)


def by_customer(
    rule: CustomerRule, customers: Iterable[Customer], *, agent: Agent | None, answered: Collection[str]
) -> Narrowed | None:
    """Return what a system's word on a customer takes away. `answered`: the systems that said by now what they know."""
    if rule.system not in answered:
        return _through(rule.view, f"{rule.system} does not say", rule.system, silent=True)
    theirs = [one for one in customers if one.ref.connection == rule.system]
    if not any(rule.fits(one) for one in theirs):
        return None
    if rule.but_owner and agent is not None and all(_owns(agent, one) for one in theirs):
        return None
    return _through(rule.view, rule.name, rule.system)


def _owns(agent: Agent, customer: Customer) -> bool:
    """A system writes an owner as it likes: a name, an address for mail, a number."""
    named = {name.casefold() for name in (agent.id, agent.name, agent.email) if name}
    return customer.owner is not None and customer.owner.strip().casefold() in named


def _through(view: str, because: str, system: str, *, silent: bool = False) -> Narrowed | None:
    return None if view == FULL else Narrowed(view=view, because=because, system=system, silent=silent)
