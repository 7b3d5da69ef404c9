"""Whom this process must not speak of any more: known to every process within moments of the commit that erased them."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable

import structlog

from tieline.domain.customer import Customer
from tieline.domain.data_subject import number_mark, record_mark
from tieline.domain.errors import Overloaded
from tieline.domain.phone import PhoneNumber
from tieline.domain.references import ExternalRef
from tieline.domain.ticket import Ticket
from tieline.security.pseudonym import Pseudonyms
from tieline.services.privacy.children import GUARDIAN, Children
from tieline.services.privacy.restricted import KIND, Restricted
from tieline.services.sources import Answer, CanonicalModel, Question
from tieline.store import children, consents, erasures, restrictions
from tieline.store.database import Database

AGAIN_S = 0.2
CHILDREN = children.NEWS
__all__ = ["KIND", "Erased", "ErasedFollower"]
log = structlog.get_logger()


class Erased:
    """The marks, by keyed stand-ins. `version` changes with them. Nothing is computed while there are none.

    Whoever had processing restricted is not spoken of either, for as long as that holds: `restricted` says who that is.
    """

    def __init__(
        self, pseudonyms: Pseudonyms | None = None, marks: Iterable[str] = (), restricted: Restricted | None = None
    ) -> None:
        self._pseudonyms = pseudonyms
        self._marks = frozenset(marks)
        self._version = 0
        self.restricted = restricted or Restricted(pseudonyms)

    def __bool__(self) -> bool:
        return bool(self._marks) or bool(self.restricted)

    @property
    def version(self) -> tuple[int, int]:
        """Return what changes with whom must not be spoken of."""
        return self._version, self.restricted.version

    @property
    def for_good(self) -> "Erased":
        """Return those alone who were erased, without whoever is restricted for a while."""
        return Erased(self._pseudonyms, self._marks)

    def replace(self, marks: frozenset[str]) -> None:
        """Take over what holds now."""
        if marks != self._marks:
            self._marks = marks
            self._version += 1

    def number(self, e164: str | None) -> bool:
        """Say whether a number is an erased person's alone."""
        return bool(self) and e164 is not None and self._has(number_mark(e164))

    def record(self, connection: str, kind: str, record_id: str) -> bool:
        """Say whether a record of a system is an erased person's."""
        return bool(self) and self._has(record_mark(connection, kind, record_id))

    def ref(self, ref: ExternalRef) -> bool:
        """Say whether a reference names an erased person's record."""
        return self.record(ref.connection, ref.kind, ref.id)

    def question(self, question: Question) -> bool:
        """Say whether a question is about an erased person, so that it is not put."""
        phone, customer_id = question.inputs.get("phone"), question.inputs.get("customer_id")
        if isinstance(phone, PhoneNumber) and self.number(phone.key):
            return True
        return isinstance(customer_id, str) and self.record(question.source.name, "customer", customer_id)

    def without(self, question: Question, answer: Answer) -> Answer:
        """Return an answer without what is an erased person's."""
        if not self:
            return answer
        models = () if self.question(question) else tuple(model for model in answer.models if not self._names(model))
        return answer if len(models) == len(answer.models) else answer._replace(models=models)

    def _names(self, model: CanonicalModel) -> bool:
        if self.ref(model.ref):
            return True
        if isinstance(model, Ticket) and model.customer is not None:
            return self.record(model.ref.connection, "customer", model.customer.rpartition(":")[2])
        return isinstance(model, Customer) and model.merged_into is not None and self._heir(model)

    def _heir(self, customer: Customer) -> bool:
        return self.record(customer.ref.connection, "customer", (customer.merged_into or "").rpartition(":")[2])

    def _has(self, mark: str) -> bool:
        if self._pseudonyms is None:
            return False
        token = self._pseudonyms.of(KIND, mark)
        return token in self._marks or self.restricted.has(token)


class ErasedFollower:
    """Keeps `Erased` as the database has it, and empties this process's memory of answers. One per process."""

    def __init__(self, database: Database, erased: Erased, children: Children, *, forget_answers: Callable[[], object]) -> None:
        self._database = database
        self._erased = erased
        self._children = children
        self._forget_answers = forget_answers
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load once, then follow. Raises: Overloaded."""
        await self.load()
        self._following = asyncio.create_task(self._follow(), name="erasures")

    async def load(self) -> None:
        """Read the marks anew."""
        async with self._database.read() as conn:
            self._erased.replace(await erasures.marks(conn))
            self._erased.restricted.replace(await restrictions.marks(conn))
            self._children.replace(await children.marks(conn), await consents.agreed_to(conn, GUARDIAN))

    async def aclose(self) -> None:
        """Stop."""
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following

    async def _follow(self) -> None:
        async with self._database.listen(erasures.CHANNEL) as notes:
            async for note in notes:
                await self._load_at_last()
                if not note.resync and note.payload != CHILDREN:
                    self._forget_answers()

    async def _load_at_last(self) -> None:
        """Read the marks, however long the database is busy: nobody is spoken of because we gave up."""
        while True:
            try:
                return await self.load()
            except Overloaded as exc:
                log.warning("erasures.not_read", code=exc.code)
                await asyncio.sleep(AGAIN_S)
