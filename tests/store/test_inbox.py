from datetime import UTC, datetime, timedelta
from uuid import UUID

from tests.waiting import held_up

from tieline.store import inbox
from tieline.store.database import Database
from tieline.store.inbox import Arrival
from tieline.store.webhook_inbox import WebhookInbox, prepared

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def arrival(number: int, *, key: str = "k-1") -> Arrival:
    headers = {"Content-Type": "application/json", "Authorization": "Bearer secret", "X-Heron-Hook": "secret"}
    return Arrival(UUID(int=number), "pbx", key, "call", b"\x00\xff{", NOW, headers)


async def test_what_came_is_kept_byte_for_byte_without_its_secrets(database: Database) -> None:
    async with database.begin() as tx:
        assert await inbox.accept(tx, arrival(1))
        kept = await inbox.find(tx, UUID(int=1))
    assert kept is not None
    assert (kept.body, dict(kept.headers), kept.state) == (b"\x00\xff{", {"Content-Type": "application/json"}, "accepted")


async def test_the_same_again_is_known(database: Database) -> None:
    async with database.begin() as tx:
        assert [await inbox.accept(tx, arrival(number)) for number in (1, 2)] == [True, False]
        assert await inbox.accept(tx, arrival(3, key="k-2"))


async def test_what_became_of_it_is_noted(database: Database) -> None:
    async with database.begin() as tx:
        await inbox.accept(tx, arrival(1))
        await inbox.close(tx, UUID(int=1), "unusable", note="no call in it")
        kept = await inbox.find(tx, UUID(int=1))
    assert kept is not None
    assert (kept.state, kept.note) == ("unusable", "no call in it")


async def test_it_is_forgotten_after_its_time(database: Database) -> None:
    async with database.begin() as tx:
        await inbox.accept(tx, arrival(1))
        assert await inbox.forget(tx, received_before=NOW) == 0
        assert await inbox.forget(tx, received_before=NOW + timedelta(seconds=1)) == 1


async def test_two_who_are_brought_the_same_in_opposite_order_do_not_wait_for_one_another(database: Database) -> None:
    """A sender that repeats itself to two servers at once; each writes what it is brought in one statement."""
    batch = [prepared(arrival(number, key=key)) for number, key in ((2, "z"), (3, "a"))]
    async with database.begin() as tx:
        assert await inbox.accept(tx, arrival(1, key="a"))
        async with held_up(database, WebhookInbox(database.pool).put(batch)) as put:
            assert await inbox.accept(tx, arrival(4, key="z"))
            await tx.commit()
            assert await put == frozenset()
