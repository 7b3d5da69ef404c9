"""How a long answer continues: number, offset, cursor, link, range or window of time. Who turns in circles is noticed."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin, urlsplit

from tieline.connectors.language.conditions import compile_conditions, number
from tieline.connectors.language.moments import moment_of, moment_writer
from tieline.connectors.language.paths import Read, compile_path
from tieline.connectors.language.templates import InputMissing, constant_text
from tieline.connectors.manifest.paging import Pages
from tieline.domain.errors import VendorBadAnswer

_NEXT_LINK: Final = re.compile(r'<([^>]{1,4000})>\s*;[^,]*?\brel="?next"?', re.IGNORECASE)
# A tuple, for an answer may hold a list here, which no set takes.
_NOTHING: Final = (None, False, "", "0", "false")
_NONE: Final[Mapping[str, Any]] = {}
Roots = Mapping[str, Any]


class Page(NamedTuple):
    """One page to ask for: its number from 0, parameters and headers to add, or the vendor's own URL.

    `offset`: records before it; `since`: where a window of time begins.
    """

    number: int = 0
    params: Mapping[str, Any] = _NONE
    url: str | None = None
    offset: int = 0
    headers: Mapping[str, str] = _NONE
    since: datetime | None = None


class Pager:
    """The declared paging of one operation."""

    def __init__(self, pages: Pages, config: Mapping[str, Any]) -> None:
        self._pages = pages
        self._next: Read | None = compile_path(pages.next) if pages.next else None
        self._more: Read | None = compile_path(pages.more) if pages.more else None
        self._total: Read | None = compile_path(pages.total) if pages.total else None
        self._last = compile_conditions(pages.last) if pages.last else None
        self._size = {pages.size_param: pages.size} if pages.size_param and pages.size else {}
        self._written = moment_writer(pages.written, constant_text(pages.zone, config) if pages.zone else "")

    @property
    def at_most(self) -> int:
        """How many pages one call may read."""
        return self._pages.at_most

    def first(self, roots: Roots) -> Page:
        """Return the first page. Raises: InputMissing: a window of time without its ends."""
        match self._pages.kind:
            case "page" | "offset" as kind:
                return Page(params=self._size | {str(self._pages.param): self._start(1 if kind == "page" else 0)})
            case "range":
                return self._ranged(Page(), 0)
            case "window":
                return self._windowed(Page(), _moment(roots, "since"), roots)
            case _:
                return Page(params=self._size)

    def following(self, page: Page, roots: Roots, *, count: int, url: str) -> Page | None:
        """Return the page after one that held `count` records and was asked from `url`; None: that was the last.

        Raises: VendorBadAnswer: the vendor's link leads to another server, where our credentials must not go.
        """
        offset = page.offset + count
        return self._turn(page, roots, offset, url) if self._continues(roots, count=count, offset=offset) else None

    def _turn(self, page: Page, roots: Roots, offset: int, url: str) -> Page | None:
        match self._pages.kind:
            case "page":
                return self._counted(page, page.number + 1 + self._start(1), offset)
            case "offset":
                return self._counted(page, offset + self._start(0), offset)
            case "range":
                return self._ranged(page, offset)
            case "window":
                return self._next_window(page, roots)
            case "link":
                return self._linked(page, roots, url, offset)
            case _:
                cursor = self._next(roots) if self._next else None
                return None if cursor in _NOTHING else self._counted(page, cursor, offset)

    def repeats(self, page: Page, following: Page) -> bool:
        """Say whether the vendor sends us in a circle: the cursor or link is the one just used."""
        return self._pages.kind in {"cursor", "link"} and (page.params, page.url) == (following.params, following.url)

    def capped(self, page: Page, count: int) -> bool:
        """Say whether the vendor has stopped at its cap without a word; every window of time has its own."""
        return self._pages.cap is not None and page.offset + count >= self._pages.cap

    def _start(self, default: int) -> int:
        return default if self._pages.first is None else self._pages.first

    def _counted(self, page: Page, value: object, offset: int) -> Page:
        return Page(page.number + 1, self._size | {str(self._pages.param): value}, None, offset)

    def _ranged(self, page: Page, offset: int) -> Page:
        """`Range: records=0-50` asks for the first fifty (trytond 8.2)."""
        unit, size = self._pages.param or "records", self._pages.size or 0
        return Page(page.number + 1, offset=offset, headers={"range": f"{unit}={offset}-{offset + size}"})

    def _windowed(self, page: Page, since: datetime, roots: Roots) -> Page:
        end = min(since + timedelta(seconds=self._pages.window_s or 0), _moment(roots, "until"))
        ends = {str(self._pages.param): self._written(since), str(self._pages.until_param): self._written(end)}
        return Page(page.number + 1, self._size | ends, since=end)

    def _next_window(self, page: Page, roots: Roots) -> Page | None:
        return self._windowed(page, page.since, roots) if page.since and page.since < _moment(roots, "until") else None

    def _continues(self, roots: Roots, *, count: int, offset: int) -> bool:
        if count == 0 and not self._pages.may_be_empty and self._pages.kind != "window":
            return False
        if (self._last is not None and self._last(roots)) or (self._pages.cap and offset >= self._pages.cap):
            return self._pages.kind == "window"
        if self._more is not None:
            return self._more(roots) not in _NOTHING
        total = number(self._total(roots)) if self._total is not None else None
        if total is not None:
            return offset < total
        return self._pages.kind not in {"page", "offset", "range"} or self._pages.size is None or count >= self._pages.size

    def _linked(self, page: Page, roots: Roots, url: str, offset: int) -> Page | None:
        found = self._next(roots) if self._next else None
        if isinstance(found, str) and self._pages.next and self._pages.next.lower() == "header.link":
            match = _NEXT_LINK.search(found)
            found = match.group(1) if match else None
        if not isinstance(found, str) or not found:
            return None
        target = urljoin(url, found)
        if _origin(target) != _origin(url):
            raise VendorBadAnswer("the next page lies on another server")
        return Page(page.number + 1, url=target, offset=offset)


def _moment(roots: Roots, name: str) -> datetime:
    given = roots["in"].get(name)
    if given is None:
        raise InputMissing(name)
    return moment_of(given)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
