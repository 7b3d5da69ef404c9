"""People by keyed stand-ins of their numbers and records, which tell nobody a number; every process has them in mind."""

from collections.abc import Hashable, Iterable
from typing import Final

from tieline.domain.data_subject import number_mark, record_mark
from tieline.domain.references import ExternalRef
from tieline.security.pseudonym import Pseudonyms

KIND: Final = "erased"
"""As what numbers and records are pseudonymised, whatever they are marked for, so that one look serves all."""


class Marked:
    """Who is marked. `version` changes with them. Nothing is computed while nobody is."""

    def __init__(self, pseudonyms: Pseudonyms | None = None, marks: Iterable[str] = ()) -> None:
        self._pseudonyms = pseudonyms
        self._marks = frozenset(marks)
        self._changes = 0

    def __bool__(self) -> bool:
        return bool(self._marks)

    @property
    def version(self) -> Hashable:
        """Return what changes with whom is marked."""
        return self._changes

    def replace(self, marks: frozenset[str]) -> None:
        """Take over what holds now."""
        if marks != self._marks:
            self._marks = marks
            self._changes += 1

    def has(self, token: str) -> bool:
        """Say whether a stand-in is marked."""
        return token in self._marks

    def number(self, e164: str | None) -> bool:
        """Say whether a number is a marked person's alone."""
        return bool(self) and e164 is not None and self._is_marked(number_mark(e164))

    def record(self, connection: str, kind: str, record_id: str) -> bool:
        """Say whether a record of a system is a marked person's."""
        return bool(self) and self._is_marked(record_mark(connection, kind, record_id))

    def ref(self, ref: ExternalRef) -> bool:
        """Say whether a reference names a marked person's record."""
        return self.record(ref.connection, ref.kind, ref.id)

    def _is_marked(self, mark: str) -> bool:
        return self._pseudonyms is not None and self.has(self._pseudonyms.of(KIND, mark))
