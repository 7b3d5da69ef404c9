"""Who gets in without a key: people with a session, and whoever sits at the machine of a demonstration."""

from datetime import timedelta

import httpx
import pytest
from tests.api.front_door import FrontDoor, statuses

from tieline.api.app import DoorSettings
from tieline.domain.errors import ConfigRefused
from tieline.doors import app_of
from tieline.services.access import refuse_open_door_to_others
from tieline.services.session_opening import SESSION_IDLE, SESSION_LIFE

AGENTS = "/v1/agents"


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
