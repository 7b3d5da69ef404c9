"""The caller who calls again, from the log of calls."""

from datetime import timedelta

from tests.flows.call_centre import PBX, CallCentre
from tests.flows.exchange import CALLER, SUPPORT, Exchange, second, simple_call

from tieline.domain.repeat_caller import RepeatCaller
from tieline.services.repeat_callers import look
from tieline.store import call_history, calls

NOW = second(300)


async def looked(centre: CallCentre, *, shared: bool = False, ref: str | None = None) -> RepeatCaller | None:
    async with centre.database.pool.connection() as conn:
        return await look(conn, e164=CALLER, ref=ref, shared=shared, line=SUPPORT, now=NOW)


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
    async with centre.database.pool.connection() as conn:
        assert await call_history.recent(conn, e164=CALLER, ref=None, now=NOW, leave_out=(PBX, "now")) == ()


async def test_the_latest_come_first_and_no_more_than_asked_for(centre: CallCentre) -> None:
    for place in range(5):
        await centre.hear_all(simple_call(Exchange(f"c-{place}"), at=50 * place))
    async with centre.database.pool.connection() as conn:
        found = await call_history.recent(conn, e164=CALLER, ref="crm:7", now=NOW, limit=3)
    assert [call.call_id for call in found] == ["c-4", "c-3", "c-2"]


async def test_earlier_calls_are_found_by_index_and_not_by_reading_them_all(centre: CallCentre) -> None:
    async with centre.database.pool.connection() as conn:
        await conn.execute(FILL)
        await conn.execute(b"ANALYZE interactions")
        await conn.execute(b"SET enable_seqscan = on")
        plan = await (await conn.execute(b"EXPLAIN " + call_history._RECENT, VALUES)).fetchall()
    told = "\n".join(line for (line,) in plan)
    assert "interactions_customer_e164_started_at_idx" in told
    assert "Seq Scan on interactions" not in told


VALUES = {
    "since": NOW - timedelta(days=7),
    "until": NOW,
    "e164": CALLER,
    "ref": "crm:7",
    "provider": PBX,
    "call_key": "now",
    "most_calls": 20,
}
FILL = b"""
    INSERT INTO interactions (id, provider, call_key, direction, customer_e164, customer_ref, state, started_at, last_event_at)
    SELECT gen_random_uuid(), 'pbx', 'c-' || n, 'inbound', '+86138' || lpad((n % 4000)::text, 8, '0'), 'crm:' || n % 4000,
           'ended', timestamptz '2026-11-22 12:00+00' - n * interval '10 seconds', now()
    FROM generate_series(1, 20000) AS n
"""
