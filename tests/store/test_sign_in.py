"""A sign-in at Postgres that is given up leaves nothing half open, and nothing open that nobody has."""

import asyncio
import gc
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from tests.conftest import address_of, run_on_server

from tieline.store.database_connect import sign_in


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nothing is tidied up by chance."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("times", [1, 5])
@pytest.mark.usefixtures("uncollected")
async def test_a_database_can_be_dropped_after_whoever_was_signing_in_was_cancelled(postgres_url: str, times: int) -> None:
    name = f"tieline_given_up_{uuid.uuid4().hex[:8]}"
    run_on_server(postgres_url, "CREATE DATABASE {}", name)
    given_up = [asyncio.create_task(sign_in(address_of(postgres_url, name))) for _ in range(20)]
    for number, task in enumerate(given_up):
        await asyncio.sleep(0.0005 * (number % 4))
        task.cancel()
    for _ in range(times - 1):  # A timeout inside a timeout, or anyio, which cancels until it is obeyed.
        await asyncio.sleep(0)
        for task in given_up:
            task.cancel()
    await asyncio.wait(given_up)  # Unlike awaiting each, this keeps what they were cancelled with, as whoever ends a house does.
    assert [task for task in given_up if task.cancelled()]
    for task in given_up:
        if not task.cancelled():
            await task.result().close()
    with psycopg.connect(postgres_url, autocommit=True, options="-c statement_timeout=60000") as connection:
        connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
