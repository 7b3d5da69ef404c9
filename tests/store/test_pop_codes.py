import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tieline.domain.errors import Gone, NotFound
from tieline.store import pop_codes
from tieline.store.database import Database
from tieline.store.pop_codes import NewCode

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOON = NOW + timedelta(seconds=60)


async def made(database: Database, code: str = "secret-1", *, agent: str | None = "1001") -> None:
    async with database.begin() as tx:
        await pop_codes.add(tx, NewCode(code, "p-1", agent, SOON))


async def redeemed(database: Database, code: str = "secret-1", *, agent: str | None = "1001", at: datetime = NOW) -> str | None:
    async with database.begin() as tx:
        return await pop_codes.redeem(tx, code, pop_id="p-1", agent=agent, now=at)


async def test_a_code_opens_its_page_once(database: Database) -> None:
    await made(database)
    assert await redeemed(database) == "1001"
    with pytest.raises(Gone) as caught:
        await redeemed(database)
    assert caught.value.code == "pop_code_gone"


async def test_an_expired_code_is_gone(database: Database) -> None:
    await made(database)
    with pytest.raises(Gone):
        await redeemed(database, at=SOON)


async def test_another_agents_code_does_not_exist_and_is_not_used_up(database: Database) -> None:
    await made(database)
    with pytest.raises(NotFound):
        await redeemed(database, agent="1002")
    assert await redeemed(database) == "1001"


async def test_another_agents_used_code_does_not_exist_either(database: Database) -> None:
    await made(database)
    await redeemed(database)
    with pytest.raises(NotFound):
        await redeemed(database, agent="1002")


async def test_a_code_for_whoever_has_it_opens_for_anyone_once(database: Database) -> None:
    await made(database, agent=None)
    assert await redeemed(database, agent="1002") is None
    with pytest.raises(Gone):
        await redeemed(database, agent="1001")


async def test_nobody_signed_in_may_use_a_code_made_for_an_agent(database: Database) -> None:
    await made(database)
    assert await redeemed(database, agent=None) == "1001"


async def test_a_code_opens_no_other_page(database: Database) -> None:
    await made(database)
    async with database.begin() as tx:
        with pytest.raises(NotFound):
            await pop_codes.redeem(tx, "secret-1", pop_id="p-2", agent="1001", now=NOW)


async def test_of_64_who_redeem_at_once_exactly_one_gets_in(database_url: str) -> None:
    database = await Database.open(database_url, pool_size=16)
    await made(database)

    async def got_in() -> bool:
        try:
            return await redeemed(database) == "1001"
        except Gone:
            return False

    async def one_after_another(times: int) -> list[bool]:
        return [await got_in() for _ in range(times)]

    answers = await asyncio.gather(*(one_after_another(8) for _ in range(8)))
    await database.aclose()
    assert sorted(answer for share in answers for answer in share) == [False] * 63 + [True]


async def test_only_a_digest_is_kept(database: Database) -> None:
    await made(database)
    async with database.pool.connection() as connection:
        kept = await (await connection.execute(b"SELECT pop_codes::text FROM pop_codes")).fetchall()
    assert "secret-1" not in str(kept)


async def test_codes_long_expired_are_forgotten(database: Database) -> None:
    await made(database)
    async with database.begin() as tx:
        assert await pop_codes.forget(tx, expired_before=SOON) == 0
        assert await pop_codes.forget(tx, expired_before=SOON + timedelta(seconds=1)) == 1
