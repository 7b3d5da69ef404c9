"""Whom this process knows to be a child, and for whom a guardian agreed: known to every process, by keyed stand-ins."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from tieline.domain.children import child_until
from tieline.domain.consent import Purpose
from tieline.domain.customer import Customer
from tieline.domain.data_subject import record_mark
from tieline.domain.narrowing import Narrowed
from tieline.domain.references import ExternalRef
from tieline.security.pseudonym import Pseudonyms
from tieline.services.privacy.marked import KIND
from tieline.store import consents

GUARDIAN: Final[Purpose] = "guardian"
AGREED: Final = Narrowed(view="minor", because="a child under 14, a guardian agreed")
NOT_AGREED: Final = Narrowed(view="unconsented", because="a child under 14, no guardian agreed")


class Children:
    """What was learned from answers of the systems, and the guardians' words out of the ledger of consents."""

    def __init__(self, pseudonyms: Pseudonyms | None = None) -> None:
        self._pseudonyms = pseudonyms
        self._until: Mapping[str, date] = {}
        self._agreed: frozenset[str] = frozenset()

    def replace(self, until: Mapping[str, date], agreed: frozenset[str]) -> None:
        """Take over what holds now."""
        self._until, self._agreed = until, agreed

    def tokens(self, ref: ExternalRef) -> list[str]:
        """Return the stand-in of a record. A number says nothing: a child's record often has a parent's."""
        mark = record_mark(ref.connection, ref.kind, ref.id)
        return [self._pseudonyms.of(KIND, mark)] if self._pseudonyms is not None else []

    def knows(self, ref: ExternalRef) -> bool:
        """Say whether a record is known to be a child's."""
        return bool(self._until) and any(token in self._until for token in self.tokens(ref))

    def narrowed(
        self, customers: Iterable[Customer], *, refs: Iterable[str], number: str | None, today: date
    ) -> tuple[Narrowed, ...]:
        """Return what is taken away because of whom it is about: by what the systems say now, else by what they said before."""
        said = list(customers)
        is_child = any(child_until(one, today=today) is not None for one in said)
        if not said:
            is_child = any(self._was_child(ref, today=today) for ref in refs)
        if not is_child:
            return ()
        keys = [*refs, *([number] if number else [])]
        return (AGREED if self._pseudonyms is not None and self._is_agreed(keys, self._pseudonyms) else NOT_AGREED,)

    def _was_child(self, ref: str, *, today: date) -> bool:
        if not self._until:
            return False
        return any(self._until.get(token, today) > today for token in self.tokens(ExternalRef.parse(ref)))

    def _is_agreed(self, keys: Iterable[str], pseudonyms: Pseudonyms) -> bool:
        return bool(self._agreed) and any(pseudonyms.of(consents.KIND, key) in self._agreed for key in keys)
