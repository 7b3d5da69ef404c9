"""The token an application of ours has at a messaging provider, kept until shortly before it ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from tieline.kit.deadline import Deadline

EARLY_S: Final = 300.0


class AppToken:
    """`issue` returns a new token and the seconds it lives; one caller at a time asks for it."""

    def __init__(self, issue: Callable[[Deadline], Awaitable[tuple[str, float]]], monotonic: Callable[[], float]) -> None:
        self._issue = issue
        self._monotonic = monotonic
        self._turn = asyncio.Lock()
        self._token = ""
        self._until_s = 0.0

    async def get(self, deadline: Deadline) -> str:
        """Return a token that is good for some minutes at least. Raises: ConnectorError."""
        async with self._turn:
            if not self._token or self._monotonic() >= self._until_s:
                self._token, life_s = await self._issue(deadline)
                self._until_s = self._monotonic() + max(life_s - EARLY_S, 0.0)
            return self._token

    def forget(self) -> None:
        """Ask for a new one next time: this one was refused."""
        self._token = ""
