"""Who gets in, and as whom: keys, sessions, the open door, and whose data each may ask for."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api.front_door import ROOT, FrontDoor, open_door

from tieline.api.app import DoorSettings
from tieline.domain.errors import ConfigRefused, NotAllowed, RequestRefused
from tieline.security.api_keys import mint
from tieline.security.permissions import Caller
from tieline.services import api_keys
from tieline.services.access import SESSION_IDLE, SESSION_LIFE, refuse_open_door_to_others
from tieline.services.api_keys import KeyWish
from tieline.store import api_keys as key_rows
from tieline.wiring import app_of

AGENTS = "/v1/agents"


async def statuses(door: FrontDoor, header: dict[str, str], target: str = AGENTS) -> tuple[int, str | None]:
    answer = await door.ask("GET", target, headers=header)
    return answer.status_code, answer.json().get("code")


async def rows(door: FrontDoor, query: str) -> list[tuple[Any, ...]]:
    async with door.house.database.pool.connection() as connection:
        return await (await connection.execute(query.encode())).fetchall()


async def test_a_key_with_the_right_scope_opens(door: FrontDoor) -> None:
    assert await statuses(door, await door.signed("agents.read")) == (200, None)


async def test_nobody_gets_nothing_and_is_told_how_to_sign_in(door: FrontDoor) -> None:
    answer = await door.ask("GET", AGENTS)
    assert (answer.status_code, answer.json()["code"]) == (401, "auth_failed")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic dXNlcjpwYXNz",
        f"Bearer {mint()[0]}",
        "bearer tl_aaaaaaaaaaaa_" + "A" * 43,
        "Bearer tl_aaaaaaaaaaaa_" + "A" * 42 + "é",
    ],
)
async def test_every_wrong_key_is_refused_alike(door: FrontDoor, header: str) -> None:
    answer = await door.ask("GET", AGENTS, headers={"Authorization": header.encode()})
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (401, "auth_failed", "Sign in first")


async def test_b76_a_wrong_scope_is_known_but_not_permitted(door: FrontDoor) -> None:
    assert await statuses(door, await door.signed("events.write")) == (403, "scope_missing")


@pytest.mark.parametrize("place", ["key={}", "access_token={}", "phone=1&x=Bearer%20{}"])
async def test_b76_a_key_in_an_address_is_refused_even_beside_a_good_one(door: FrontDoor, place: str) -> None:
    header = await door.signed("agents.read")
    answer = await door.ask("GET", f"{AGENTS}?{place.format(await door.key('agents.read'))}", headers=header)
    assert (answer.status_code, answer.json()["code"]) == (400, "key_in_url")
    assert "tl_" not in answer.text


async def test_b76_two_ways_to_sign_in_at_once_are_one_too_many(door: FrontDoor) -> None:
    header = {**await door.signed("agents.read"), **await door.session("supervisor")}
    assert await statuses(door, header) == (400, "auth_ambiguous")


async def test_b76_two_keys_at_once_are_refused(door: FrontDoor) -> None:
    key = f"Bearer {await door.key('agents.read')}"
    async with door.client() as client:
        request = httpx.Request("GET", f"http://127.0.0.1{AGENTS}", headers=[("Authorization", key), ("Authorization", key)])
        assert (await client.send(request)).status_code == 400


async def test_b76_an_expired_key_opens_nothing(door: FrontDoor) -> None:
    past = door.house.clock() - timedelta(days=2)
    wish = KeyWish(name="old", scopes=("agents.read",), life=timedelta(days=1))
    text, _ = await api_keys.create(door.house.database, wish, asker=ROOT, now=past)
    assert await statuses(door, {"Authorization": f"Bearer {text}"}) == (401, "auth_failed")


async def test_a_revoked_key_opens_nothing_from_then_on(open_house: FrontDoor) -> None:
    door = open_house
    async with door.app.router.lifespan_context(door.app):
        made = (await door.ask("POST", "/v1/api-keys", json={"name": "x", "scopes": ["agents.read"]})).json()
        header = {"Authorization": f"Bearer {made['key']}"}
        assert await statuses(door, header) == (200, None)
        ended = await door.ask("DELETE", f"/v1/api-keys/{made['id']}")
        assert ended.json()["revoked_at"] is not None
        again = await door.ask("DELETE", f"/v1/api-keys/{made['id']}")
        assert again.json()["revoked_at"] == ended.json()["revoked_at"]
        assert await eventually(door, header) == (401, "auth_failed")
    acted = await rows(door, "SELECT action, actor FROM audit_entries WHERE subject LIKE 'key:%' ORDER BY seq")
    assert acted == [("key.created", "demo"), ("key.revoked", "demo")]


async def eventually(door: FrontDoor, header: dict[str, str]) -> tuple[int, str | None]:
    """Ask until the announcement has come round; it is well below the five seconds of trust."""
    for _ in range(200):
        found = await statuses(door, header)
        if found[0] != 200:
            return found
    return found


async def test_a_key_is_shown_once_and_kept_as_a_digest_only(open_house: FrontDoor) -> None:
    made = (await open_house.ask("POST", "/v1/api-keys", json={"name": "x", "scopes": ["docs.read"], "days": 30})).json()
    secret = made["key"].split("_", 2)[2]
    listed = await open_house.ask("GET", "/v1/api-keys")
    assert [each["id"] for each in listed.json()["items"]] == [made["id"]]
    assert secret not in listed.text
    stored = await rows(open_house, "SELECT api_keys::text FROM api_keys UNION ALL SELECT audit_entries::text FROM audit_entries")
    assert secret not in str(stored)
    assert secret.encode().hex() not in str(stored)


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"name": "x", "scopes": ["everything"]}, "field_value"),
        ({"name": "x", "scopes": []}, "field_length"),
        ({"name": "", "scopes": ["docs.read"]}, "field_length"),
        ({"name": "x", "scopes": ["docs.read"], "days": 366}, "field_range"),
        ({"name": "x", "scopes": ["docs.read"], "agent": "nobody"}, "agent_unknown"),
    ],
)
async def test_a_wish_that_goes_too_far_is_refused(door: FrontDoor, wish: dict[str, Any], code: str) -> None:
    answer = await door.ask("POST", "/v1/api-keys", json=wish, headers=await door.session("admin"))
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_key_hands_out_no_more_than_it_holds(door: FrontDoor) -> None:
    answer = await door.ask(
        "POST", "/v1/api-keys", json={"name": "x", "scopes": ["audit.read"]}, headers=await door.signed("keys.manage")
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


async def test_a_wish_from_the_command_line_is_checked_as_well(door: FrontDoor) -> None:
    now, database = door.house.clock(), door.house.database
    with pytest.raises(RequestRefused, match=r"."):
        await api_keys.create(database, KeyWish(name="x", scopes=("everything",)), asker=ROOT, now=now)
    with pytest.raises(RequestRefused):
        await api_keys.create(database, KeyWish("x", ("docs.read",), life=timedelta(days=400)), asker=ROOT, now=now)
    lesser = Caller(actor="key:x", role="service", scopes=frozenset({"keys.manage"}))
    with pytest.raises(NotAllowed):
        await api_keys.create(database, KeyWish("x", ("docs.read",)), asker=lesser, now=now)


async def test_use_of_a_key_is_noted(open_house: FrontDoor) -> None:
    await statuses(open_house, await open_house.signed("agents.read"))
    ((used,),) = await rows(open_house, "SELECT last_used_at FROM api_keys")
    assert abs(used - open_house.house.clock()) < timedelta(seconds=5)


async def test_a_key_is_looked_up_once_for_many_requests(door: FrontDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    header = await door.signed("agents.read", "docs.read")
    assert await statuses(door, header) == (200, None)

    def no_query(*_: object) -> None:
        pytest.fail("asked the database again")

    monkeypatch.setattr(key_rows, "find", no_query)
    assert await statuses(door, header) == (200, None)


async def test_a_signed_in_person_has_the_permissions_of_the_role(door: FrontDoor) -> None:
    assert await statuses(door, await door.session("supervisor")) == (200, None)
    assert await statuses(door, await door.session("agent")) == (403, "forbidden")


@pytest.mark.parametrize("cookie", ["", "x", "A" * 32])
async def test_a_made_up_session_opens_nothing(door: FrontDoor, cookie: str) -> None:
    assert await statuses(door, {"Cookie": f"{door.app.state.session_cookie}={cookie}"}) == (401, "auth_failed")


async def test_a_session_ends_by_signing_out_by_idling_and_by_age(door: FrontDoor) -> None:
    access = door.app.state.access
    token, ends_at = await access.open_session("supervisor")
    header = {"Cookie": f"{door.app.state.session_cookie}={token}"}
    assert await statuses(door, header) == (200, None)
    now = door.house.clock()
    for column, age in {"last_seen_at": SESSION_IDLE, "expires_at": timedelta(0)}.items():
        async with door.house.database.pool.connection() as connection:
            await connection.execute(f"UPDATE sessions SET {column} = %s WHERE agent = 'supervisor'".encode(), [now - age])  # noqa: S608 - the column is one of two constants
        assert await statuses(door, header) == (401, "auth_failed")
        async with door.house.database.pool.connection() as connection:
            await connection.execute("UPDATE sessions SET last_seen_at = %s, expires_at = %s", [now, now + SESSION_LIFE])
    assert await statuses(door, header) == (200, None)
    await access.end_session(token)
    assert await statuses(door, header) == (401, "auth_failed")
    assert ends_at - now <= SESSION_LIFE


async def test_a_person_who_is_no_agent_any_more_is_signed_out(door: FrontDoor) -> None:
    token, _ = await door.app.state.access.open_session("left the company")
    assert await statuses(door, {"Cookie": f"{door.app.state.session_cookie}={token}"}) == (401, "auth_failed")


async def test_the_open_door_lets_in_whoever_sits_at_the_machine(open_house: FrontDoor) -> None:
    assert await statuses(open_house, {}) == (200, None)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
async def test_the_open_door_does_not_believe_a_proxy(open_house: FrontDoor, header: str) -> None:
    assert await statuses(open_house, {header: "127.0.0.1"}) == (401, "auth_failed")


@pytest.mark.parametrize("address", ["10.0.0.5", "203.0.113.9", "::ffff:10.0.0.5", "2001:db8::1"])
async def test_the_open_door_is_shut_to_other_machines(open_house: FrontDoor, address: str) -> None:
    async with open_house.client(address=address) as client:
        assert (await client.get(AGENTS)).status_code == 401


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
async def test_the_open_door_knows_every_spelling_of_this_machine(open_house: FrontDoor, address: str) -> None:
    async with open_house.client(address=address) as client:
        assert (await client.get(AGENTS)).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example"])
async def test_the_open_door_cannot_be_reached_under_a_rebound_name(open_house: FrontDoor, host: str) -> None:
    assert await statuses(open_house, {"Host": host}) == (421, "host_invalid")


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.5", "::", "tieline.example", ""])  # noqa: S104 - what must be refused
def test_access_cannot_be_off_where_others_can_reach_us(host: str) -> None:
    refuse_open_door_to_others("on", host)
    with pytest.raises(ConfigRefused):
        refuse_open_door_to_others("off", host)


async def test_an_application_with_access_off_does_not_start_on_a_public_address(open_house: FrontDoor) -> None:
    settings = open_house.settings.model_copy(update={"host": "0.0.0.0"})  # noqa: S104 - what must be refused
    with pytest.raises(ConfigRefused):
        app_of(open_house.house, settings)


@pytest.mark.parametrize(
    ("settings", "host", "answers"),
    [
        (DoorSettings(), "localhost", True),
        (DoorSettings(), "LOCALHOST:8000", True),
        (DoorSettings(), "[::1]:8000", True),
        (DoorSettings(), "pop.acme.cn", False),
        (DoorSettings(host="0.0.0.0"), "anything.example", True),  # noqa: S104 - behind a front that checks
        (DoorSettings(host="0.0.0.0", allowed_hosts=("pop.acme.cn",)), "pop.acme.cn", True),  # noqa: S104 - likewise
        (DoorSettings(host="0.0.0.0", allowed_hosts=("pop.acme.cn",)), "evil.example", False),  # noqa: S104 - likewise
        (DoorSettings(allowed_hosts=("a.cn",), public_url="https://pop.acme.cn"), "pop.acme.cn", True),
    ],
)
def test_names_we_answer_to(settings: DoorSettings, host: str, *, answers: bool) -> None:
    hosts = settings.addresses.hosts
    name = httpx.URL(f"http://{host}").host
    assert (hosts is None or name in hosts) is answers


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
    async with door.house.database.pool.connection() as connection:
        aged = "UPDATE interactions SET ended_at = ended_at - interval '31 minutes' WHERE call_key = 'b65-over'"
        await connection.execute(aged.encode())
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


async def test_another_replica_hears_of_a_revocation(open_house: FrontDoor, tmp_path: Path) -> None:
    url = open_house.settings.database_url
    assert url is not None
    folder = tmp_path / "other"
    folder.mkdir()
    async with open_door(url.get_secret_value(), folder) as other, other.app.router.lifespan_context(other.app):
        made = (await open_house.ask("POST", "/v1/api-keys", json={"name": "x", "scopes": ["agents.read"]})).json()
        header = {"Authorization": f"Bearer {made['key']}"}
        assert await statuses(other, header) == (200, None)
        await open_house.ask("DELETE", f"/v1/api-keys/{made['id']}")
        assert await eventually(other, header) == (401, "auth_failed")
