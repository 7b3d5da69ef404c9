"""Whose data each may ask for: people their own, machines what they are for."""

from tests.api.front_door import FrontDoor, rows, statuses


async def ring(door: FrontDoor, *, call_id: str, phone: str, agent: str, ended: bool = False) -> None:
    """Let a call ring at an agent, and end if wished."""
    header = await door.signed("events.write")
    now = door.house.clock().isoformat()
    told = {"call_id": call_id, "from": phone, "to": "+861065543800", "agent": agent, "at": now}
    for kind in ("ringing", *(("answered", "ended") if ended else ())):
        assert (await door.ask("POST", "/v1/call-events", json={**told, "type": kind}, headers=header)).status_code == 202


async def pop(door: FrontDoor, header: dict[str, str], **query: str) -> tuple[int, str | None]:
    answer = await door.ask("GET", "/v1/screen-pop", params={"line": "+861065543800", **query}, headers=header)
    return answer.status_code, answer.json().get("code")


async def test_b65_an_agent_looks_up_only_numbers_on_the_line_with_them(door: FrontDoor) -> None:
    mine, other = "+8613911110001", "+8613911110002"
    await ring(door, call_id="b65-mine", phone=mine, agent="1001")
    await ring(door, call_id="b65-other", phone=other, agent="1002")
    session = await door.session("1001")
    assert await pop(door, session, phone=mine) == (200, None)
    assert await pop(door, session, phone="139 1111 0001", call_id="b65-mine") == (200, None)
    assert await pop(door, session, phone=other) == (403, "pop_not_in_call")
    assert await pop(door, session, phone=other, call_id="b65-mine") == (403, "pop_not_in_call")
    assert await pop(door, session, phone="+8613911119999") == (403, "pop_not_in_call")
    assert await pop(door, session, phone="anonymous") == (200, None)


async def test_b65_a_number_stays_open_for_half_an_hour_of_wrapping_up(door: FrontDoor) -> None:
    phone = "+8613911110003"
    await ring(door, call_id="b65-over", phone=phone, agent="1001", ended=True)
    session = await door.session("1001")
    assert await pop(door, session, phone=phone) == (200, None)
    aged = "UPDATE interactions SET ended_at = ended_at - interval '31 minutes' WHERE call_key = 'b65-over' RETURNING 1"
    assert await rows(door, aged) == [(1,)]
    assert await pop(door, session, phone=phone) == (403, "pop_not_in_call")


async def test_b65_a_senior_searches_freely_and_nobody_asks_in_a_colleagues_name(door: FrontDoor) -> None:
    assert await pop(door, await door.session("senior"), phone="+8613911118888") == (200, None)
    assert await pop(door, await door.session("senior"), phone="1", agent="1001") == (403, "forbidden")
    assert await pop(door, await door.session("supervisor"), phone="1", agent="1001") == (200, None)


async def test_b65_a_machine_asks_for_any_agent_and_a_bound_key_for_one(door: FrontDoor) -> None:
    assert await pop(door, await door.signed("pops.read"), phone="+8613911117777", agent="1002") == (200, None)
    bound = await door.signed("pops.read", agent="1001")
    assert await pop(door, bound, phone="+8613911117777", agent="1002") == (403, "forbidden")
    assert await pop(door, bound, phone="+8613911117777") == (403, "pop_not_in_call")


async def test_an_agent_reads_only_calls_they_took_part_in(door: FrontDoor) -> None:
    await ring(door, call_id="own/call?1", phone="+8613911110005", agent="1001")
    for target in ("/v1/calls/own%2Fcall%3F1", "/v1/calls/own%2Fcall%3F1/trace"):
        assert (await statuses(door, await door.session("1001"), target))[0] == 200
        assert await statuses(door, await door.session("1002"), target) == (404, "not_found")
        assert (await statuses(door, await door.session("supervisor"), target))[0] == 200
        assert await statuses(door, await door.session("admin"), target) == (403, "forbidden")
