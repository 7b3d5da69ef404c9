"""Whose data is only kept, as this process knows: nobody is asked about them, and what is kept is not shown or used."""

from collections.abc import Iterable
from typing import Final

from tieline.domain.data_subject import number_mark, record_mark
from tieline.domain.narrowing import Narrowed
from tieline.domain.references import ExternalRef
from tieline.security.pseudonym import Pseudonyms

KIND: Final = "erased"
"""As what numbers and records are pseudonymised; the same as for erasures, so that one look serves both."""

LABEL: Final = Narrowed(view="restricted", because="processing is restricted")
"""What is told where somebody's data is not shown."""


class Restricted:
    """The marks, by keyed stand-ins. `version` changes with them. Nothing is computed while there are none."""

    def __init__(self, pseudonyms: Pseudonyms | None = None) -> None:
        self._pseudonyms = pseudonyms
        self._marks: frozenset[str] = frozenset()
        self.version = 0

    def __bool__(self) -> bool:
        return bool(self._marks)

    def replace(self, marks: frozenset[str]) -> None:
        """Take over what holds now."""
        if marks != self._marks:
            self._marks = marks
            self.version += 1

    def has(self, token: str) -> bool:
        """Say whether a stand-in is marked."""
        return token in self._marks

    def number(self, e164: str | None) -> bool:
        """Say whether a number is a restricted person's alone."""
        return bool(self._marks) and e164 is not None and self._is_marked(number_mark(e164))

    def ref(self, ref: ExternalRef) -> bool:
        """Say whether a reference names a restricted person's record."""
        return bool(self._marks) and self._is_marked(record_mark(ref.connection, ref.kind, ref.id))

    def any_of(self, written: Iterable[object]) -> bool:
        """Say whether any of these names a restricted person: numbers as the stores write them, records as `crm:003xx`."""
        return bool(self._marks) and any(self._names(one) for one in written if isinstance(one, str))

    def _names(self, written: str) -> bool:
        if written.startswith("+"):
            return self.number(written)
        try:
            return self.ref(ExternalRef.parse(written))
        except ValueError:
            return False

    def _is_marked(self, mark: str) -> bool:
        return self._pseudonyms is not None and self.has(self._pseudonyms.of(KIND, mark))
