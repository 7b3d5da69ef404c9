"""How a long answer continues: by page number, offset, cursor or link. A source that turns in circles is noticed."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin, urlsplit

from tieline.connectors.language.paths import Read, compile_path
from tieline.connectors.manifest.schema import Pages
from tieline.domain.errors import VendorBadAnswer

_NEXT_LINK: Final = re.compile(r'<([^>]{1,4000})>\s*;[^,]*?\brel="?next"?', re.IGNORECASE)
# A tuple, for an answer may hold a list here, which no set takes.
_NOTHING: Final = (None, False, "", "0", "false")


class Page(NamedTuple):
    """One page to ask for: its number from 0, parameters to add, or the vendor's own URL. `offset`: records before it."""

    number: int = 0
    params: Mapping[str, Any] | None = None
    url: str | None = None
    offset: int = 0


class Pager:
    """The declared paging of one operation."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._next: Read | None = compile_path(pages.next) if pages.next else None
        self._more: Read | None = compile_path(pages.more) if pages.more else None
        self._total: Read | None = compile_path(pages.total) if pages.total else None
        self._size = {pages.size_param: pages.size} if pages.size_param and pages.size else {}

    @property
    def at_most(self) -> int:
        """How many pages one call may read."""
        return self._pages.at_most

    def first(self) -> Page:
        """Return the first page."""
        match self._pages.kind:
            case "page":
                return Page(params=self._size | {str(self._pages.param): self._start(1)})
            case "offset":
                return Page(params=self._size | {str(self._pages.param): self._start(0)})
            case _:
                return Page(params=self._size)

    def following(self, page: Page, roots: Mapping[str, Any], *, count: int, url: str) -> Page | None:
        """Return the page after one that held `count` records and was asked from `url`; None: that was the last.

        Raises: VendorBadAnswer: the vendor's link leads to another server, where our credentials must not go.
        """
        offset = page.offset + count
        if not self._continues(roots, count=count, offset=offset):
            return None
        match self._pages.kind:
            case "page":
                return self._counted(page, page.number + 1 + self._start(1), offset)
            case "offset":
                return self._counted(page, offset + self._start(0), offset)
            case "cursor":
                cursor = self._next(roots) if self._next else None
                return None if cursor in _NOTHING else self._counted(page, cursor, offset)
            case "link":
                return self._linked(page, roots, url, offset)

    def repeats(self, page: Page, following: Page) -> bool:
        """Say whether the vendor sends us in a circle: the cursor or link is the one just used."""
        return self._pages.kind in {"cursor", "link"} and (page.params, page.url) == (following.params, following.url)

    def _start(self, default: int) -> int:
        return default if self._pages.first is None else self._pages.first

    def _counted(self, page: Page, value: object, offset: int) -> Page:
        return Page(page.number + 1, self._size | {str(self._pages.param): value}, None, offset)

    def _continues(self, roots: Mapping[str, Any], *, count: int, offset: int) -> bool:
        if count == 0:
            return False
        if self._more is not None:
            return self._more(roots) not in _NOTHING
        total = _number(self._total(roots)) if self._total is not None else None
        if total is not None:
            return offset < total
        return self._pages.kind in {"cursor", "link"} or self._pages.size is None or count >= self._pages.size

    def _linked(self, page: Page, roots: Mapping[str, Any], url: str, offset: int) -> Page | None:
        found = self._next(roots) if self._next else None
        if isinstance(found, str) and self._pages.next and self._pages.next.lower() == "header.link":
            match = _NEXT_LINK.search(found)
            found = match.group(1) if match else None
        if not isinstance(found, str) or not found:
            return None
        target = urljoin(url, found)
        if _origin(target) != _origin(url):
            raise VendorBadAnswer("the next page lies on another server")
        return Page(page.number + 1, None, target, offset)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None
