"""Whose word narrows what is seen, as it is written: the section `access` of the apply file, the rules of that kind.

access:
  agents:                     # what a system says of our agents, by its operation agent.list
    - system: crm
      by: number              # what names the agent there: number (our id), email or extension
      field: role             # of its agents: role, territory, team or state
      views: {TRAINEE: basic, STAFF: full}
      silent: basic           # for other words, for whoever it does not list, and while it does not answer
      keep_s: 600             # how long its word holds
      roles: [agent]          # whom it can narrow; left out: every role
  customers:                  # what a system says of a customer
    - {name: key accounts, system: crm, field: tags, among: [重点客户], view: basic, but: owner}
Views stand in security/rights.csv; `full` takes nothing away. Nothing here ever adds to what a role sees.
"""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tieline.domain.narrowing import FULL, AgentField, AgentKey, AgentRule, CustomerField, CustomerRule
from tieline.security.rights import rights

_closed = ConfigDict(frozen=True, extra="forbid")
Word = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]


class AgentEntry(BaseModel):
    """What one system's word on an agent means."""

    model_config = _closed

    system: Name
    by: AgentKey = "number"
    field: AgentField = "role"
    views: Annotated[dict[Word, Word], Field(min_length=1, max_length=50)]
    silent: Word
    keep_s: Annotated[int, Field(ge=10, le=86_400)] = 600
    roles: tuple[Word, ...] = ()

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        _known((*self.views.values(), self.silent), self.roles)
        if self.silent == FULL:
            raise ValueError("silent is what holds while nothing is known: a view that takes something away")
        return self

    @property
    def rule(self) -> AgentRule:
        """Return it ready to be asked."""
        return AgentRule(
            system=self.system,
            by=self.by,
            field=self.field,
            views=self.views,
            silent=self.silent,
            keep_for=timedelta(seconds=self.keep_s),
            roles=frozenset(self.roles),
        )


class CustomerEntry(BaseModel):
    """Which customers are seen through a view, by one system's word."""

    model_config = _closed

    name: Word
    system: Name
    field: CustomerField
    among: Annotated[tuple[Word, ...], Field(max_length=50)] = ()
    view: Word
    but: Literal["owner"] | None = None
    roles: tuple[Word, ...] = ()

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        _known((self.view,), self.roles)
        return self

    @property
    def rule(self) -> CustomerRule:
        """Return it ready to be asked."""
        return CustomerRule(
            name=self.name,
            system=self.system,
            field=self.field,
            view=self.view,
            among=frozenset(self.among),
            but_owner=self.but == "owner",
            roles=frozenset(self.roles),
        )


class AccessEntry(BaseModel):
    """The section."""

    model_config = _closed

    agents: Annotated[tuple[AgentEntry, ...], Field(max_length=20)] = ()
    customers: Annotated[tuple[CustomerEntry, ...], Field(max_length=50)] = ()

    @property
    def connections(self) -> set[str]:
        """Return the connections it names."""
        return {one.system for one in self.agents} | {one.system for one in self.customers}


def _known(views: tuple[str, ...], roles: tuple[str, ...]) -> None:
    table = rights()
    if unknown := sorted({view for view in views if view != FULL and view not in table.views}):
        message = f"there is no such view: {', '.join(unknown)}; there are: {FULL}, {', '.join(table.views)}"
        raise ValueError(message)
    if unknown := sorted(set(roles) - set(table.roles)):
        message = f"there is no such role: {', '.join(unknown)}; there are: {', '.join(table.roles)}"
        raise ValueError(message)
