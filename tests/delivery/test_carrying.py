"""One effect each, whatever goes wrong on the way: the ladder over a real database and a vendor that keeps count."""

from datetime import timedelta

import pytest
from tests.delivery.vendor import World

from tieline.domain import errors
from tieline.domain.errors import TielineError

LONG = timedelta(hours=1)
AMBIGUOUS = errors.OutcomeUnknown


async def test_what_is_promised_is_delivered_once_and_its_owner_told(world: World) -> None:
    promised = await world.promise()
    assert (await world.carry(), await world.carry()) == (1, 0)
    kept = await world.find(promised)
    assert (kept.state, kept.external_id, kept.attempts, kept.sent_at) == ("delivered", f"v-{kept.key[-4:]}", 1, None)
    assert world.vendor.effects == {kept.key: 1}
    ((told, result),) = world.books.done
    assert (told, result.how, result.external_id) == (promised, "answered", kept.external_id)
    assert result.sent == {"external_id": kept.key, "record": {"subject": "Leak"}, "idempotency_key": kept.key}
    assert await world.rows("SELECT purpose, outcome, ended_at IS NOT NULL FROM delivery_attempts") == [("send", "ok", True)]


async def test_what_needs_no_telling_is_done_without_a_call(world: World) -> None:
    world.books.needless = True
    promised = await world.promise()
    await world.carry()
    assert (await world.find(promised)).state == "delivered"
    assert (world.vendor.told, [result.how for _, result in world.books.done]) == ([], ["needless"])


async def test_what_fails_in_passing_comes_back_by_the_schedule(world: World) -> None:
    world.vendor.before = [errors.VendorUnavailable(), errors.VendorTimeout(), errors.VendorUnavailable()]
    promised = await world.promise()
    waits = []
    for _ in range(3):
        assert await world.carry() == 1
        ((wait,),) = await world.rows("SELECT round(extract(epoch FROM due_at - state_at)) FROM deliveries")
        waits.append(int(wait))
        assert await world.carry() == 0
        await world.let_pass(timedelta(seconds=int(wait)))
    assert waits == [5, 30, 120]
    await world.carry()
    kept = await world.find(promised)
    assert (kept.state, kept.attempts, kept.failures) == ("delivered", 4, 3)
    assert list(world.vendor.effects.values()) == [1]
    assert world.vendor.priorities == ["live", "bulk", "bulk", "bulk"]


async def test_a_vendors_wish_to_wait_is_kept_but_no_longer_than_an_hour(world: World) -> None:
    world.vendor.before = [errors.VendorThrottled(retry_after_s=7.0), errors.VendorThrottled(retry_after_s=3.2e8)]
    world.chance = 0.0
    await world.promise()
    await world.carry()
    assert await world.rows("SELECT round(extract(epoch FROM due_at - state_at)), held_back FROM deliveries") == [(7, 1)]
    await world.let_pass(LONG)
    await world.carry()
    assert await world.rows("SELECT round(extract(epoch FROM due_at - state_at)), failures FROM deliveries") == [(3600, 0)]


async def test_the_vendor_that_knows_our_key_is_told_the_same_again(world: World) -> None:
    world.vendor.after = [AMBIGUOUS()]
    promised = await world.promise()
    await world.carry()
    in_doubt = await world.find(promised)
    assert (in_doubt.state, in_doubt.doubtful) == ("pending", True)
    await world.let_pass(LONG)
    await world.carry()
    assert (await world.find(promised)).state == "delivered"
    assert world.vendor.told[0] == world.vendor.told[1]
    assert list(world.vendor.effects.values()) == [1]
    assert await world.rows("SELECT purpose, outcome FROM delivery_attempts ORDER BY id") == [
        ("send", "upstream_unknown"),
        ("repeat", "ok"),
    ]


async def test_the_vendor_that_can_be_searched_is_searched_first(world: World) -> None:
    world.vendor.tier, world.vendor.after = "T2", [AMBIGUOUS()]
    promised = await world.promise()
    await world.carry()
    await world.let_pass(timedelta(seconds=30))
    assert (await world.carry(), world.vendor.looks) == (0, 0), "its index may not know yet"
    await world.let_pass(timedelta(seconds=31))
    await world.carry()
    assert (await world.find(promised)).state == "delivered"
    assert ([result.how for _, result in world.books.done], list(world.vendor.effects.values())) == (["found"], [1])


async def test_what_is_not_there_twice_is_sent_again(world: World) -> None:
    world.vendor.tier, world.vendor.before = "T2", [AMBIGUOUS()]
    promised = await world.promise()
    await world.carry()
    await world.let_pass(timedelta(seconds=61))
    assert (await world.carry(), world.vendor.looks, len(world.vendor.told)) == (1, 1, 0)
    assert await world.carry() == 0, "not before ten seconds have passed"
    await world.let_pass(timedelta(seconds=10))
    assert (await world.carry(), world.vendor.looks, len(world.vendor.told)) == (1, 2, 1)
    assert (await world.find(promised)).state == "delivered"
    assert list(world.vendor.effects.values()) == [1]


async def test_what_can_be_neither_keyed_nor_searched_is_a_persons_to_decide(world: World) -> None:
    world.vendor.tier, world.vendor.after = "T3", [AMBIGUOUS()]
    promised = await world.promise()
    await world.carry()
    await world.let_pass(timedelta(days=4))
    assert await world.carry() == 0
    assert (await world.find(promised)).state == "unknown"
    assert list(world.vendor.effects.values()) == [1]
    assert await world.rows("SELECT kind, subject_key, state FROM review_items") == [("unknown_outcome", str(promised), "open")]
    assert [reason.state for _, reason in world.books.lost] == ["unknown"]


