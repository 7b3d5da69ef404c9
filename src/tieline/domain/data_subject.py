"""Whose data it is: the numbers and records that are one person's, and how those are recognised inside documents."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tieline.domain.phone import PhoneNumber
from tieline.domain.references import ExternalRef

SEPARATORS: Final = r"[ ./()-]*"
NOTHING: Final = "x^"
"""A regular expression that fits nothing."""
SHORTEST_SOUGHT_ID: Final = 3
"""A shorter id stands in any document; a record with one is recognised by its number alone."""


@dataclass(frozen=True, slots=True)
class DataSubject:
    """One person as the systems know them.

    `numbers` are theirs alone; `shared` also somebody else's, so that what hangs on the number alone is left. `refs` are the
    records of them in other systems.
    """

    numbers: tuple[PhoneNumber, ...]
    refs: tuple[ExternalRef, ...]
    shared: tuple[str, ...] = ()

    @property
    def keys(self) -> list[str]:
        """Return the numbers as the stores write them."""
        return [number.key for number in self.numbers if number.key]

    @property
    def names(self) -> list[str]:
        """Return the records as `crm:003xx`."""
        return [str(ref) for ref in self.refs]

    @property
    def pattern(self) -> str:
        """Return a regular expression that finds a number or a reference in a document's text, as Python and Postgres read it.

        A number is found however it is separated, with or without its country; never inside a longer number.
        """
        return "|".join([*map(_number_pattern, self.numbers), *map(_reference_pattern, self.names)]) or NOTHING

    def ids_within(self) -> Iterator[tuple[str, str]]:
        """Yield connection and pattern by which that system's own messages name the person."""
        for ref in self.refs:
            if len(ref.id) >= SHORTEST_SOUGHT_ID:
                yield ref.connection, _bounded(re.escape(ref.id))


def marks_of(subject: DataSubject, others: Iterable[ExternalRef] = ()) -> Iterator[str]:
    """Yield what must not come back, as texts to be pseudonymised. `others`: their tickets and answers in other systems."""
    yield from (number_mark(key) for key in subject.keys)
    yield from (record_mark(ref.connection, ref.kind, ref.id) for ref in (*subject.refs, *others))


def number_mark(e164: str) -> str:
    """Return how a number is written before it is pseudonymised."""
    return f"number {e164}"


def record_mark(connection: str, kind: str, record_id: str) -> str:
    """Return how a record is written before it is pseudonymised."""
    return f"{kind} {connection}:{record_id}"


def _number_pattern(number: PhoneNumber) -> str:
    own = number.national_digits.lstrip("0")
    national = own if own and number.digits.endswith(own) else number.digits
    country = number.digits.removesuffix(national)
    spelled = SEPARATORS.join(national)
    prefix = f"(?:(?:\\+|00|%2B)?{country}{SEPARATORS})?0?{SEPARATORS}" if country else ""
    return f"(?:^|[^0-9]){prefix}{spelled}(?:$|[^0-9])"


def _reference_pattern(reference: str) -> str:
    return _bounded(re.escape(reference))


def _bounded(escaped: str) -> str:
    return f"(?:^|[^A-Za-z0-9_-]){escaped}(?:$|[^A-Za-z0-9_-])"
