"""What the connected systems say of our agents: asked ahead of need, kept as long as the rule declares, hardly waited for."""

import asyncio
import functools
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import structlog

from tieline.connectors.contract import Connection
from tieline.domain.agent import Agent
from tieline.domain.errors import ConnectorError, VendorBadAnswer
from tieline.domain.narrowing import AgentRule
from tieline.kit.clock import Clock
from tieline.kit.deadline import Deadline
from tieline.kit.freshness import FreshnessCache
from tieline.mapping.record import RecordMapping
from tieline.services.directory import Directory

OPERATION: Final = "agent.list"
ASK_S: Final = 5.0
"""How long a system may take to list its agents."""

WAIT_S: Final = 0.3
"""How long a card waits for that, and only while nothing is known that still holds."""

_Words = Mapping[str, str]
_Asked = tuple[Connection, RecordMapping]
log = structlog.get_logger()


class AgentsSaid:
    """One per process. A word older than its rule's `keep_for` is no word."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: FreshnessCache[_Words] = FreshnessCache(clock, capacity=200, keep_for=timedelta(days=1))

    def of(self, directory: Directory, rule: AgentRule) -> _Words | None:
        """Return a system's word by what names its agents, in lower case; None: it says nothing that still holds."""
        asked = _asked(directory, rule)
        kept = self._kept.fresh((*asked, rule.by, rule.field), rule.keep_for) if asked is not None else None
        return None if kept is None else kept.value

    def look_ahead(self, directory: Directory, agent: Agent) -> list[asyncio.Task[_Words]]:
        """Ask, behind the scenes, where a word ages or is missing; return what must be waited for, since nothing holds."""
        missing: list[asyncio.Task[_Words]] = []
        for rule in directory.access.agents:
            asked = _asked(directory, rule)
            if asked is None or not rule.concerns(agent.role):
                continue
            key = (*asked, rule.by, rule.field)
            if self._kept.fresh(key, rule.keep_for / 2) is None:
                load = self._kept.refresh(key, functools.partial(_list, *asked, rule))
                if self._kept.fresh(key, rule.keep_for) is None:
                    missing.append(load)
        return missing

    async def make_ready(self, directory: Directory, agent: Agent) -> None:
        """Look ahead, and wait a little where nothing is known that holds."""
        missing = self.look_ahead(directory, agent)
        if not missing:
            return
        done, _ = await asyncio.wait(missing, timeout=WAIT_S)
        for load in done:
            failure = None if load.cancelled() else load.exception()
            if failure is not None and not isinstance(failure, ConnectorError):
                log.error("access.broke", exc_info=failure)

    async def aclose(self) -> None:
        """Stop asking."""
        await self._kept.aclose()


def _asked(directory: Directory, rule: AgentRule) -> _Asked | None:
    """Return whom to ask and how its answer is read; None: it is not connected, or lists no agents."""
    connection, book = directory.connections.get(rule.system), directory.books.get(rule.system, {}).get("agent")
    return None if connection is None or book is None or connection.needs(OPERATION) is None else (connection, book)


async def _list(connection: Connection, mapping: RecordMapping, rule: AgentRule) -> _Words:
    """Raises: ConnectorError: it does not say."""
    try:
        result = await connection.run(OPERATION, deadline=Deadline.after(ASK_S))
    except ConnectorError as exc:
        log.warning("access.system_silent", connection=rule.system, code=exc.code)
        raise
    found: dict[str, str] = {}
    for record in result.records:
        try:
            fields = mapping.read(record)
        except VendorBadAnswer:
            continue
        key, word = fields.get(rule.by), fields.get(rule.field)
        if key and word is not None:
            found[str(key).strip().casefold()] = str(word)
    return found
