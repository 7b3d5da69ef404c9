"""A lane for each connection, so that one that hangs holds up nobody else's deliveries.

In a lane, what happens now goes before what comes again or in bulk, and the latter never takes more than half of it. A lane knows
which orders are to be looked at and nothing else; what it has no room for is asked of the rows when it has.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

WAITING_MOST: Final = 1000
"""Orders that wait in one lane; the rest stay where they are, in the database."""

Carry = Callable[[str, str, bool], Awaitable[object]]
"""Carries what is due of a connection's order; the last says whether it has waited for its turn in the backlog. Never raises."""

More = Callable[[str], Awaitable[Sequence[str]]]
"""Returns orders of a connection that are due. Never raises."""


@dataclass(slots=True)
class _Wish:
    urgent: bool
    has_turn: bool

    def and_(self, other: "_Wish") -> "_Wish":
        return _Wish(self.urgent or other.urgent, self.has_turn or other.has_turn)


@dataclass(slots=True)
class _Lane:
    """Order keys by what becomes of them. `again`: asked for while they were being carried. `left_out`: some found no room."""

    urgent: dict[str, _Wish] = field(default_factory=dict)
    rest: dict[str, _Wish] = field(default_factory=dict)
    running: dict[str, _Wish] = field(default_factory=dict)
    again: dict[str, _Wish] = field(default_factory=dict)
    left_out: bool = False

    def add(self, order_key: str, wish: _Wish) -> None:
        if order_key in self.running:
            self.again[order_key] = wish.and_(self.again.get(order_key, wish))
            return
        known = self.urgent.pop(order_key, None) or self.rest.pop(order_key, None)
        if known is None and len(self.urgent) + len(self.rest) >= WAITING_MOST:
            self.left_out = True
            return
        wish = wish.and_(known or wish)
        (self.urgent if wish.urgent else self.rest)[order_key] = wish

    def next(self, at_once: int) -> str | None:
        """Choose what goes now and note that it runs; None: nothing may."""
        if len(self.running) >= at_once:
            return None
        share = max(1, at_once // 2)
        waiting = self.urgent
        if not waiting and sum(not wish.urgent for wish in self.running.values()) < share:
            waiting = self.rest
        order_key = next(iter(waiting), None)
        if order_key is not None:
            self.running[order_key] = waiting.pop(order_key)
        return order_key

    def end(self, order_key: str) -> None:
        """Note that one is carried; what was asked for meanwhile waits again."""
        del self.running[order_key]
        if (wish := self.again.pop(order_key, None)) is not None:
            self.add(order_key, wish)

    @property
    def is_idle(self) -> bool:
        return not (self.urgent or self.rest or self.running)


class Lanes:
    """The lanes of one worker, `at_once` orders carried at the same time in each."""

    def __init__(self, carry: Carry, more: More, *, at_once: int) -> None:
        self._carry = carry
        self._more = more
        self._at_once = at_once
        self._lanes: dict[str, _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = True

    def take(self, connection: str, order_keys: Iterable[str], *, urgent: bool = False, has_turn: bool = False) -> None:
        """Have what is due of some orders carried as soon as there is room. The same order twice is one look, or one more."""
        if not self._open:
            return
        lane = self._lanes.setdefault(connection, _Lane())
        for order_key in order_keys:
            lane.add(order_key, _Wish(urgent, has_turn))
        self._start(connection, lane)

    async def aclose(self, *, within_s: float) -> None:
        """Begin nothing more, let what is under way end, and cancel what does not in time: its claims lapse."""
        self._open = False
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, connection: str, lane: _Lane) -> None:
        while self._open and (order_key := lane.next(self._at_once)) is not None:
            task = asyncio.create_task(self._run(connection, lane, order_key), name=f"carry for {connection}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, connection: str, lane: _Lane, order_key: str) -> None:
        try:
            await self._carry(connection, order_key, lane.running[order_key].has_turn)
        finally:
            lane.end(order_key)
        if lane.left_out and len(lane.urgent) + len(lane.rest) < self._at_once:
            lane.left_out = False
            self.take(connection, await self._more(connection))
        self._start(connection, lane)
        if lane.is_idle and self._lanes.get(connection) is lane:
            del self._lanes[connection]
