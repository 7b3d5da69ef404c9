"""One source: a connection and the mapping that turns its records into canonical models, for this agent or that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, NamedTuple

from tieline.connectors.contract import Connection, Record
from tieline.domain.account import Account
from tieline.domain.contract import Contract
from tieline.domain.customer import Customer
from tieline.domain.documents import filled_in
from tieline.domain.errors import VendorBadAnswer
from tieline.domain.invoice import Invoice
from tieline.domain.order import Order
from tieline.domain.references import ExternalRef
from tieline.domain.ticket import Ticket
from tieline.domain.trusted import built
from tieline.kit.deadline import Deadline
from tieline.mapping.record import RecordMapping
from tieline.services.drift import Drift
from tieline.services.gray_mappings import GrayMapping

CanonicalModel = Customer | Order | Ticket | Account | Invoice | Contract
MODELS: Mapping[str, type[CanonicalModel]] = {
    "customer": Customer,
    "order": Order,
    "ticket": Ticket,
    "account": Account,
    "invoice": Invoice,
    "contract": Contract,
}


@dataclass(frozen=True)
class Source:
    """Who answers for one kind of record. `connection.name` is the administrator's name for it.

    `gray` is a mapping that only the agents of its release are served with, `standing` everybody else's. `on_demand`: searched
    only when a number turns out to be several people's, to tell their records apart.
    """

    record: str
    connection: Connection
    standing: RecordMapping
    gray: GrayMapping | None = None
    on_demand: bool = False
    drift: Drift = field(default_factory=Drift, compare=False, repr=False)

    @cached_property
    def name(self) -> str:
        """Return the connection's name."""
        return self.connection.name

    def mapping_for(self, agent: str | None) -> RecordMapping:
        """Return the mapping this agent is served with; None: a machine asks for nobody in particular."""
        return self.gray.mapping if self.gray is not None and self.gray.release.includes(agent) else self.standing

    def release_of(self, mapping: RecordMapping) -> str | None:
        """Return the gray release a mapping belongs to; None: it is the standing one."""
        return self.gray.release.name if self.gray is not None and mapping is self.gray.mapping else None


class Answer(NamedTuple):
    """What a source said, translated; all `models` are of one kind."""

    models: tuple[CanonicalModel, ...]
    unreadable: int
    truncated: bool
    took_ms: int

    @property
    def items(self) -> tuple[dict[str, Any], ...]:
        """The models as they travel to the agent: documents without nulls, `ref` as text; made when asked for, not kept."""
        documents = tuple(filled_in(model) for model in self.models)
        for document, model in zip(documents, self.models, strict=True):
            document["ref"] = str(model.ref)
        return documents


class Question(NamedTuple):
    """One operation put to one source about one caller, and how its answer is read; `block` is where that is shown.

    `of_one`: it is about one record and not about a number. `follows` is the reference whose record is looked up by its id.
    """

    block: str
    source: Source
    mapping: RecordMapping
    operation: str
    inputs: Mapping[str, Any]
    about: str
    fresh: timedelta
    revalidate_after: timedelta | None = None
    nobody_fresh: timedelta | None = None
    of_one: bool = False
    follows: str | None = None

    @property
    def key(self) -> tuple[str, str, str, RecordMapping]:
        """Return what makes two questions the same. No answer outlives the mapping it was read with."""
        return (self.source.name, self.operation, self.about, self.mapping)

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
    models = translate(source, question.mapping, result.records)
    if result.records and not models:
        raise VendorBadAnswer("No record in the answer could be translated.")
    return Answer(
        models=tuple(models),
        unreadable=len(result.records) - len(models),
        truncated=result.truncated,
        took_ms=result.took_ms,
    )


def translate(source: Source, mapping: RecordMapping, records: Sequence[Record]) -> list[CanonicalModel]:
    """Return the canonical models of a vendor's records, without those that lack what the model must have."""
    name, kind, model = source.name, source.record, MODELS[source.record]
    models: list[CanonicalModel] = []
    unread: list[str] = []
    for record in records:
        try:
            fields = mapping.read(record, unread.append)
        except VendorBadAnswer:
            continue
        fields["ref"] = ExternalRef(connection=name, kind=kind, id=fields.pop("id"))
        models.append(built(model, fields))
    if records:
        source.drift.note(len(records), unread, connection=name, kind=kind)
    return models
