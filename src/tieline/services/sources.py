"""One source: a connection and the mapping that turns its records into canonical models."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ValidationError

from tieline.connectors.contract import Connection, Record
from tieline.domain.account import Account
from tieline.domain.customer import Customer
from tieline.domain.errors import VendorBadAnswer
from tieline.domain.order import Order
from tieline.domain.references import ExternalRef
from tieline.domain.ticket import Ticket
from tieline.kit.deadline import Deadline
from tieline.mapping.record import RecordMapping

CanonicalModel = Customer | Order | Ticket | Account
MODELS: Mapping[str, type[CanonicalModel]] = {
    "customer": Customer,
    "order": Order,
    "ticket": Ticket,
    "account": Account,
}


@dataclass(frozen=True, slots=True)
class Source:
    """Who answers for one kind of record. `connection.name` is the administrator's name for it."""

    record: str
    connection: Connection
    mapping: RecordMapping

    @property
    def name(self) -> str:
        """Return the connection's name."""
        return self.connection.name


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source said, translated. `items` are the models as documents, without nulls, `ref` as text."""

    models: tuple[CanonicalModel, ...]
    items: tuple[dict[str, Any], ...]
    unreadable: int
    truncated: bool
    took_ms: int


@dataclass(frozen=True, slots=True)
class Question:
    """One operation put to one source about one caller; `block` is where its answer is shown."""

    block: str
    source: Source
    operation: str
    inputs: Mapping[str, Any]
    about: str
    fresh: timedelta

    revalidate_after: timedelta | None = None
    nobody_fresh: timedelta | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what makes two questions the same."""
        return (self.source.name, self.operation, self.about)

    def fresh_for(self, answer: Answer) -> timedelta:
        """Say how long an answer counts as fresh; "there is nobody" ages faster than a profile."""
        return self.fresh if answer.models or self.nobody_fresh is None else self.nobody_fresh

    def quiet_for(self, answer: Answer) -> timedelta:
        """Say how long an answer is not even looked at again behind the scenes."""
        fresh = self.fresh_for(answer)
        return fresh if self.revalidate_after is None else min(fresh, self.revalidate_after)


async def ask(question: Question, *, limit_s: float) -> Answer:
    """Put the question and translate the answer.

    A record that cannot be translated is left out and counted. Raises: ConnectorError: the source did not answer, or
    nothing in its answer could be read.
    """
    source = question.source
    result = await source.connection.run(question.operation, deadline=Deadline.after(limit_s), **question.inputs)
    models = [model for record in result.records if (model := translate(source, record)) is not None]
    if result.records and not models:
        raise VendorBadAnswer("No record in the answer could be translated.")
    return Answer(
        models=tuple(models),
        items=tuple(document(model) for model in models),
        unreadable=len(result.records) - len(models),
        truncated=result.truncated,
        took_ms=result.took_ms,
    )


def translate(source: Source, record: Record) -> CanonicalModel | None:
    """Return the canonical model of a vendor's record; None if it lacks what the model must have."""
    try:
        fields = source.mapping.read(record)
        ref = ExternalRef(connection=source.name, kind=source.record, id=fields.pop("id"))
        return MODELS[source.record](ref=ref, **fields)
    except (VendorBadAnswer, ValidationError, KeyError):
        return None


def document(model: BaseModel) -> dict[str, Any]:
    """Return a model as it travels to the agent: no nulls, its reference as text."""
    shown = model.model_dump(mode="json", exclude={"ref"}, exclude_none=True)
    shown["ref"] = str(getattr(model, "ref", ""))
    return shown