async def test_what_certainly_never_arrived_is_repeated_whatever_the_vendor(world: World) -> None:
    world.vendor.tier, world.vendor.before = "T3", [errors.VendorUnavailable(), errors.CircuitOpen()]
    promised = await world.promise()
    for _ in range(3):
        await world.carry()
        await world.let_pass(LONG)
    assert ((await world.find(promised)).state, list(world.vendor.effects.values())) == ("delivered", [1])


@pytest.mark.parametrize("code", ["upstream_config", "upstream_reauthorise"])
async def test_only_an_administrator_helps_a_wrong_set_up(world: World, code: str) -> None:
    """F22: where the grant is gone, what waits is parked and not failed."""
    world.vendor.before = [errors.VendorMisconfigured(code=code)]
    promised = await world.promise()
    await world.carry()
    await world.let_pass(timedelta(days=10))
    kept = await world.find(promised)
    assert (await world.carry(), kept.state, kept.reason, kept.failures) == (0, "parked", code, 0)


async def test_a_refusal_ends_it_and_asks_a_person(world: World) -> None:
    world.vendor.before = [errors.VendorRejected()]
    promised = await world.promise()
    await world.carry()
    kept = await world.find(promised)
    assert (kept.state, kept.reason, kept.doubtful) == ("dead", "upstream_rejected", False)
    assert await world.rows("SELECT kind, subject_key FROM review_items") == [("dead_delivery", str(promised))]


async def test_what_was_refused_in_part_is_no_success(world: World) -> None:
    world.vendor.outcome = "partial"
    promised = await world.promise()
    await world.carry()
    kept = await world.find(promised)
    assert (kept.state, kept.reason) == ("dead", "upstream_partial")
    assert await world.rows("SELECT kind, subject_key FROM review_items") == [("dead_delivery", str(promised))]


async def test_what_comes_behind_a_dead_creation_waits_and_behind_a_dead_change_goes_on(world: World) -> None:
    world.vendor.before = [errors.VendorRejected(), errors.VendorRejected()]
    await world.promise(1)
    waiting = await world.promise(1, operation="ticket.comment")
    await world.promise(2, operation="ticket.update")
    passing = await world.promise(2, operation="ticket.comment")
    assert (await world.carry(1), await world.carry(2)) == (1, 2)
    assert ((await world.find(waiting)).state, (await world.find(passing)).state) == ("pending", "delivered")


async def test_order_is_kept_while_the_first_one_is_being_retried(world: World) -> None:
    world.vendor.before = [errors.VendorUnavailable()]
    await world.promise(1)
    await world.promise(1, operation="ticket.comment")
    await world.promise(2, operation="ticket.comment")
    assert (await world.carry(1), await world.carry(2)) == (1, 1)
    await world.let_pass(LONG)
    assert await world.carry(1) == 2
    assert [operation for operation, _ in world.vendor.told] == ["ticket.comment", "ticket.create", "ticket.comment"]


async def test_our_own_fault_is_tried_five_times_and_its_neighbours_go_on(world: World) -> None:
    world.books.refuses = [ZeroDivisionError("secret") for _ in range(9)]
    poison = await world.promise(1)
    for tries in range(1, 6):
        assert await world.carry(1) == 1
        assert (await world.find(poison)).faults == tries
        await world.let_pass(timedelta(hours=9))
    assert await world.carry(1) == 0
    kept = await world.find(poison)
    assert (kept.state, kept.reason) == ("dead", "internal_error")
    world.books.refuses = []
    neighbour = await world.promise(2)
    assert (await world.carry(2), (await world.find(neighbour)).state) == (1, "delivered")


async def test_a_vendors_yes_outlives_our_own_stumble(world: World) -> None:
    world.vendor.tier, world.books.stumbles = "T3", [ZeroDivisionError()]
    promised = await world.promise()
    await world.carry()
    in_between = await world.find(promised)
    assert (in_between.state, in_between.external_id, in_between.faults) == ("pending", f"v-{in_between.key[-4:]}", 1)
    await world.let_pass(LONG)
    await world.carry()
    assert (await world.find(promised)).state == "delivered"
    ((_, result),) = world.books.done
    assert (result.external_id, list(world.vendor.effects.values())) == (in_between.external_id, [1])


async def test_a_vendors_yes_outlives_a_database_that_was_busy_for_a_moment(world: World) -> None:
    """Of a vendor that can be neither keyed nor searched nobody could say afterwards what became of it."""
    world.vendor.tier, world.books.stumbles = "T3", [errors.Overloaded(code="database_busy")]
    promised = await world.promise()
    await world.carry()
    assert (await world.find(promised)).state == "delivered"
    assert await world.rows("SELECT purpose, outcome, ended_at IS NOT NULL FROM delivery_attempts") == [("send", "ok", True)]
    assert list(world.vendor.effects.values()) == [1]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (errors.RequestRefused(), "dead"),
        (errors.MappingInvalid(), "parked"),
        (errors.VendorTimeout(), "pending"),
        (errors.Overloaded(code="database_busy"), "pending"),
    ],
)
async def test_what_the_owner_refuses_to_prepare_was_never_sent(world: World, error: TielineError, state: str) -> None:
    world.vendor.tier, world.books.refuses = "T3", [error]
    promised = await world.promise()
    await world.carry()
    assert (await world.find(promised)).state == state
    assert world.vendor.told == []
