"""The caller who calls again, from the log of calls."""

from tests.flows.call_centre import PBX, CallCentre
from tests.flows.exchange import CALLER, SUPPORT, Exchange, second, simple_call

from tieline.domain.repeat_caller import PastCall, RepeatCaller, judge_repeat
from tieline.services.repeat_callers import windows_of
from tieline.store import calls
from tieline.store.memory import Memory, Recall

NOW = second(300)


async def past(centre: CallCentre, *, ref: str | None = None) -> tuple[PastCall, ...]:
    """Return the earlier calls, as whoever rings now is told of them."""
    recalled = await Memory(centre.database.pool).recall(Recall(e164=CALLER, now=NOW, ref=ref, leave_out=(PBX, "now")))
    return recalled.past


async def looked(centre: CallCentre, *, shared: bool = False, ref: str | None = None) -> RepeatCaller | None:
    return judge_repeat(await past(centre, ref=ref), now=NOW, shared=shared, windows=windows_of(SUPPORT))


async def test_again_within_five_minutes_names_the_last_agent(centre: CallCentre) -> None:
    await centre.hear_all(simple_call(Exchange("c-1"), agent="1002"))
    repeat = await looked(centre)
    assert repeat is not None
    assert (repeat.count, repeat.last.call_id, repeat.last.agent, repeat.follow) == (2, "c-1", "1002", "same_ticket")


async def test_again_within_five_minutes_on_a_shared_line_is_the_lines_second_call_and_nobodys_thread(centre: CallCentre) -> None:
    await centre.hear_all(simple_call(Exchange("c-1"), agent="1002"))
    repeat = await looked(centre, shared=True)
    assert repeat is not None
    assert (repeat.count, repeat.by_line, repeat.follow) == (2, True, "none")


async def test_the_customer_is_known_again_under_another_number(centre: CallCentre) -> None:
    await centre.hear_all(simple_call(Exchange("c-1", caller="+8613800138001")))
    async with centre.database.begin() as tx:
        (interaction_id,) = await calls.find(tx, PBX, ["c-1"])
        await calls.choose_customer(tx, interaction_id, "crm:7", chosen_by="1001", identity_level=1)
    assert await looked(centre) is None
    repeat = await looked(centre, ref="crm:7")
    assert repeat is not None
    assert repeat.last.customer_ref == "crm:7"


async def test_the_call_that_rings_now_internal_calls_and_old_ones_do_not_count(centre: CallCentre) -> None:
    await centre.hear_all(simple_call(Exchange("now"), at=200))
    await centre.hear_all(simple_call(Exchange("inside", caller="1002"), at=100))
    await centre.hear_all(simple_call(Exchange("old"), at=-8 * 86_400))
    assert await past(centre) == ()


async def test_the_latest_come_first(centre: CallCentre) -> None:
    for place in range(5):
        await centre.hear_all(simple_call(Exchange(f"c-{place}"), at=50 * place))
    assert [call.call_id for call in await past(centre, ref="crm:7")] == ["c-4", "c-3", "c-2", "c-1", "c-0"]
