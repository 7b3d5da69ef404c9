"""Keys are rotated while the house is open: nobody fails, and all ends under the newest key. A key that is gone is named."""

import asyncio

from tests.flows.door import KNOWN, Json, patiently
from tests.flows.house import RunningHouse

from tieline.connectors.registry import Catalog
from tieline.security.key_file import add_key
from tieline.security.permissions import Caller
from tieline.services import secret_keeping
from tieline.store import sealed_places
from tieline.wiring import house_of, key_file_of

CONSOLE = Caller("console", "admin", frozenset())
SECRETS = 7
"""Sealed by the demo's company, and the token of its CRM."""


async def test_rotated_under_load_nobody_fails_and_all_is_under_the_newest_key(own_house: RunningHouse) -> None:
    failures: list[tuple[str, str]] = []
    cards: list[Json] = []

    async def keep_ringing(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await own_house.forget_answers()
            card = await own_house.pop(KNOWN)
            late = {None, "no_answer_yet"}
            failures.extend((name, block["error"]) for name, block in card["blocks"].items() if block["error"] not in late)
            cards.append(card)

    await own_house.pop(KNOWN)
    stop = asyncio.Event()
    ringing = asyncio.create_task(keep_ringing(stop))
    add_key(key_file_of(own_house.settings))
    async with house_of(own_house.settings, own_house.database_url, Catalog(), clock=own_house.clock) as operator:
        before = await secret_keeping.check(operator)
        wrapped = await secret_keeping.rotate(operator, new_data_keys=False, caller=CONSOLE)
        anew = await secret_keeping.rotate(operator, new_data_keys=True, caller=CONSOLE)
        await own_house.house.directory.reload()
        so_far = len(cards)
        async for _ in patiently("nobody rang after it"):
            if len(cards) > so_far + 3:
                break
        after = await secret_keeping.check(operator)
    stop.set()
    await ringing
    assert failures == []
    assert (before.by_version, before.current, before.faults) == ({1: wrapped.changed}, 0, ())
    assert (wrapped.current, wrapped.overtaken, wrapped.faults, wrapped.changed >= SECRETS) == (0, 0, (), True)
    assert anew.changed == wrapped.changed
    assert (after.by_version, after.current) == ({2: wrapped.changed}, wrapped.changed)
    assert await own_house.rows("SELECT count(*) FROM audit_entries WHERE action = 'secrets.rotated'") == [(2,)]


async def test_what_somebody_changes_meanwhile_is_left_to_them(own_house: RunningHouse) -> None:
    """A token is renewed between reading and writing back."""
    async with own_house.database.read() as conn:
        found = [one async for lot in sealed_places.every(conn) for one in lot]
    renewed = await own_house.rows_changed(b"UPDATE connection_secrets SET sealed = sealed || '\\x00'")
    async with own_house.database.begin() as tx:
        put = [await sealed_places.put_back(tx, one, b"an older word") for one in found]
    assert (len(put), any(put)) == (renewed, False)


async def test_a_key_that_is_gone_closes_what_it_sealed_and_is_named(own_house: RunningHouse) -> None:
    key_file = key_file_of(own_house.settings)
    first = key_file.read_text()
    add_key(key_file)
    await secret_keeping.rotate(own_house.house, new_data_keys=True, caller=CONSOLE)
    async with house_of(own_house.settings, own_house.database_url, Catalog(), clock=own_house.clock) as operator:
        await secret_keeping.rotate(operator, new_data_keys=True, caller=CONSOLE)
    key_file.write_text(first)
    async with house_of(own_house.settings, own_house.database_url, Catalog(), clock=own_house.clock) as without:
        found = await secret_keeping.check(without)
        assert found.by_version == {}
        assert {fault.rpartition(" ")[2] for fault in found.faults} == {"secret_key_missing"}
        assert set(without.directory.faults.values()) == {"secret_key_missing"}
        assert list(without.directory.now.connections) == []
