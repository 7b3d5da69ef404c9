"""A day of events replayed, shuffled and doubled: the same database, not one card more."""

from datetime import timedelta
from random import Random

import pytest
from tests.flows.call_centre import CallCentre
from tests.flows.exchange import NOON, Exchange, consulted_under_a_new_id, scenarios, transferred_under_a_new_id

from tieline.domain.call import CallEvent

DAY_OVER = NOON + timedelta(hours=12)


def a_day() -> list[CallEvent]:
    """Return every scenario, one after the other, each with a customer and ids of its own, and a call that never hangs up."""
    day: list[CallEvent] = []
    for place, events in enumerate([*scenarios().values(), transferred_under_a_new_id(), consulted_under_a_new_id()]):
        later = timedelta(minutes=5 * place)
        for event in events:
            ids = {name: f"{getattr(event, name)}-{place}" for name in ("call_id", "linked_call_id") if getattr(event, name)}
            end = "to" if event.direction == "outbound" else "from"
            theirs = {} if event.direction == "internal" else {end: f"+86138001381{place:02}"}
            told = event.model_dump(by_alias=True) | ids | theirs | {"at": event.at + later}
            day.append(CallEvent.model_validate(told))
    lost = Exchange("lost", caller="anonymous")
    return [*day, lost.tell("ringing", 3600, agent="1001"), lost.tell("answered", 3603, agent="1001")]


async def after_the_day(centre: CallCentre) -> dict[str, list[tuple[object, ...]]]:
    """Let the clock do its part, and return what must be the same."""
    for hour in (0, 5, 6, 11):
        await centre.settle(DAY_OVER + timedelta(hours=hour))
        await centre.sweep(DAY_OVER + timedelta(hours=hour))
    return await centre.everything()


async def cards(centre: CallCentre) -> list[tuple[object, ...]]:
    return await centre.rows("SELECT call_id, agent, state, mode, seq FROM pops ORDER BY call_id, agent")


async def test_replaying_a_day_into_the_same_database_changes_nothing(centre: CallCentre) -> None:
    await centre.play(a_day())
    told, shown, withdrawn = await after_the_day(centre), await cards(centre), list(centre.withdrawn)
    await centre.serve()
    shown = await cards(centre)
    again = [*a_day(), *a_day()]
    Random(5).shuffle(again)  # noqa: S311 - repeatable on purpose
    for event in again:
        receipt = await centre.hear(event, at=DAY_OVER + timedelta(hours=11))
        assert receipt.duplicate
    assert (await after_the_day(centre), await cards(centre), centre.withdrawn, centre.orders) == (told, shown, withdrawn, [])


@pytest.mark.parametrize("seed", [1, 2, 36])
async def test_a_day_heard_shuffled_and_doubled_is_the_same_day_without_a_card(centre: CallCentre, seed: int) -> None:
    await centre.hear_all(a_day())
    told = await after_the_day(centre)
    async with centre.database.pool.connection() as connection:
        await connection.execute(b"TRUNCATE interactions, review_items CASCADE")
    centre.orders.clear()
    shuffled = [*a_day(), *a_day()]
    Random(seed).shuffle(shuffled)  # noqa: S311 - repeatable on purpose
    late = CallCentre(centre.database)
    for event in shuffled:
        await late.hear(event, at=DAY_OVER)
    assert await after_the_day(late) == told
    assert (await cards(late), [order for order in late.orders if order.kind != "update"]) == ([], [])
    assert len(told["calls"]) == len(scenarios()) + 3
