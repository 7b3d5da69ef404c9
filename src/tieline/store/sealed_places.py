"""Every place where something sealed is kept, for whoever gives it a new key: read in lots, and changed only as it was read."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, Table, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_access import local_admins
from tieline.store.tables_configuration import connection_secrets
from tieline.store.tables_privacy import erasures
from tieline.store.tables_subscriptions import webhook_subscriptions

LOT: Final = 200


@dataclass(frozen=True, slots=True)
class Sealed:
    """One sealed secret. `connection` and `field` are the place it is bound to; `key` finds its row."""

    kept_in: "Place"
    key: tuple[Any, ...]
    connection: str
    field: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """A column of sealed secrets. `bound_to` says, from the row's key, what they are bound to; `{0}` is the key's first part."""

    table: Table
    column: str
    key: tuple[str, ...]
    bound_to: tuple[str, str]

    @property
    def name(self) -> str:
        """Return it as `table.column`."""
        return f"{self.table.name}.{self.column}"

    @property
    def columns(self) -> list[Column[Any]]:
        """Return the columns of its key."""
        return [self.table.c[name] for name in self.key]


PLACES: Final[Sequence[Place]] = (
    Place(connection_secrets, "sealed", ("connection", "field"), ("{0}", "{1}")),
    Place(connection_secrets, "former", ("connection", "field"), ("{0}", "{1}")),
    Place(webhook_subscriptions, "secret", ("id",), ("webhook:{0}", "secret")),
    Place(webhook_subscriptions, "old_secret", ("id",), ("webhook:{0}", "secret")),
    Place(local_admins, "sealed", ("name",), ("local-admin:{0}", "credentials")),
    Place(erasures, "subject", ("id",), ("erasure:{0}", "subject")),
)


async def every(conn: AsyncConnection) -> AsyncIterator[Sequence[Sealed]]:
    """Yield everything that is sealed, in lots."""
    for place in PLACES:
        column, keys, last = place.table.c[place.column], place.columns, None
        while True:
            query = select(*keys, column.label("sealed")).where(column.is_not(None)).order_by(*keys).limit(LOT)
            if last is not None:
                query = query.where(tuple_(*keys) > tuple_(*last))
            lot = [_sealed(place, tuple(row)) for row in await conn.execute(query)]
            if not lot:
                break
            last = lot[-1].key
            yield lot


async def put_back(tx: AsyncConnection, one: Sealed, sealed: bytes) -> bool:
    """Keep it sealed anew. False: it was changed meanwhile, and stays as it is."""
    place = one.kept_in
    column = place.table.c[place.column]
    row = [key == value for key, value in zip(place.columns, one.key, strict=True)]
    return (await tx.execute(update(place.table).where(*row, column == one.sealed).values({column: sealed}))).rowcount == 1


def _sealed(place: Place, row: tuple[Any, ...]) -> Sealed:
    *key, sealed = row
    connection, field = (words.format(*key) for words in place.bound_to)
    return Sealed(place, tuple(key), connection, field, bytes(sealed))
