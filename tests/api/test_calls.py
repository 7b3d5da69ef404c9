"""From an exchange's report to the story of the call, as programs see it."""

from datetime import timedelta
from typing import Any
from zlib import crc32

import pytest
from tests.api.front_door import PBX_TOKEN, FrontDoor

LINE = "+861065543800"


def told(door: FrontDoor, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of every type
    event = {"call_id": "c-1", "type": "ringing", "from": "+8613922220001", "to": LINE, "agent": "1001", "queue": "support"}
    return {**event, "at": door.house.clock().isoformat(), **changes}


async def report(door: FrontDoor, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - likewise
    answer = await door.ask("POST", "/v1/call-events", json=told(door, **changes), headers=await door.signed("events.write"))
    assert answer.status_code == 202, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


async def read(door: FrontDoor, target: str, *scopes: str) -> dict[str, Any]:
    answer = await door.ask("GET", target, headers=await door.signed(*(scopes or ("calls.read",))))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_event_of_the_contract_is_accepted_once(door: FrontDoor) -> None:
    event = {
        "event_id": "evt-1",
        "call_id": "c-42",
        "leg_id": "c-42.1",
        "type": "ringing",
        "direction": "inbound",
        "from": "+8613800138000",
        "to": LINE,
        "agent": "1001",
        "queue": "support",
        "at": "2026-11-22T10:00:00+08:00",
        "data": {},
    }
    headers = await door.signed("events.write")
    receipts = [(await door.ask("POST", "/v1/call-events", json=event, headers=headers)).json() for _ in range(2)]
    assert receipts == [
        {"call_id": "c-42", "accepted": True, "duplicate": False},
        {"call_id": "c-42", "accepted": True, "duplicate": True},
    ]


async def test_a_call_is_read_back_with_its_legs_and_without_its_number(door: FrontDoor) -> None:
    await report(door, call_id="c-read")
    await report(door, call_id="c-read", type="answered")
    call = await read(door, "/v1/calls/c-read")
    assert (call["call_id"], call["provider"], call["state"], call["line"]) == ("c-read", "canonical", "answered", LINE)
    assert [(leg["agent"], leg["state"]) for leg in call["legs"]] == [("1001", "answered")]
    assert "13922220001" not in str(call)


@pytest.mark.parametrize("role", ["supervisor", "qa", "auditor", "dpo"])
async def test_people_see_a_masked_number_in_a_story(door: FrontDoor, role: str) -> None:
    await report(door, call_id="c-masked", **{"from": "+8613922220002"})
    for target in ("/v1/calls/c-masked", "/v1/calls/c-masked/trace"):
        answer = await door.ask("GET", target, headers=await door.session(role))
        assert answer.status_code == 200
        assert "13922220002" not in answer.text
        assert answer.json()["customer_e164"] == "+86 139****0002"


async def test_the_trace_tells_each_event_with_its_effect_and_each_card(door: FrontDoor) -> None:
    await report(door, call_id="c-trace", **{"from": "+8613922220003"})
    await report(door, call_id="c-trace", type="ended", outcome="missed_agent")
    trace = await read(door, "/v1/calls/c-trace/trace")
    assert [event["type"] for event in trace["events"]] == ["ringing", "ended"]
    assert trace["events"][0]["effect"].startswith("show 1001")
    assert [(pop["agent"], pop["state"]) for pop in trace["pops"]] == [("1001", "withdrawn")]


async def test_an_event_too_late_to_matter_says_so(door: FrontDoor) -> None:
    late = (door.house.clock() - timedelta(minutes=5)).isoformat()
    await report(door, call_id="c-late", at=late, **{"from": "+8613922220004"})
    trace = await read(door, "/v1/calls/c-late/trace")
    assert (trace["events"][0]["effect"], trace["pops"]) == ("suppressed: stale_event", [])


async def test_a_question_of_a_softphone_is_a_story_even_without_events(door: FrontDoor) -> None:
    target = f"/v1/screen-pop?phone=+8613922220005&line={LINE}&call_id=only-asked&agent=1001"
    pop = await read(door, target, "pops.read")
    assert (pop["match"]["state"], pop["phone"]["e164"], pop["trace"]) == (
        "none",
        "+8613922220005",
        "/v1/calls/only-asked/trace",
    )
    trace = await read(door, pop["trace"])
    assert (trace["id"], trace["events"]) == (None, [])
    assert [(shown["pop_id"], shown["state"], shown["decided"]["state"]) for shown in trace["pops"]] == [
        (pop["pop_id"], "answered", "none")
    ]


async def test_a_softphone_that_wants_a_page_gets_an_address_without_a_number_that_opens_once(door: FrontDoor) -> None:
    headers = {**await door.signed("pops.read"), "Accept": "text/html,application/xhtml+xml"}
    answer = await door.ask("GET", f"/v1/screen-pop?phone=+8613922220006&line={LINE}&agent=1001", headers=headers)
    assert (answer.status_code, answer.content) == (303, b"")
    address = answer.headers["location"]
    path, _, code = address.partition("?code=")
    pop_id = path.removeprefix("/pop/")
    assert "13922220006" not in address
    opened = [await door.ask("POST", f"/v1/pops/{pop_id}/open", json={"code": code}) for _ in range(2)]
    assert [each.status_code for each in opened] == [200, 410]
    assert opened[0].json()["pop"]["pop_id"] == pop_id
    assert opened[1].json()["code"] == "pop_code_gone"
    assert (await door.ask("POST", f"/v1/pops/{pop_id}/open", json={"code": "another"})).status_code == 404


async def test_who_asked_is_in_the_audit_when_the_answer_leaves(door: FrontDoor) -> None:
    key = await door.signed("pops.read")
    pop = (await door.ask("GET", "/v1/screen-pop?phone=+8613922220007&agent=1002", headers=key)).json()
    entries = await read(door, "/v1/audit?action=pop.answered&limit=1", "audit.read")
    entry = entries["items"][0]
    assert (entry["pop_id"], entry["actor"].partition(":")[0], entry["details"]["agent"]) == (pop["pop_id"], "key", "1002")
    assert "13922220007" not in str(entries)


ZAMMAD = {"event": "newCall", "callId": "z-1", "direction": "in", "from": "8613922220008", "to": "861065543800"}


@pytest.mark.parametrize("form", [False, True], ids=["json", "form"])
async def test_an_exchange_reports_in_its_own_words(door: FrontDoor, *, form: bool) -> None:
    call_id = f"z-{'form' if form else 'json'}"
    body: dict[str, Any] = {**ZAMMAD, "callId": call_id}
    sent = {"data": {**body, "user[]": "1001"}} if form else {"json": {**body, "user": ["1001"]}}
    answer = await door.ask("POST", f"/v1/cti/pbx/{PBX_TOKEN}", **sent)
    assert (answer.status_code, answer.json()) == (200, {})
    call = await read(door, f"/v1/calls/{call_id}")
    assert (call["provider"], call["state"], call["legs"][0]["agent"]) == ("pbx", "ringing", "1001")
    async with door.house.database.pool.connection() as connection:
        kept = await connection.execute("SELECT state, headers::text FROM inbox WHERE body LIKE %s", [f"%{call_id}%".encode()])
        ((state, headers),) = await kept.fetchall()
    assert state == "done"
    assert PBX_TOKEN not in headers


@pytest.mark.parametrize(
    "call_id", ["a/b", "a b", "sip:1@h;tag=x", "x?y=1", "100%", "张三", "trace", "x/trace", "..", "a..b", "#1"]
)
async def test_any_printable_call_id_is_found_again(door: FrontDoor, call_id: str) -> None:
    phone = f"+86139333{crc32(call_id.encode()) % 100_000:05}"
    await report(door, call_id=call_id, **{"from": phone})
    escaped = "".join(f"%{byte:02X}" for byte in call_id.encode())
    assert (await read(door, f"/v1/calls/{escaped}"))["call_id"] == call_id
    assert (await read(door, f"/v1/calls/{escaped}/trace"))["events"]
