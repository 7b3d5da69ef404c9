"""Vendors are kept telling us: subscribed once, renewed in time, anew when lost; never twice, never lost in silence."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.upkeep.board import TOKEN, WEEK, Workers, working

from tieline.api.connections import list_connections
from tieline.security.permissions import Caller
from tieline.services import connection_removal, connection_settings, doctor
from tieline.services.connection_settings import Settings
from tieline.services.upkeep import ending
from tieline.store import vendor_subscriptions
from tieline.store.configuration import ConnectionRow

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
KEPT = "SELECT external_id, failures, fault, doubtful, claimed_until FROM vendor_subscriptions"
ASKED = "SELECT subject_key, state, suggestions -> 0 ->> 'code' FROM review_items ORDER BY first_at"
ADMIN = Caller("console:test", role="admin", scopes=frozenset())


@pytest.fixture
async def keyed(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Workers]:
    """Two workers and a vendor at whom asking twice makes one subscription."""
    monkeypatch.setenv("TIELINE_TEST_BOARD_TOKEN", TOKEN)
    with capture_logs():
        async with working(database_url, tmp_path, keyed=True) as workers:
            yield workers


@pytest.fixture
async def unkeyed(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Workers]:
    """Two workers and a vendor at whom asking twice makes two."""
    monkeypatch.setenv("TIELINE_TEST_BOARD_TOKEN", TOKEN)
    with capture_logs():
        async with working(database_url, tmp_path, keyed=False) as workers:
            yield workers


async def standing(workers: Workers) -> tuple[str, str, str | None]:
    """Return what an administrator sees: the connection's standing, the subscription's, and its fault."""
    (shown,) = (await list_connections(workers.houses[0])).items
    assert TOKEN not in shown.model_dump_json()
    kept = shown.subscription
    assert kept is not None
    return shown.standing, kept.state, kept.fault


async def finding(workers: Workers) -> doctor.Finding:
    found = await doctor.examine(workers.houses[0], data_dir=workers.settings.data_dir)
    (one,) = (each for each in found if each.name == "subscription board")
    return one


async def test_two_workers_subscribe_once_and_look_on(unkeyed: Workers) -> None:
    assert await standing(unkeyed) == ("up", "wanted", None)
    assert await unkeyed.look() == 1
    assert (unkeyed.board.made, unkeyed.board.asked) == (1, {"POST": 1})
    assert unkeyed.board.watches["w-1"]["url"] == "https://tie.example.com/v1/webhooks/board"
    assert unkeyed.board.until("w-1") == unkeyed.now + WEEK
    assert await unkeyed.look(after=5 * DAY) == 0
    assert unkeyed.board.asked == {"POST": 1}
    assert await standing(unkeyed) == ("up", "active", None)
    assert await finding(unkeyed) == doctor.Finding("subscription board", well=True, told="active until 2026-12-03 08:00 UTC")


async def test_it_is_renewed_before_it_ends_by_the_margin_of_the_connector_and_again(unkeyed: Workers) -> None:
    await unkeyed.look()
    assert await unkeyed.look(after=6 * DAY - MINUTE) == 0
    assert await unkeyed.look(after=MINUTE) == 1
    assert unkeyed.board.until("w-1") == unkeyed.now + WEEK
    assert await unkeyed.look(after=6 * DAY) == 1
    assert (unkeyed.board.made, unkeyed.board.asked) == (1, {"POST": 1, "PUT": 2})


async def test_one_that_was_lost_there_is_made_anew_at_the_next_renewal(unkeyed: Workers) -> None:
    await unkeyed.look()
    unkeyed.board.watches.clear()
    assert await unkeyed.look(after=6 * DAY) == 2
    assert (list(unkeyed.board.watches), unkeyed.board.asked) == (["w-2"], {"POST": 2, "PUT": 1})
    assert await unkeyed.rows(KEPT) == [("w-2", 0, None, False, None)]


async def test_one_that_ran_out_while_nobody_worked_is_made_anew(unkeyed: Workers) -> None:
    await unkeyed.look()
    assert (await unkeyed.look(after=8 * DAY), unkeyed.board.asked) == (1, {"POST": 2})


async def test_a_vendor_that_is_down_is_asked_less_and_less_often_and_then_a_person_is_told(keyed: Workers) -> None:
    keyed.board.down = True
    for wait, asked in ((0, 1), (59, 1), (1, 2), (119, 2), (1, 3)):
        keyed.mend()
        await keyed.look(after=timedelta(seconds=wait))
        assert keyed.board.asked["POST"] == asked, f"after {wait} s"
    assert await keyed.rows(ASKED) == [("board", "open", "upstream_unavailable")]
    assert await standing(keyed) == ("degraded", "missing", "upstream_unavailable")
    assert not (await finding(keyed)).well
    keyed.board.down = False
    keyed.mend()
    assert await keyed.look(after=timedelta(minutes=4)) == 1
    assert await standing(keyed) == ("up", "active", None)
    assert await keyed.rows(ASKED) == [("board", "settled", "upstream_unavailable")], "nobody need look any more"


async def test_a_renewal_that_fails_leaves_the_rest_of_its_time_to_try_again(unkeyed: Workers) -> None:
    await unkeyed.look()
    unkeyed.board.down = True
    await unkeyed.look(after=6 * DAY)
    assert await standing(unkeyed) == ("up", "active", "upstream_unavailable")
    unkeyed.board.down = False
    unkeyed.mend()
    assert await unkeyed.look(after=MINUTE) == 1
    assert (unkeyed.board.made, unkeyed.board.until("w-1")) == (1, unkeyed.now + WEEK)


async def test_a_refusal_is_shown_to_a_person_at_once_without_a_word_of_the_vendors(keyed: Workers) -> None:
    keyed.board.forbids = True
    await keyed.look()
    assert await keyed.rows(ASKED) == [("board", "open", "upstream_config")]
    told = await keyed.rows(
        "SELECT row_to_json(r)::text FROM review_items r UNION ALL SELECT row_to_json(v)::text FROM vendor_subscriptions v"
    )
    assert len(told) == 2
    assert not [row for row in told if TOKEN in row[0]]


async def test_an_answer_that_never_came_is_asked_for_again_where_that_makes_no_second_one(keyed: Workers) -> None:
    keyed.board.silent = True
    await keyed.look()
    keyed.board.silent = False
    keyed.mend()
    assert await keyed.look(after=MINUTE) == 1
    assert (list(keyed.board.watches), keyed.board.asked["POST"]) == (["n-1"], 2)
    assert await keyed.rows(ASKED) == []


async def test_where_asking_again_would_make_a_second_one_a_person_looks_and_begins_anew(unkeyed: Workers) -> None:
    unkeyed.board.silent = True
    await unkeyed.look()
    unkeyed.board.silent = False
    unkeyed.mend()
    assert await unkeyed.look(after=DAY) == 0
    assert unkeyed.board.asked == {"POST": 1}
    assert await standing(unkeyed) == ("degraded", "doubtful", "subscription_doubtful")
    assert await unkeyed.rows(ASKED) == [("board", "open", "subscription_doubtful")]
    await unkeyed.apply(paused=True)
    await unkeyed.look()
    await unkeyed.apply()
    assert await unkeyed.look() == 1
    assert await standing(unkeyed) == ("up", "active", None)
    assert await unkeyed.rows(ASKED) == [("board", "settled", "subscription_doubtful")]


async def died(workers: Workers) -> None:
    """Leave things as a worker does that dies over its request."""
    await workers.rows(
        "UPDATE vendor_subscriptions SET act = 'create', expires_at = NULL, claimed_until = '2026-11-26 08:02+00' RETURNING 1"
    )


async def test_a_worker_that_died_over_the_request_is_stood_in_for(keyed: Workers) -> None:
    await keyed.look()
    await died(keyed)
    assert await keyed.look(after=MINUTE) == 0, "he may still be at it"
    assert (await keyed.look(after=2 * MINUTE), keyed.board.made, list(keyed.board.watches)) == (1, 2, ["n-1"])


async def test_where_that_could_make_a_second_one_he_leaves_a_doubt(unkeyed: Workers) -> None:
    await unkeyed.look()
    await died(unkeyed)
    assert await unkeyed.look(after=3 * MINUTE) == 0
    assert (unkeyed.board.made, [row[3] for row in await unkeyed.rows(KEPT)]) == (1, [True])
    assert await unkeyed.rows(ASKED) == [("board", "open", "subscription_doubtful")]


async def test_other_settings_end_the_old_one_and_make_a_new_one(unkeyed: Workers) -> None:
    await unkeyed.look()
    await unkeyed.apply(topic="tickets")
    assert await unkeyed.look() == 2
    assert {number: told["topic"] for number, told in unkeyed.board.watches.items()} == {"w-2": "tickets"}


async def test_what_another_worker_has_ended_meanwhile_is_not_ended_once_more(unkeyed: Workers) -> None:
    await unkeyed.look()
    until = unkeyed.now + MINUTE
    async with unkeyed.houses[0].database.begin() as tx:
        seen = await vendor_subscriptions.find(tx, "board")
        assert seen is not None
        assert await vendor_subscriptions.claim(tx, seen, "end", until=until, request_key="")
        await vendor_subscriptions.settle(tx, "board", claimed_until=until, external_id=None, expires_at=None)
        assert not await vendor_subscriptions.claim(tx, seen, "end", until=until, request_key="")


async def test_a_connection_that_is_switched_off_is_told_no_more_and_again_when_resumed(unkeyed: Workers) -> None:
    await unkeyed.look()
    await unkeyed.apply(paused=True)
    assert await unkeyed.look() == 1
    assert (unkeyed.board.watches, await unkeyed.rows(KEPT)) == ({}, [])
    await unkeyed.apply()
    assert (await unkeyed.look(), list(unkeyed.board.watches)) == (1, ["w-2"])


async def test_an_end_the_vendor_did_not_hear_is_tried_again(unkeyed: Workers) -> None:
    await unkeyed.look()
    unkeyed.board.down = True
    await unkeyed.apply(paused=True)
    await unkeyed.look()
    assert await unkeyed.rows(ASKED) == [("board", "open", "upstream_unavailable")]
    unkeyed.board.down = False
    assert await unkeyed.look(after=MINUTE) == 1
    assert (unkeyed.board.watches, await unkeyed.rows(ASKED)) == ({}, [("board", "settled", "upstream_unavailable")])


@pytest.mark.parametrize("heard", [True, False])
async def test_a_connection_that_is_removed_is_told_no_more_or_it_runs_out(unkeyed: Workers, *, heard: bool) -> None:
    await unkeyed.look()
    unkeyed.board.down = not heard
    house = unkeyed.houses[0]
    tag = (await connection_settings.read(house, "board")).tag
    await connection_removal.remove(house, "board", tag=tag, by=ADMIN)
    assert (len(unkeyed.board.watches), len(await unkeyed.rows(KEPT)), len(await unkeyed.rows(ASKED))) == (
        (0, 0, 0) if heard else (1, 1, 1)
    )
    for each in unkeyed.houses:
        await each.directory.reload()
    await unkeyed.look(after=8 * DAY)
    assert await unkeyed.rows(KEPT) == []


async def test_one_that_is_taken_in_hand_again_is_not_forgotten_by_whoever_saw_it_before(unkeyed: Workers) -> None:
    """Resumed at that moment, it was subscribed anew: forgotten, the vendor would go on telling us twice."""
    database = unkeyed.houses[0].database
    async with database.begin() as tx:
        await vendor_subscriptions.begin(tx, "board", settings="")
        seen = await vendor_subscriptions.find(tx, "board")
        assert seen is not None
        assert await vendor_subscriptions.claim(tx, seen, "create", until=unkeyed.now + MINUTE, request_key="k")
    await ending.end(unkeyed.houses[1], seen, Settings(ConnectionRow("board", "board"), {}))
    async with database.begin() as tx:
        assert (await vendor_subscriptions.read(tx)).keys() == {"board"}


async def test_without_a_public_address_nothing_is_asked_and_somebody_is_told(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIELINE_TEST_BOARD_TOKEN", TOKEN)
    with capture_logs() as logged:
        async with working(database_url, tmp_path, keyed=True, public_url="") as workers:
            await workers.look()
            assert (workers.board.asked, await workers.rows(ASKED)) == ({}, [("board", "open", "public_url_missing")])
    assert TOKEN not in repr(logged)
    assert [line["code"] for line in logged if line["event"] == "subscription.kept"] == ["public_url_missing"]
