from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tieline.store import identity, number_marks
from tieline.store.database import Database
from tieline.store.identity import Found, IdentityKey
from tieline.store.memory import Memory, Recall

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
MOBILE = "+8613800138000"
SWITCHBOARD = "+861065543800"


key = partial(IdentityKey, e164=MOBILE, connection="crm", seen_at=NOW)


async def write(database: Database, *keys: IdentityKey) -> int:
    async with database.pool.connection() as connection:
        return await identity.upsert(connection, keys)


async def look_up(database: Database, e164: str, **asked: Any) -> Found:  # noqa: ANN401 - fields of Recall
    return (await Memory(database.pool).recall(Recall(e164, now=NOW, **asked))).found


def who(found: Found) -> Sequence[str]:
    return [hit.external_id for hit in found.keys]


async def test_what_was_written_comes_back_whole(database: Database) -> None:
    written = key(
        external_id="7",
        label="mobile",
        direct=True,
        display_name="张三",
        party_kind="organization",
        company="Acme",
        tier="high_value",
        tags=("老年用户", "vip"),
        verified=True,
        extension="801",
        external_kind="contact",
    )
    await write(database, written)
    assert await look_up(database, MOBILE) == Found(keys=(written,))


async def test_a_number_nobody_carries(database: Database) -> None:
    assert await look_up(database, MOBILE, country_prefix="+86") == Found()


async def test_the_callers_extension_then_direct_then_recent(database: Database) -> None:
    await write(
        database,
        key(external_id="plain", e164=SWITCHBOARD),
        key(external_id="recent", e164=SWITCHBOARD, seen_at=NOW + timedelta(days=1)),
        key(external_id="direct", e164=SWITCHBOARD, direct=True),
        key(external_id="desk", e164=SWITCHBOARD, extension="801"),
    )
    found = await look_up(database, SWITCHBOARD, extension="801")
    assert who(found) == ["desk", "direct", "recent", "plain"]


async def test_equal_last_digits_count_only_when_nobody_carries_the_number(database: Database) -> None:
    await write(
        database, key(external_id="badly written", e164="+86113800138000"), key(external_id="abroad", e164="+113800138000")
    )
    alike = await look_up(database, MOBILE, country_prefix="+86")
    await write(database, key(external_id="exact"))
    exact = await look_up(database, MOBILE, country_prefix="+86")
    assert (who(alike), alike.exact, who(exact), exact.exact) == (["badly written"], False, ["exact"], True)


@pytest.mark.parametrize(
    ("called", "country_prefix"),
    [pytest.param("+8613800138000", "", id="no country given"), pytest.param("+8600138000"[:8], "+86", id="too few digits")],
)
async def test_last_digits_are_not_compared(database: Database, called: str, country_prefix: str) -> None:
    await write(database, key(external_id="other", e164=f"+86999{called[-8:]}"))
    assert await look_up(database, called, country_prefix=country_prefix) == Found()


async def test_a_long_list_is_cut_and_says_so(database: Database) -> None:
    await write(database, *(key(external_id=f"{number:02}") for number in range(7)))
    cut = await look_up(database, MOBILE, most_hits=5)
    whole = await look_up(database, MOBILE, most_hits=7)
    assert (who(cut), cut.more, len(whole.keys), whole.more) == (["00", "01", "02", "03", "04"], True, 7, False)


async def test_the_mark_comes_with_the_answer_found_or_not(database: Database) -> None:
    async with database.begin() as tx:
        await number_marks.put_mark(tx, MOBILE, "shared", by="1001", now=NOW)
        await number_marks.remember(tx, MOBILE, "crm:7", until=NOW + timedelta(days=180), by="1001", now=NOW)
    nobody = await look_up(database, MOBILE)
    await write(database, key(external_id="7"))
    somebody = await look_up(database, MOBILE)
    assert nobody.mark is not None
    assert (nobody.mark.mark, nobody.mark.remembered(NOW), nobody.mark.remembered(NOW + timedelta(days=181))) == (
        "shared",
        "crm:7",
        None,
    )
    assert (nobody.keys, somebody.mark, who(somebody)) == ((), nobody.mark, ["7"])


async def test_what_was_seen_later_stays_and_verified_stays_verified(database: Database) -> None:
    await write(database, key(external_id="7", display_name="new", verified=True, seen_at=NOW + timedelta(hours=1)))
    assert await write(database, key(external_id="7", display_name="old")) == 0
    assert await write(database, key(external_id="7", display_name="newest", seen_at=NOW + timedelta(hours=2))) == 1
    (kept,) = (await look_up(database, MOBILE)).keys
    assert (kept.display_name, kept.verified) == ("newest", True)


async def test_the_same_place_twice_in_one_batch(database: Database) -> None:
    assert (
        await write(database, key(external_id="7", label="b", seen_at=NOW + timedelta(1)), key(external_id="7", label="a")) == 1
    )
    assert [hit.label for hit in (await look_up(database, MOBILE)).keys] == ["b"]


async def test_a_partys_numbers_are_replaced_whole_and_forgotten_whole(database: Database) -> None:
    party = ("crm", "customer", "7")
    await write(database, key(external_id="7"), key(external_id="7", extension="801"), key(external_id="8"))
    async with database.pool.connection() as connection, connection.transaction():
        await identity.replace(connection, [key(external_id="7", e164=SWITCHBOARD)], of=party)
    moved = (who(await look_up(database, MOBILE)), who(await look_up(database, SWITCHBOARD)))
    async with database.pool.connection() as connection:
        gone = await identity.forget(connection, of=party)
    assert (moved, gone, who(await look_up(database, SWITCHBOARD))) == ((["8"], ["7"]), 1, [])


async def test_only_organisations_stand_behind_a_switchboard_the_longest_number_first(database: Database) -> None:
    await write(
        database,
        key(external_id="head office", e164="+86106554", party_kind="organization"),
        key(external_id="branch", e164="+861065543", party_kind="organization"),
        key(external_id="person", e164="+861065543"),
        key(external_id="desk", e164="+861065543", party_kind="organization", extension="801"),
    )
    hits = await identity.organisations(database.pool, ["+861065543", "+86106554", "+8610655"])
    assert [hit.external_id for hit in hits] == ["branch", "head office"]


async def test_who_was_chosen_on_a_number_lately(database: Database) -> None:
    async with database.begin() as tx:
        for days, ref in ((40, "crm:1"), (9, "crm:2"), (5, "crm:3"), (2, "crm:2")):
            await number_marks.note_choice(tx, MOBILE, ref, interaction_id=None, by="1001", now=NOW - timedelta(days))
        lately = await number_marks.chosen_since(tx, MOBILE, NOW - timedelta(30))
        dropped = await number_marks.forget_choices(tx, before=NOW - timedelta(30))
    assert (lately, dropped) == (["crm:2", "crm:3"], 1)
