"""One moment by which the whole answer must be there, shared by everything done for it."""

import asyncio
from typing import NamedTuple, Self


class Deadline(NamedTuple):
    """An instant on the running event loop's clock."""

    at_s: float

    @classmethod
    def after(cls, seconds: float) -> Self:
        """Return the deadline `seconds` from now."""
        return cls(asyncio.get_running_loop().time() + seconds)

    def remaining_s(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0.0, self.at_s - asyncio.get_running_loop().time())

    def share(self, at_most_s: float) -> asyncio.Timeout:
        """Return a timeout that ends at the deadline or after `at_most_s`, whichever is first."""
        return asyncio.timeout_at(min(self.at_s, asyncio.get_running_loop().time() + at_most_s))
