"""A promise is a row, and a note to the workers or a job, in the caller's own transaction: all or nothing."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from tieline.domain.delivery import Effect
from tieline.services.delivery.promise import promise, promise_all
from tieline.store import deliveries
from tieline.store.database import Database

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


def effect(number: int = 1, **changed: object) -> Effect:
    values: dict[str, object] = {
        "connection": "helpdesk",
        "operation": "ticket.create",
        "object_kind": "ticket",
        "object_id": f"t-{number}",
        "order_key": f"ticket:t-{number}",
        "inputs": {"subject": "Leak"},
    }
    return Effect(**{**values, **changed})  # type: ignore[arg-type] # a test names fields by word


async def counted(database: Database, query: str) -> int:
    async with database.pool.connection() as connection:
        row = await (await connection.execute(f"SELECT count(*) FROM {query}".encode())).fetchone()  # noqa: S608 - ours
    return int(row[0]) if row else 0


async def notes_of(database: Database, work: Callable[[], Awaitable[None]]) -> list[tuple[str, str]]:
    """Return what workers are told while something is done."""
    heard = []
    async with database.listen(deliveries.CHANNEL) as notes:
        assert (await anext(notes)).resync
        await work()
        async with database.begin() as tx:
            await deliveries.announce(tx, "end", ["end"])
        async for note in notes:
            heard.append(deliveries.announced(note.payload))
            if heard[-1][0] == "end":
                break
    return heard[:-1]


async def test_a_live_promise_is_a_row_and_a_note(database: Database) -> None:
    async def promised() -> None:
        async with database.begin() as tx:
            await promise(tx, effect(), now=NOW)

    assert await notes_of(database, promised) == [("helpdesk", "ticket:t-1")]
    assert await counted(database, "deliveries") == 1
    assert await counted(database, "procrastinate_jobs") == 0


async def test_an_order_whose_name_is_too_long_for_a_note_is_given_a_job(database: Database) -> None:
    async def promised() -> None:
        async with database.begin() as tx:
            await promise(tx, effect(order_key="长" * 2500), now=NOW)

    assert await notes_of(database, promised) == []
    assert await counted(database, "procrastinate_jobs WHERE task_name = 'deliveries.carry' AND priority = 10") == 1


async def test_a_promise_is_kept_as_it_was_made(database: Database) -> None:
    async with database.begin() as tx:
        delivery_id = await promise(tx, effect(), now=NOW)
        kept = await deliveries.find(tx, delivery_id)
    assert kept is not None
    assert (kept.state, kept.operation, kept.inputs, kept.blocks) == ("pending", "ticket.create", {"subject": "Leak"}, True)
    assert kept.key == str(delivery_id)


async def test_what_is_rolled_back_was_never_promised(database: Database) -> None:
    async def fails_later() -> None:
        async with database.begin() as tx:
            await promise(tx, effect(), now=NOW)
            raise ZeroDivisionError

    async def is_rolled_back() -> None:
        with pytest.raises(ZeroDivisionError):
            await fails_later()

    assert await notes_of(database, is_rolled_back) == []
    assert await counted(database, "deliveries") == 0
    assert await counted(database, "procrastinate_jobs") == 0


async def test_the_same_key_is_the_same_promise(database: Database) -> None:
    async with database.begin() as tx:
        first = await promise(tx, effect(key="k-1"), now=NOW)
        again = await promise(tx, effect(key="k-1", object_id="t-2"), now=NOW)
        both = await promise_all(tx, [effect(key="k-2"), effect(key="k-2")], now=NOW)
    assert first == again
    assert both[0] == both[1]
    assert await counted(database, "deliveries") == 2


async def test_a_bulk_shares_its_jobs_and_keeps_its_order(database: Database) -> None:
    wanted = [effect(number, priority="bulk") for number in range(120)]
    async with database.begin() as tx:
        ids = await promise_all(tx, wanted, now=NOW)
        kept = [await deliveries.find(tx, one) for one in ids]
    assert await counted(database, "procrastinate_jobs WHERE priority = 0") == 3
    positions = [one.position for one in kept if one]
    assert positions == sorted(positions)
    assert [one.object_id for one in kept if one] == [f"t-{number}" for number in range(120)]


async def test_what_must_wait_is_not_due_before(database: Database) -> None:
    async with database.begin() as tx:
        await promise(tx, effect(not_before=NOW + timedelta(hours=2)), now=NOW)
    assert await counted(database, "deliveries WHERE due_at > clock_timestamp() + interval '119 minutes'") == 1
    assert await counted(database, "procrastinate_jobs WHERE scheduled_at > now() + interval '119 minutes'") == 1
