"""Exporting the phone index, tickets or the audit trail: page by page into a new file that appears when it is whole."""

import asyncio
import functools
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tieline.domain.errors import ConfigRefused
from tieline.security.permissions import Caller
from tieline.security.second_person import EXPORT_BULK
from tieline.services.approvals import Plea, require
from tieline.services.batch.formats import format_of, open_writer
from tieline.services.batch.phone_rows import FIELDS
from tieline.services.batch.write import Value, Writer
from tieline.services.house import House
from tieline.store import audit_trail, identity_export, tickets
from tieline.store.audit_trail import AuditFilter
from tieline.store.database import Transaction
from tieline.store.journal_rows import AuditRow

PAGE_ROWS: Final = 5_000
MOST_ALONE: Final = 10_000
"""Rows one person may export; what is larger, a second person approves (S40)."""
Told = Callable[[int], None]
Page = Callable[[Transaction, Any], Awaitable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Exported:
    """One kind of data: its columns, a page of it past an item, how an item fills the columns, and whom it names."""

    columns: tuple[str, ...]
    page: Page
    row: Callable[[Any], Sequence[Value]]
    names: Callable[[Any], Sequence[str | None]] = lambda _item: ()


@dataclass(frozen=True, slots=True)
class ExportWish:
    """What is exported where. `replace`: even if the file is there. `to`: the machine it is meant for, for the audit."""

    kind: str
    path: Path
    replace: bool = False
    to: str = ""


async def export(house: House, wish: ExportWish, *, asker: Caller, told: Told) -> int:
    """Write a whole kind to a file and return how many rows it has; who did so is in the audit before the first is read.

    Raises: ConfigRefused: no such kind or format, the file is there, or the format cannot hold what there is.
    SecondPersonRequired: it is large, and nobody else has approved it; there is no file then.
    """
    kind = KINDS.get(wish.kind)
    if kind is None:
        raise ConfigRefused("there is no such kind to export", hint=f"There are {', '.join(KINDS)}.")
    facts = {"format": format_of(wish.path).removeprefix("."), **({"to": wish.to} if wish.to else {})}
    if wish.path.exists() and not wish.replace:
        raise ConfigRefused("the file is there already", hint="Say --force to replace it.")
    await _note(house, asker, "export.begun", wish.kind, facts)
    growing = wish.path.with_name(f".{wish.path.name}.part")
    growing.unlink(missing_ok=True)
    os.close(os.open(growing, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        large = functools.partial(_use_leave, house, wish, asker)
        count = await _write(house, kind, open_writer(growing, wish.path, kind.columns), told, large=large)
        growing.replace(wish.path)
    finally:
        growing.unlink(missing_ok=True)
    await _note(house, asker, "export.finished", wish.kind, {**facts, "rows": count})
    return count


async def _use_leave(house: House, wish: ExportWish, asker: Caller) -> None:
    place = [wish.to, wish.path.name] if wish.to else ["", str(wish.path.resolve())]
    plea = Plea(EXPORT_BULK, {"kind": wish.kind, "place": place}, {"kind": wish.kind, "to": wish.to or "the server's own disk"})
    leave = await require(house.desk, plea, by=asker)
    async with house.database.begin() as tx:
        await leave.use(tx, now=house.clock())


async def _write(house: House, kind: Exported, writer: Writer, told: Told, *, large: Callable[[], Awaitable[None]]) -> int:
    """Write page by page; before there are more rows than one person may have, `large` is asked, once."""
    count, last = 0, None
    try:
        while True:
            async with house.database.read() as conn:
                items = await kind.page(conn, last)
            if not items:
                return count
            told_of = [item for item in items if not house.desk.erased.restricted.any_of(kind.names(item))]
            if count <= MOST_ALONE < count + len(told_of):
                await large()
            await asyncio.to_thread(writer.write, [kind.row(item) for item in told_of])
            count, last = count + len(told_of), items[-1]
            told(count)
    finally:
        await asyncio.to_thread(writer.close)


async def _note(house: House, asker: Caller, action: str, kind: str, facts: Mapping[str, object]) -> None:
    note = AuditRow(
        at=house.clock(), actor=asker.actor, actor_role=asker.role, action=action, subject=f"export:{kind}", details=facts
    )
    async with house.database.begin() as tx:
        await audit_trail.write(tx, note)


async def _phones(conn: Transaction, last: Any) -> Sequence[Any]:  # noqa: ANN401 - an item of the kind itself
    return await identity_export.page(conn, after=last, limit=PAGE_ROWS)


async def _audit(conn: Transaction, last: Any) -> Sequence[Any]:  # noqa: ANN401 - likewise
    return await audit_trail.page(conn, AuditFilter(), before=last.seq if last else None, limit=PAGE_ROWS)


async def _tickets(conn: Transaction, last: Any) -> Sequence[Any]:  # noqa: ANN401 - likewise
    return await tickets.numbered_after(conn, last.number if last else 0, limit=PAGE_ROWS)


def _fields(*names: str) -> Callable[[Any], Sequence[Value]]:
    def row(item: Any) -> Sequence[Value]:  # noqa: ANN401 - likewise
        return [getattr(item, name) for name in names]

    return row


def _of_key(item: Any) -> Sequence[str | None]:  # noqa: ANN401 - likewise
    return (item.e164, f"{item.connection}:{item.external_id}")


_INDEX_FIELDS: Final = {"phone": "e164", "name": "display_name"}
_TICKET_FIELDS: Final = (
    "number", "id", "subject", "description", "status", "priority", "category", "assignee", "order_number", "tags", "source",
    "customer_ref", "phone", "call_id", "tier", "created_by", "created_at", "updated_at", "escalation", "reopened",
    "responded_at", "resolved_at", "closed_at", "response_due_at", "due_at",
)  # fmt: skip
_AUDIT_FIELDS: Final = ("seq", "at", "actor", "actor_role", "action", "subject", "call_id", "pop_id", "details")

KINDS: Final[Mapping[str, Exported]] = {
    "phones": Exported(tuple(FIELDS), _phones, _fields(*(_INDEX_FIELDS.get(name, name) for name in FIELDS)), _of_key),
    "tickets": Exported(_TICKET_FIELDS, _tickets, _fields(*_TICKET_FIELDS), lambda ticket: (ticket.phone, ticket.customer_ref)),
    "audit": Exported(_AUDIT_FIELDS, _audit, _fields(*_AUDIT_FIELDS)),
}
