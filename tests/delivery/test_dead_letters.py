"""What stands still is listed with its reason and the next step, and a person sets it going, settles it or lets it be."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.api.front_door import PBX_TOKEN, FrontDoor, open_door
from tests.delivery.vendor import World
from tests.waiting import held_up

from tieline.domain import errors
from tieline.services.delivery.waking import resume
from tieline.store import dead_letters
from tieline.store.dead_letters import Replayed

PATH = "/v1/dead-letters"


@pytest.fixture
async def door(world: World, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FrontDoor]:
    """The application on the world's database, its door open."""
    monkeypatch.setenv("TIELINE_TEST_PBX_TOKEN", PBX_TOKEN)
    async with open_door(database_url, tmp_path, auth="off") as opened:
        opened.house.deliveries.sinks.by_kind["ticket"] = world.books
        opened.house.deliveries.sinks.watchers.clear()  # its objects are no tickets of ours
        yield opened


async def dead(world: World, count: int, *, error: Exception | None = None) -> list[Any]:
    world.vendor.before = [error or errors.VendorRejected() for _ in range(count)]
    made = [await world.promise(number) for number in range(count)]
    for number in range(count):
        await world.carry(number)
    return made


async def test_they_are_listed_with_reason_and_next_step_and_without_what_they_hold(door: FrontDoor, world: World) -> None:
    await dead(world, 3)
    first = (await door.ask("GET", f"{PATH}?limit=2")).json()
    second = (await door.ask("GET", f"{PATH}?limit=2&cursor={first['next']}")).json()
    listed = [*first["items"], *second["items"]]
    assert [one["object"] for one in listed] == ["ticket:t-2", "ticket:t-1", "ticket:t-0"]
    assert (listed[0]["state"], listed[0]["reason"], listed[0]["may_exist"]) == ("dead", "upstream_rejected", False)
    assert listed[0]["next_step"].startswith("The other system refuses these values")
    assert "Leak" not in str(listed)
    assert (await door.ask("GET", f"{PATH}?state=unknown")).json() == {"items": [], "next": None}


async def test_one_is_shown_with_every_attempt(door: FrontDoor, world: World) -> None:
    (one,) = await dead(world, 1)
    shown = (await door.ask("GET", f"{PATH}/{one}")).json()
    assert [(each["purpose"], each["outcome"], each["kind"]) for each in shown["log"]] == [
        ("send", "upstream_rejected", "permanent")
    ]
    assert (await door.ask("GET", f"{PATH}/nonsense")).status_code == 404


async def test_a_dry_run_counts_and_a_replay_sets_going_at_a_measured_pace(door: FrontDoor, world: World) -> None:
    await dead(world, 6)
    wish = {"filter": {"connection": "helpdesk", "state": "dead"}, "per_s": 2}
    counted = await door.ask("POST", f"{PATH}/replay", json={**wish, "dry_run": True})
    assert (counted.status_code, counted.json()) == (202, {"count": 6, "takes_s": 2.5, "dry_run": True})
    assert await world.rows("SELECT count(*) FROM deliveries WHERE state = 'dead'") == [(6,)]
    assert (await door.ask("POST", f"{PATH}/replay", json=wish)).json()["count"] == 6
    spread = await world.rows("SELECT round(extract(epoch FROM due_at - state_at) * 2)::int FROM deliveries ORDER BY position")
    assert spread == [(0,), (1,), (2,), (3,), (4,), (5,)]
    assert await world.rows("SELECT DISTINCT state FROM review_items") == [("settled",)]
    await world.let_pass(timedelta(seconds=10))
    for number in range(6):
        await world.carry(number)
    assert await world.rows("SELECT state, count(*) FROM deliveries GROUP BY 1") == [("delivered", 6)]
    assert await world.rows("SELECT details ->> 'count' FROM audit_entries WHERE action = 'delivery.replayed'") == [("6",)]


