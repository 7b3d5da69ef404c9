"""Whom this process must not speak of any more: known to every process within moments of the commit that erased them."""

import asyncio
import contextlib
from collections.abc import Callable, Hashable, Iterable

from tieline.domain.customer import Customer
from tieline.domain.phone import PhoneNumber
from tieline.domain.ticket import Ticket
from tieline.security.pseudonym import Pseudonyms
from tieline.services.at_last import read_at_last
from tieline.services.privacy.children import GUARDIAN, Children
from tieline.services.privacy.marked import Marked
from tieline.services.privacy.restricted import Restricted
from tieline.services.sources import Answer, CanonicalModel, Question
from tieline.store import children, consents, erasures, restrictions
from tieline.store.database import Database


class Erased(Marked):
    """Whoever was erased, and, for as long as that holds, whoever had processing restricted: nobody speaks of either."""

    def __init__(self, pseudonyms: Pseudonyms | None = None, marks: Iterable[str] = ()) -> None:
        super().__init__(pseudonyms, marks)
        self.restricted = Restricted(pseudonyms)

    def __bool__(self) -> bool:
        return super().__bool__() or bool(self.restricted)

    @property
    def version(self) -> Hashable:
        """Return what changes with whom must not be spoken of."""
        return super().version, self.restricted.version

    def has(self, token: str) -> bool:
        """Say whether a stand-in is an erased or a restricted person's."""
        return super().has(token) or self.restricted.has(token)

    @property
    def for_good(self) -> "Erased":
        """Return those alone who were erased, without whoever is restricted for a while."""
        return Erased(self._pseudonyms, self._marks)

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


class ErasedFollower:
    """Keeps `Erased` and `Children` as the database has them, and empties this process's memory of answers. One per process."""

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
                await read_at_last(self.load, otherwise="erasures.not_read")
                if not note.resync and note.payload != children.NEWS:
                    self._forget_answers()
