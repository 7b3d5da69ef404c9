"""What somebody sees of a document: by the masks of their role, less whatever is taken away. The doors show nothing else."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from tieline.domain.agent import Agent
from tieline.domain.customer import Customer
from tieline.domain.narrowing import Narrowed, by_agent, by_customer, is_set_aside
from tieline.domain.screen_pop import Match
from tieline.security.permissions import Caller
from tieline.services.pop_desk import PopDesk
from tieline.services.privacy.restricted import LABEL

NAMING: Final = ("customer_ref", "phone", "customer", "customer_e164", "number")
"""The fields by which a document names whom it is about."""

UNSAID: Final[Mapping[str, object]] = {
    "subject": "[restricted]",
    "description": None,
    "text": None,
    "tags": (),
    "causes": (),
    "conflicts": (),
    "comments": (),
    "attachments": (),
    "history": (),
    "understood": None,
    "recording_ref": None,
    "events": (),
    "pops": (),
}
"""What stands in place of what was written about somebody whose data is only kept."""


def narrowed_by_agent(desk: PopDesk, agent: Agent | None) -> tuple[Narrowed, ...]:
    """Return what the connected systems' word on an agent takes away; nothing from a machine."""
    directory = desk.directory.now
    if agent is None:
        return ()
    rules = [rule for rule in directory.access.agents if rule.concerns(agent.role)]
    return _found(by_agent(rule, agent, desk.agents_said.of(directory, rule)) for rule in rules)


def narrowed_by_customer(
    desk: PopDesk, customers: Collection[Customer], *, agent: Agent | None, role: str, answered: Collection[str]
) -> tuple[Narrowed, ...]:
    """Return what the connected systems' word on a customer takes away from whoever looks. `answered`: who said something."""
    rules = [rule for rule in desk.directory.now.access.customers if rule.concerns(role)]
    return _found(by_customer(rule, customers, agent=agent, answered=answered) for rule in rules)


def views_of(narrowed: Iterable[Narrowed]) -> frozenset[str]:
    """Return the views through which is looked."""
    return frozenset(one.view for one in narrowed)


def told_of(narrowed: Iterable[Narrowed]) -> dict[str, Any]:
    """Return what the audit and the trace are told of that; nothing where nothing was taken away."""
    told = [one.model_dump() for one in narrowed]
    return {"narrowed": told} if told else {}


def kept_state(match: Match, narrowed: Collection[Narrowed]) -> str | None:
    """Return what is kept of how sure a card was; nothing of somebody set aside, so that nobody is asked who that was."""
    return None if is_set_aside(narrowed) else match.state


def agent_of(desk: PopDesk, caller: Caller) -> Agent | None:
    """Return the agent who asks; None: a machine, or somebody who is none of ours."""
    return desk.directory.now.agents.get(caller.agent) if caller.agent is not None else None


def as_seen(
    desk: PopDesk, caller: Caller, document: Mapping[str, Any], *, shape: str, narrowed: tuple[Narrowed, ...] = ()
) -> dict[str, Any]:
    """Return a document as the caller may see it. `narrowed`: what is taken away besides, because of whom it is about."""
    if desk.erased.restricted.any_of(document.get(field) for field in NAMING):
        narrowed = (*narrowed, LABEL)
        document = {**document, **{field: value for field, value in UNSAID.items() if field in document}}
    views = views_of((*narrowed, *_by_caller(desk, caller)))
    return desk.policy.apply(caller.role, document, shape=shape, active_call_phone=False, views=views)


def views_for(desk: PopDesk, caller: Caller) -> frozenset[str]:
    """Return the views through which a caller looks at anything, whomever it is about."""
    return views_of(_by_caller(desk, caller))


def sees(desk: PopDesk, caller: Caller, shape: str, *, narrowed: tuple[Narrowed, ...] = ()) -> bool:
    """Say whether the caller sees objects of a shape at all."""
    return desk.policy.shows(caller.role, shape, views=views_of((*narrowed, *_by_caller(desk, caller))))


def _by_caller(desk: PopDesk, caller: Caller) -> tuple[Narrowed, ...]:
    agent = agent_of(desk, caller)
    if agent is not None:
        desk.agents_said.look_ahead(desk.directory.now, agent)
    return narrowed_by_agent(desk, agent)


def _found(each: Iterable[Narrowed | None]) -> tuple[Narrowed, ...]:
    return tuple(one for one in each if one is not None)
