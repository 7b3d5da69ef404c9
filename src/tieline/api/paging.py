"""One list, page by page: where the asker goes on, and the cursor to what follows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from tieline.api.house import SignedCursors
from tieline.api.lists import ListQuery, Page

Found = TypeVar("Found")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Pager:
    """The pages of one list, asked for as `query` says. `kind`: what a cursor of this list is good for."""

    kind: str
    query: ListQuery
    cursors: SignedCursors

    @property
    def fetch(self) -> int:
        """How many to look up: one more than a page holds, which tells whether another page follows."""
        return self.query.limit + 1

    @property
    def place(self) -> list[Any] | None:
        """Where the page before ended; None: this is the first. Raises: BodyMalformed: the cursor is none of ours."""
        return self.cursors.read(self.kind, self.query.cursor)

    @property
    def after(self) -> tuple[datetime, UUID] | None:
        """The same of a list ordered by moment and id."""
        place = self.place
        return (datetime.fromisoformat(place[0]), UUID(place[1])) if place else None

    def page(
        self, found: Sequence[Found], *, place: Callable[[Found], Sequence[Any]], show: Callable[[Found], Item]
    ) -> Page[Item]:
        """Return the page. `place`: what an entry is ordered by; `show`: how the asker sees it."""
        kept = found[: self.query.limit]
        following = place(kept[-1]) if len(found) > self.query.limit else None
        return Page(items=[show(entry) for entry in kept], next=self.cursors.write(self.kind, following))
