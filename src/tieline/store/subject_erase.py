"""Takes a person's rows out of every table, as the catalogue of fields says, and reads them for whoever asks for a copy."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ARRAY, Column, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.security.field_catalogue import field_catalogue
from tieline.store import driver_rows
from tieline.store.subject_rows import OF_SUBJECT, Sought
from tieline.store.tables import metadata

ERASED_TEXT: Final = "[erased]"
ROWS_AT_MOST: Final = 20_000
"""Rows of one table in one copy."""
_OTHER_SIDE: Final = "CASE WHEN event ->> 'direction' = 'outbound' THEN 'to' ELSE 'from' END"
_BLANKS: Final[Mapping[tuple[str, str], str]] = {
    ("call_events", "event"): f"event - {_OTHER_SIDE} - ARRAY['target', 'data', 'recording_ref']",
}
"""What stays of a document that others are told from: a call's story without its caller."""
_ALSO: Final[Mapping[str, str]] = {
    "inbox": ", note = 'erased'",
    "deliveries": ", state = CASE WHEN state IN ('pending', 'dead', 'parked', 'unknown') THEN 'withdrawn' ELSE state END",
}
_ORDER: Final = (
    "deliveries",
    "idempotency_keys",
    "review_items",
    "events",
    "agent_events",
    "inbox",
    "surveys",
    "customer_standings",
    "feedback_loops",
    "feedback",
)
"""Tables whose rows are found by others come before those; the rest as the catalogue lists them."""
NOT_COPIED: Final[Mapping[str, frozenset[str]]] = {
    "inbox": frozenset({"body", "headers"}),
    "agent_events": frozenset({"payload"}),
}
"""Raw bodies may hold other people's data beside theirs; what they say of this person stands, read, in the other tables. A card
is put together from answers of the systems, which are asked for the copy as well."""


def _blank(table: str, column: Column[Any]) -> str:
    own = _BLANKS.get((table, column.name))
    if own is not None:
        return own
    if column.nullable:
        return "NULL"
    if isinstance(column.type, JSONB | ARRAY):
        return "'{}'"
    if isinstance(column.type, LargeBinary):
        return "''"
    return f"'{ERASED_TEXT}'" if field_catalogue().tables[table].holds[column.name] == "text" else "''"


def _statement(table: str) -> str:
    entry, where = field_catalogue().tables[table], OF_SUBJECT[table]
    if entry.erased == "delete":
        return f"DELETE FROM {table} WHERE {where}"  # noqa: S608 - names of the catalogue
    columns = metadata.tables[table].columns
    blanks = ", ".join(f"{name} = {_blank(table, columns[name])}" for name in entry.blanked)
    return f"UPDATE {table} SET {blanks}{_ALSO.get(table, '')} WHERE {where}"  # noqa: S608 - likewise


def erased_tables() -> list[str]:
    """Return the tables a person's rows are taken out of, in the order in which that is done."""
    listed = [name for name, table in field_catalogue().tables.items() if table.erased in {"delete", "blank"}]
    return [*_ORDER, *(name for name in listed if name not in _ORDER)]


async def erase(tx: AsyncConnection, sought: Sought) -> dict[str, int]:
    """Take the rows out and return how many those were, by table; tables without any are left out."""
    counts = {table: await driver_rows.execute(tx, _statement(table), sought.values) for table in erased_tables()}
    return {table: count for table, count in counts.items() if count}


async def count(tx: AsyncConnection, sought: Sought) -> dict[str, int]:
    """Return how many rows would be taken out, by table."""
    found = {}
    for table in erased_tables():
        (found[table],) = await driver_rows.column(
            tx,
            f"SELECT count(*) FROM {table} WHERE {OF_SUBJECT[table]}",  # noqa: S608 - names of the catalogue
            sought.values,
        )
    return {table: int(number) for table, number in found.items() if number}


async def copy(tx: AsyncConnection, sought: Sought) -> dict[str, list[dict[str, Any]]]:
    """Return the rows, by table, at most `ROWS_AT_MOST` of each, as documents without what is not the person's."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table in erased_tables():
        holds = field_catalogue().tables[table].holds
        hidden = NOT_COPIED.get(table, frozenset()) | {name for name, kind in holds.items() if kind == "secret"}
        shown = ", ".join(name for name in metadata.tables[table].columns.keys() if name not in hidden)  # noqa: SIM118 - a collection
        rows = await driver_rows.column(
            tx,
            f"SELECT to_jsonb(found) FROM (SELECT {shown} FROM {table} WHERE {OF_SUBJECT[table]} LIMIT {ROWS_AT_MOST}) AS found",  # noqa: S608 - likewise
            sought.values,
        )
        if rows:
            found[table] = rows
    return found
