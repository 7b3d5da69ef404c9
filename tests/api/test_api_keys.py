"""API keys: made and shown once, kept as a digest, refused alike, ended everywhere at once."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api.front_door import ROOT, FrontDoor, open_door, rows, statuses

from tieline.domain.errors import NotAllowed, NotSignedIn, RequestRefused
from tieline.security.api_keys import mint
from tieline.security.permissions import Caller
from tieline.services import api_keys
from tieline.services.api_keys import KeyRotation, KeyWish
from tieline.store import api_keys as key_rows

AGENTS = "/v1/agents"


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
        pytest.param(f"Bearer {mint()[0]}", id="Bearer of a key nobody was given"),
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
    leaked, row = await api_keys.create(
        door.house.database, KeyWish("leaked", ("docs.read",)), asker=ROOT, now=door.house.clock()
    )
    only_its_name = f"tl_{row.id}_" + "A" * 43
    assert (await door.ask("GET", f"{AGENTS}?{place.format(only_its_name)}", headers=header)).json()["code"] == "key_in_url"
    assert await statuses(door, {"Authorization": f"Bearer {leaked}"}) == (403, "scope_missing"), "a name alone ends nothing"
    answer = await door.ask("GET", f"{AGENTS}?{place.format(leaked)}", headers=header)
    assert (answer.status_code, answer.json()["code"]) == (400, "key_in_url")
    door.app.state.access._keys.forget()
    assert await statuses(door, {"Authorization": f"Bearer {leaked}"}) == (401, "auth_failed"), "it is in strangers' logs by now"
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


async def test_a_revoked_key_opens_nothing_from_then_on(open_house: FrontDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although it would still be trusted for an hour: what ends the trust is the announcement, well before any clock does."""
    monkeypatch.setattr(api_keys, "TRUSTED_FOR_S", 3600.0)
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
    acted = await rows(door, "SELECT action, actor FROM audit_entries WHERE starts_with(subject, 'key:') ORDER BY seq")
    assert acted == [("key.created", "demo"), ("key.revoked", "demo")]


async def eventually(door: FrontDoor, header: dict[str, str]) -> tuple[int, str | None]:
    """Ask until the announcement has come round."""
    async with asyncio.timeout(60):
        while (found := await statuses(door, header))[0] == 200:  # noqa: ASYNC110 - the other end is a server, not an event
            await asyncio.sleep(0.02)
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


@pytest.mark.parametrize(
    ("networks", "address", "opens"),
    [
        ((), "203.0.113.9", True),
        (("10.2.0.0/16",), "10.2.3.4", True),
        (("10.2.0.0/16",), "10.3.0.1", False),
        (("10.2.0.7",), "10.2.0.7", True),
        (("10.2.0.7",), "10.2.0.8", False),
        (("2001:db8::/32", "192.0.2.1"), "2001:db8::1", True),
        (("2001:db8::/32", "192.0.2.1"), "192.0.2.1", True),
        (("2001:db8::/32",), "testclient", False),
    ],
)
async def test_a_key_opens_from_its_networks_only(
    door: FrontDoor, networks: tuple[str, ...], address: str, *, opens: bool
) -> None:
    wish = KeyWish("x", ("agents.read",), networks=networks)
    text, _ = await api_keys.create(door.house.database, wish, asker=ROOT, now=door.house.clock())
    async with door.client(address=address) as client:
        for _ in range(2):  # once looked up, once remembered
            answer = await client.get(AGENTS, headers={"Authorization": f"Bearer {text}", "X-Forwarded-For": "10.2.3.4"})
            assert answer.status_code == (200 if opens else 401)


async def test_a_network_that_is_none_is_refused(door: FrontDoor) -> None:
    wish = {"name": "x", "scopes": ["docs.read"], "networks": ["10.0.0.1/8"]}
    answer = await door.ask("POST", "/v1/api-keys", json=wish, headers=await door.session("admin"))
    assert (answer.status_code, answer.json()["code"]) == (422, "network_invalid")


async def test_a_key_is_replaced_while_the_old_one_runs_out(door: FrontDoor) -> None:
    admin = await door.session("admin")
    made = (await door.ask("POST", "/v1/api-keys", json={"name": "x", "scopes": ["agents.read"]}, headers=admin)).json()
    rotate = f"/v1/api-keys/{made['id']}/rotate"
    new = (await door.ask("POST", rotate, json={"overlap_h": 1}, headers=admin)).json()
    assert (new["name"], new["scopes"]) == ("x", ["agents.read"])
    for key in (made["key"], new["key"]):
        assert await statuses(door, {"Authorization": f"Bearer {key}"}) == (200, None)
    again = await door.ask("POST", rotate, json={"overlap_h": 1}, headers=admin)
    assert (again.status_code, again.json()["code"]) == (409, "key_not_live")
    (ends, successor) = (await rows(door, "SELECT expires_at, successor FROM api_keys WHERE id = %s", made["id"]))[0]
    assert (successor, ends - door.house.clock() <= timedelta(hours=1)) == (new["id"], True)
    at_once = (await door.ask("POST", f"/v1/api-keys/{new['id']}/rotate", json={"overlap_h": 0}, headers=admin)).json()
    door.app.state.access._keys.forget()
    assert await statuses(door, {"Authorization": f"Bearer {new['key']}"}) == (401, "auth_failed")
    assert await statuses(door, {"Authorization": f"Bearer {at_once['key']}"}) == (200, None)
    assert (await door.ask("POST", "/v1/api-keys/unknown/rotate", json={}, headers=admin)).status_code == 404


async def test_of_many_who_replace_a_key_at_once_one_does(door: FrontDoor) -> None:
    _, row = await api_keys.create(door.house.database, KeyWish("x", ("docs.read",)), asker=ROOT, now=door.house.clock())
    rotating = [
        api_keys.rotate(door.house.database, row.id, KeyRotation(timedelta(hours=1)), asker=ROOT, now=door.house.clock())
        for _ in range(8)
    ]
    done = await asyncio.gather(*rotating, return_exceptions=True)
    assert sum(not isinstance(each, BaseException) for each in done) == 1
    assert len(await rows(door, "SELECT 1 FROM audit_entries WHERE details->>'instead_of' = %s", row.id)) == 1


async def test_a_key_that_ends_while_it_is_looked_up_is_trusted_no_further(
    door: FrontDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The news of its end comes between what was read and what would be remembered of it."""
    database, clock = door.house.database, door.house.clock
    ring = api_keys.KeyRing(database, clock=clock)
    text, row = await api_keys.create(database, KeyWish("ends", ("agents.read",)), asker=ROOT, now=clock())

    async def ended_meanwhile(*_given: Any, **_named: Any) -> None:  # noqa: ANN401 - whatever is noted
        await api_keys.revoke(database, row.id, asker=ROOT, now=clock())
        ring.forget()

    monkeypatch.setattr(key_rows, "note_use", ended_meanwhile)
    assert (await ring.caller_for(text)).actor == f"key:{row.id}"
    with pytest.raises(NotSignedIn):
        await ring.caller_for(text)
