import asyncio
from datetime import UTC, datetime

from tieline.domain.agent import Agent
from tieline.domain.line import Line
from tieline.store import configuration, secrets
from tieline.store.configuration import Configuration, ConnectionRow
from tieline.store.database import Database

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
CRM = ConnectionRow("crm", "lotus_crm", config={"base_url": "http://127.0.0.1:9001"})
ERP = ConnectionRow("erp", "acme", folder="/etc/tieline/connectors/acme", paused=True)
WHOLE = Configuration(
    connections={"crm": CRM, "erp": ERP},
    lines={"+861065543800": Line(number="+861065543800", name="Support", queues=("support",))},
    agents={"1001": Agent(id="1001", name="Li Wei", extensions=("1001",))},
    sources={"customer": ("erp", "crm"), "order": ("erp",)},
    overrides={"crm": {"customer": {"rows": {"tier": {"from": "Tier__c"}}}}},
)


async def save(database: Database, wanted: Configuration) -> None:
    async with database.begin() as tx:
        await configuration.save(tx, wanted, now=NOW)


async def read(database: Database) -> Configuration:
    async with database.read() as conn:
        return await configuration.read(conn)


async def test_what_was_saved_is_read_back_whole(database: Database) -> None:
    await save(database, WHOLE)
    assert await read(database) == WHOLE


async def test_saving_twice_changes_nothing(database: Database) -> None:
    await save(database, WHOLE)
    await save(database, WHOLE)
    assert await read(database) == WHOLE


async def test_what_is_not_named_stays_and_trust_is_replaced_by_kind(database: Database) -> None:
    await save(database, WHOLE)
    moved = ConnectionRow("crm", "lotus_crm", config={"base_url": "http://127.0.0.1:9999"})
    await save(database, Configuration(connections={"crm": moved}, sources={"customer": ("crm",)}, overrides={"crm": {}}))
    found = await read(database)
    assert (found.connections, found.lines) == ({"crm": moved, "erp": ERP}, WHOLE.lines)
    assert (found.sources, found.overrides) == ({"customer": ("crm",), "order": ("erp",)}, {})


async def test_every_change_is_announced_when_it_is_committed(database: Database) -> None:
    async with database.listen(configuration.CHANNEL) as notes:
        assert (await anext(notes)).resync
        await save(database, WHOLE)
        async with database.begin() as tx:
            await configuration.pause(tx, "crm", paused=True, now=NOW)
        async with asyncio.timeout(30):
            heard = [(await anext(notes)).payload for _ in range(2)]
    assert (heard, (await read(database)).connections["crm"].paused) == (["configuration", "connections"], True)


async def test_two_administrators_at_once_do_not_block_each_other_for_ever(database: Database) -> None:
    only_trust = Configuration(sources=WHOLE.sources, overrides=WHOLE.overrides)
    other_order = Configuration(connections={"erp": ERP, "crm": CRM}, sources=WHOLE.sources)
    await save(database, WHOLE)
    await asyncio.gather(*(save(database, wanted) for wanted in (WHOLE, other_order, only_trust, only_trust) * 3))
    assert await read(database) == WHOLE


async def test_a_connection_goes_with_its_secrets_overrides_and_trust(database: Database) -> None:
    await save(database, WHOLE)
    async with database.begin() as tx:
        await secrets.put(tx, "crm", "token", b"sealed", now=NOW)
        removed, unknown = await configuration.remove_connection(tx, "crm"), await configuration.remove_connection(tx, "nope")
        left = await secrets.of_all(tx)
    found = await read(database)
    assert (removed, unknown, left, found.sources, found.overrides) == (
        True,
        False,
        {},
        {"customer": ("erp",), "order": ("erp",)},
        {},
    )


async def test_sealed_secrets_are_kept_by_field(database: Database) -> None:
    await save(database, WHOLE)
    async with database.begin() as tx:
        for field, sealed in (("token", b"1"), ("password", b"\x00\xff"), ("token", b"2")):
            await secrets.put(tx, "crm", field, sealed, now=NOW)
        await secrets.put(tx, "erp", "key", b"3", now=NOW)
        everything = await secrets.of_all(tx)
        dropped = await secrets.keep_only(tx, "crm", {"token"})
        left = await secrets.of_all(tx)
    assert everything == {"crm": {"token": b"2", "password": b"\x00\xff"}, "erp": {"key": b"3"}}
    assert (dropped, left) == (1, {"crm": {"token": b"2"}, "erp": {"key": b"3"}})
