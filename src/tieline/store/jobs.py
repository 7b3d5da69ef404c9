"""Durable jobs, enqueued in the transaction of the fact they follow from."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from procrastinate import App, PsycopgConnector
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.database import driver

CARRY: Final = "deliveries.carry"
"""The job that carries what is due of some orders of one connection."""

LIVE, BACKLOG, BULK = 10, 5, 0
"""Job priorities: what happens now, what is tried again, what can wait."""

_NAMES_ONLY: Final = App(connector=PsycopgConnector())
"""Never opened: every job travels over the transaction's own connection."""


async def defer(
    tx: AsyncConnection, task: str, wanted: Iterable[Mapping[str, Any]], *, priority: int = LIVE, in_s: float = 0.0
) -> None:
    """Enqueue a job for each of `wanted`, its arguments, to be due in so many seconds; it exists if the transaction commits."""
    arguments = [dict(one) for one in wanted]
    if arguments:
        wait = {"schedule_in": {"seconds": in_s}} if in_s > 0 else {}
        task_options: dict[str, Any] = {"priority": priority, "connection": await driver(tx), **wait}
        await _NAMES_ONLY.configure_task(task, **task_options).batch_defer_async(*arguments)