async def test_a_replay_of_named_ones_leaves_the_others(door: FrontDoor, world: World) -> None:
    first, second, _ = await dead(world, 3)
    answer = await door.ask("POST", f"{PATH}/replay", json={"ids": [str(first), str(second), str(first)]})
    assert answer.json()["count"] == 2
    assert await world.rows("SELECT state, count(*) FROM deliveries GROUP BY 1 ORDER BY 1") == [("dead", 1), ("pending", 2)]


@pytest.mark.parametrize("wish", [{}, {"ids": []}, {"ids": ["x"], "filter": {}}, {"filter": {}, "per_s": 0}])
async def test_a_replay_says_which_and_how_fast(door: FrontDoor, wish: dict[str, Any]) -> None:
    assert (await door.ask("POST", f"{PATH}/replay", json=wish)).status_code == 422


async def test_what_somebody_says_is_there_while_another_replays_it_is_not_sent_again(world: World) -> None:
    (one,) = await dead(world, 1)

    async def replayed() -> list[Replayed]:
        async with world.database.begin() as another:
            return await dead_letters.replay(another, [one], per_s=10.0)

    async with world.database.begin() as tx:
        assert await dead_letters.settle(tx, await world.find(one), "delivered", from_states=("dead",))
        async with held_up(world.database, replayed()) as replay:
            await tx.commit()
            assert await replay == []
    assert (await world.find(one)).state == "delivered"


async def in_doubt(world: World) -> Any:  # noqa: ANN401 - an id
    world.vendor.tier, world.vendor.after = "T3", [errors.OutcomeUnknown()]
    made = await world.promise(1)
    await world.promise(1, operation="ticket.comment")
    await world.carry(1)
    return made


async def test_what_is_in_doubt_is_not_replayed(door: FrontDoor, world: World) -> None:
    await in_doubt(world)
    assert (await door.ask("POST", f"{PATH}/replay", json={"filter": {}})).json()["count"] == 0


async def test_it_exists(door: FrontDoor, world: World) -> None:
    made = await in_doubt(world)
    body = {"outcome": "it_exists", "external_id": "4711"}
    answer = await door.ask("POST", f"{PATH}/{made}/resolve", json=body)
    assert (answer.status_code, answer.json()["state"], answer.json()["external_id"]) == (200, "delivered", "4711")
    assert [(one, result.how, result.external_id) for one, result in world.books.done] == [(made, "by_hand", "4711")]
    assert await world.rows("SELECT state, decision ->> 'decision' FROM review_items") == [("settled", "it_exists")]
    assert await world.carry(1) == 1, "what waited behind it goes on"
    again = await door.ask("POST", f"{PATH}/{made}/resolve", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "delivery_state")


async def test_it_does_not_exist(door: FrontDoor, world: World) -> None:
    made = await in_doubt(world)
    world.vendor.effects.clear()
    answer = await door.ask("POST", f"{PATH}/{made}/resolve", json={"outcome": "it_does_not_exist"})
    assert (answer.status_code, answer.json()["state"], answer.json()["may_exist"]) == (200, "pending", False)
    assert await world.carry(1) == 2
    assert [operation for operation, _ in world.vendor.told] == ["ticket.create", "ticket.create", "ticket.comment"]


async def test_what_is_not_wanted_any_more_is_let_be(door: FrontDoor, world: World) -> None:
    (made,) = await dead(world, 1)
    assert (await door.ask("POST", f"{PATH}/{made}/discard")).json()["state"] == "withdrawn"
    assert [reason.state for _, reason in world.books.lost] == ["dead", "withdrawn"]
    assert await world.carry(0) == 0


async def test_what_waited_for_an_administrator_goes_on_when_the_connection_was_saved(door: FrontDoor, world: World) -> None:
    del door
    await dead(world, 2, error=errors.VendorMisconfigured())
    async with world.database.begin() as tx:
        assert await resume(tx, ["helpdesk"]) == 2
    assert await world.carry(0) == 0, "not every worker may have heard of the change"
    await world.let_pass(timedelta(seconds=3))
    assert [await world.carry(number) for number in range(2)] == [1, 1]
    assert await world.rows("SELECT DISTINCT state FROM deliveries") == [("delivered",)]
