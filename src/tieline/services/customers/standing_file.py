"""Who needs more care, as the administrator writes it: the section `customers` of the apply file, the rules of that kind.

customers:
  rules:                      # the first tier that holds counts; every tag that holds is given
    - {name: big spender, tier: high_value, when: [{field: spent, at_least: 10000}]}
    - {name: let down twice, tier: churn_risk, when: [{count: low_score, within_days: 90, at_least: 2}]}
    - name: keeps coming
      tag: 高关怀需求客户
      when: [{count: contact, about: [退款, 产品质量, refund, quality], within_days: 30, at_least: 3}]
  write_to: [crm]             # who is told, by the rows `tier` and `tags` of its mapping; left out: nobody
"""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tieline.domain.customer import Tier
from tieline.domain.standing import Condition, Counted, StandingRule, Told

_closed = ConfigDict(frozen=True, extra="forbid")
Word = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Number = Annotated[float, Field(ge=-1e9, le=1e12, allow_inf_nan=False)]


class ConditionEntry(BaseModel):
    """One condition: something counted, or a field compared."""

    model_config = _closed

    count: Counted | None = None
    about: Annotated[tuple[Word, ...], Field(max_length=50)] = ()
    within_days: Annotated[int, Field(ge=1, le=365)] | None = None
    field: Told | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    among: Annotated[tuple[Word, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.count is None) == (self.field is None):
            raise ValueError("a condition either counts something or names a field")
        if self.at_least is None and self.at_most is None and not self.among:
            raise ValueError("a condition says at_least, at_most or among")
        if self.among and self.field != "tier":
            raise ValueError("only the tier is one among words")
        return self

    @property
    def condition(self) -> Condition:
        """Return it ready to be asked."""
        return Condition(
            count=self.count,
            about=frozenset(self.about),
            within=timedelta(days=self.within_days) if self.within_days else None,
            field=self.field,
            at_least=None if self.at_least is None else Decimal(str(self.at_least)),
            at_most=None if self.at_most is None else Decimal(str(self.at_most)),
            among=frozenset(self.among),
        )


class RuleEntry(BaseModel):
    """One rule: it gives a tier or a tag."""

    model_config = _closed

    name: Word
    tier: Tier | None = None
    tag: Word | None = None
    when: Annotated[tuple[ConditionEntry, ...], Field(min_length=1, max_length=10)]

    @model_validator(mode="after")
    def _gives_one_thing(self) -> Self:
        if (self.tier is None) == (self.tag is None):
            raise ValueError("a rule gives either a tier or a tag")
        return self

    @property
    def rule(self) -> StandingRule:
        """Return it ready to be asked."""
        return StandingRule(self.name, tuple(one.condition for one in self.when), self.tier, self.tag)


class CustomersEntry(BaseModel):
    """The section."""

    model_config = _closed

    rules: Annotated[tuple[RuleEntry, ...], Field(max_length=100)] = ()
    write_to: tuple[Name, ...] = ()

    @property
    def connections(self) -> set[str]:
        """Return the connections it names."""
        return set(self.write_to)
