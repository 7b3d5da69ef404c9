"""Local administrators: off unless named, two factors, each code once, slower after failures, the same work for nobody, loud."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp
import pytest
from argon2 import PasswordHasher
from tests.api.conftest import copied
from tests.api.front_door import PBX_TOKEN, ROOT, FrontDoor, open_door, rows

from tieline.doors import app_of
from tieline.kit.clock import utc_now
from tieline.observability.metrics import REGISTRY
from tieline.security import passwords
from tieline.services import doctor, secret_keeping
from tieline.services.break_glass import keeping
from tieline.services.break_glass.door import DELAYS_S
from tieline.settings import Settings

DOOR = "/desk/sign-in/break-glass"
PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
SIGNED_IN = (303, "/desk/sessions")


@dataclass
class Watch:
    """A clock that stands still until it is moved, so that a test chooses the step of time."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch(utc_now().replace(microsecond=0))


@pytest.fixture(scope="module")
def quick_passwords() -> Iterator[None]:
    """What is tested here is who comes in; what argon2id costs is tested beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", CHEAP)
        yield


@pytest.fixture(scope="module")
async def door(
    postgres_url: str,
    template_database: str,
    quick_passwords: None,
    watch: Watch,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[FrontDoor]:
    del quick_passwords
    with copied(postgres_url, template_database) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIELINE_TEST_PBX_TOKEN", PBX_TOKEN)
        folder, where = tmp_path_factory.mktemp("glass"), "127.0.0.0/8, 10.1.2.3"
        async with open_door(url, folder, clock=watch, break_glass_networks=where, sign_ins_per_minute=0) as opened:
            yield opened


@pytest.fixture
async def secret(door: FrontDoor, watch: Watch) -> str:
    """The secret of a fresh administrator `mei`, at a moment no code has been taken of."""
    watch.move(120)
    await keeping.take_away(door.house, None, caller=ROOT)
    async with door.house.database.pool.connection() as connection:
        await connection.execute("DELETE FROM local_admin_failures")
    address = await keeping.set_up(door.house, "mei", PASSWORD, anew=False, caller=ROOT)
    return parse_qs(urlsplit(address).query)["secret"][0]


def code(secret: str, watch: Watch, *, away_s: int = 0) -> str:
    return pyotp.TOTP(secret).at(watch.now + timedelta(seconds=away_s))


async def enter(
    door: FrontDoor, code: str, *, name: str = "mei", password: str = PASSWORD, address: str = "127.0.0.1", **headers: str
) -> httpx.Response:
    async with door.client(address=address) as client:
        return await client.post(DOOR, data={"name": name, "password": password, "code": code}, headers=headers)


async def seen(door: FrontDoor) -> list[tuple[str, object]]:
    """The newest entries of the audit about the door, the newest first."""
    query = "SELECT action, details FROM audit_entries WHERE action LIKE 'break_glass%%' ORDER BY seq DESC LIMIT 5"
    return [(action, details.get("why")) for action, details in await rows(door, query)]


def told(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.headers.get("location")


async def test_an_administrator_comes_in_and_everybody_hears_of_it(door: FrontDoor, watch: Watch, secret: str) -> None:
    counted = REGISTRY.get_sample_value("tieline_security_events_total", {"event": "break_glass_opened"}) or 0
    assert (await door.ask("GET", "/readyz")).json()["notices"] == []
    answer = await enter(door, code(secret, watch))
    assert told(answer) == SIGNED_IN
    assert "HttpOnly" in answer.headers["set-cookie"]
    cookie = {"Cookie": f"tieline={answer.cookies['tieline']}"}
    assert (await door.ask("GET", "/v1/api-keys", headers=cookie)).status_code == 200
    assert (await door.ask("GET", "/desk", headers=cookie)).status_code == 403
    assert (await door.ask("GET", "/v1/customers?phone=%2B8613800138000", headers=cookie)).status_code == 403

    assert (await seen(door))[0] == ("break_glass.opened", None)
    opened = await rows(
        door, "SELECT actor, actor_role, details FROM audit_entries WHERE action = 'session.opened' ORDER BY seq DESC"
    )
    assert opened[0] == ("admin:mei", "admin", {"by": "break_glass"})
    assert REGISTRY.get_sample_value("tieline_security_events_total", {"event": "break_glass_opened"}) == counted + 1
    assert (await door.ask("GET", "/readyz")).json()["notices"] == ["local_admin_inside"]
    metrics = await door.ask("GET", "/metrics", headers=await door.signed("metrics.read"))
    assert "tieline_local_admin_sessions 1.0" in metrics.text
    findings = {one.name: one for one in await doctor.examine(door.house, data_dir=door.settings.data_dir)}
    assert (findings["local administrators"].well, findings["local administrators"].told) == (False, "1 signed in")
    for path, person in (("/desk", "1001"), ("/reports", "supervisor"), ("/desk/sign-in", None)):
        page = await door.ask("GET", path, headers=await door.session(person) if person else {})
        assert "standing-notice" in page.text, path

    left = await door.ask("POST", "/desk/sign-out", headers=cookie)
    assert left.status_code == 303
    assert (await door.ask("GET", "/readyz")).json()["notices"] == []
    assert "standing-notice" not in (await door.ask("GET", "/desk/sign-in")).text


async def test_the_session_is_over_within_the_hour(door: FrontDoor, watch: Watch, secret: str) -> None:
    cookie = {"Cookie": f"tieline={(await enter(door, code(secret, watch))).cookies['tieline']}"}
    for minutes, status in ((25, 200), (25, 200), (11, 401)):
        watch.move(minutes * 60)
        assert (await door.ask("GET", "/v1/api-keys", headers=cookie)).status_code == status


@pytest.mark.parametrize(
    ("why", "shown"),
    [
        ("password_wrong", {"password": "correct horse batterz"}),
        ("password_wrong", {"password": ""}),
        ("password_wrong", {"password": PASSWORD.upper()}),
        ("name_unknown", {"name": "root"}),
        ("name_unknown", {"name": ""}),
    ],
)
async def test_whatever_is_wrong_the_answer_is_the_same(
    door: FrontDoor, watch: Watch, secret: str, why: str, shown: dict[str, str]
) -> None:
    answer = await enter(door, code(secret, watch), **shown)
    assert answer.status_code == 401
    assert "tieline" not in answer.cookies
    assert answer.text == (await enter(door, "000000", name="somebody else")).text
    assert (await seen(door))[1] == ("break_glass.refused", why)
    assert told(await enter(door, code(secret, watch))) == SIGNED_IN, "what failed took no code"


@pytest.mark.parametrize("away_s", [-90, -60, 60, 90, 3600])
async def test_codes_of_other_moments_are_refused(door: FrontDoor, watch: Watch, secret: str, away_s: int) -> None:
    assert (await enter(door, code(secret, watch, away_s=away_s))).status_code == 401
    assert (await seen(door))[0] == ("break_glass.refused", "code_wrong")


@pytest.mark.parametrize("away_s", [-30, 0, 30])
async def test_a_clock_may_be_a_step_away(door: FrontDoor, watch: Watch, secret: str, away_s: int) -> None:
    assert told(await enter(door, code(secret, watch, away_s=away_s))) == SIGNED_IN


async def test_a_code_opens_once_and_then_none_before_it(door: FrontDoor, watch: Watch, secret: str) -> None:
    used, older = code(secret, watch), code(secret, watch, away_s=-30)
    assert told(await enter(door, used)) == SIGNED_IN
    for again in (used, older):
        assert (await enter(door, again)).status_code == 401
        assert (await seen(door))[0] == ("break_glass.refused", "code_used")
    assert told(await enter(door, code(secret, watch, away_s=30))) == SIGNED_IN


async def test_two_replicas_take_a_code_once_between_them(door: FrontDoor, watch: Watch, secret: str) -> None:
    other = FrontDoor(app_of(door.house, door.settings), door.house, door.settings)
    shown = code(secret, watch)
    answers = await asyncio.gather(*(enter(each, shown) for each in (door, other)))
    assert sorted(answer.status_code for answer in answers) == [303, 401]


async def test_a_code_with_the_blank_that_apps_show_is_a_code(door: FrontDoor, watch: Watch, secret: str) -> None:
    shown = code(secret, watch)
    assert told(await enter(door, f" {shown[:3]} {shown[3:]}", name=" MEI ")) == SIGNED_IN


async def test_failures_cost_more_and_more_time_and_then_lock(door: FrontDoor, watch: Watch, secret: str) -> None:
    """The right password does not help before the time is over; a locked name opens for a new one of the command line."""
    for wait_s in DELAYS_S:
        assert (await enter(door, "000000")).status_code == 401
        if wait_s:
            early = await enter(door, code(secret, watch))
            assert (early.status_code, int(early.headers["Retry-After"])) == (429, wait_s + 1)
            watch.move(wait_s - 1)
            assert (await enter(door, code(secret, watch))).status_code == 429
            watch.move(1)
    assert (await enter(door, "000000")).status_code == 401
    watch.move(DELAYS_S[-1] - 1)
    assert (await enter(door, code(secret, watch))).status_code == 429, "locked again, as long"
    address = await keeping.set_up(door.house, "mei", PASSWORD, anew=True, caller=ROOT)
    assert told(await enter(door, code(parse_qs(urlsplit(address).query)["secret"][0], watch))) == SIGNED_IN
    assert await rows(door, "SELECT count(*) FROM local_admin_failures") == [(0,)]


async def test_guesses_sent_at_once_are_guesses_one_after_the_other(door: FrontDoor, secret: str) -> None:
    del secret
    answers = await asyncio.gather(*(enter(door, f"{n:06}") for n in range(12)))
    looked_at = [answer for answer in answers if answer.status_code == 401]
    assert len(looked_at) == 3, "two without a wait, the third that brings the first wait"


async def test_nobody_is_throttled_and_looked_at_as_somebody_is(
    door: FrontDoor, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever tries names learns nothing, by answers or by work: passwords hashed, codes compared, secrets opened, statements."""
    del secret
    work: list[str] = []

    def counted(name: str, inner: object) -> object:
        def call(*args: object, **options: object) -> object:
            work.append(name)
            return inner(*args, **options)  # type: ignore[operator] # whatever it is, it is called

        return call

    monkeypatch.setattr(passwords, "fits", counted("password", passwords.fits))
    monkeypatch.setattr(door.house.box, "unseal", counted("unseal", door.house.box.unseal))
    monkeypatch.setattr("tieline.security.one_time_codes.strings_equal", counted("code", lambda a, b: a == b))
    done = []
    for name in ("mei", "nobody-at-all"):
        work.clear()
        answers = [await enter(door, "000000", name=name) for _ in range(4)]
        done.append(([answer.status_code for answer in answers], [answer.text for answer in answers], list(work)))
    assert done[0] == done[1]
    assert done[0][0] == [401, 401, 401, 429]
    assert done[0][2] == ["unseal", "password", "code", "code", "code"] * 3


@pytest.mark.parametrize("address", ["10.1.2.4", "192.0.2.7", "::1"])
async def test_from_elsewhere_there_is_no_such_door(door: FrontDoor, watch: Watch, secret: str, address: str) -> None:
    async with door.client(address=address) as client:
        assert (await client.get(DOOR)).status_code == 404
        assert DOOR not in (await client.get("/desk/sign-in")).text
    assert (await enter(door, code(secret, watch), address=address)).status_code == 404
    assert told(await enter(door, code(secret, watch), address="10.1.2.3")) == SIGNED_IN


async def test_a_cookie_that_travels_elsewhere_opens_nothing(door: FrontDoor, watch: Watch, secret: str) -> None:
    cookie = {"Cookie": f"tieline={(await enter(door, code(secret, watch))).cookies['tieline']}"}
    async with door.client(address="192.0.2.7") as client:
        assert (await client.get("/v1/api-keys", headers=cookie)).status_code == 401


async def test_it_is_off_unless_networks_are_named(door: FrontDoor, watch: Watch, secret: str) -> None:
    assert Settings.model_fields["break_glass_networks"].default == ""
    settings = door.settings.model_copy(update={"break_glass_networks": ""})
    closed = FrontDoor(app_of(door.house, settings), door.house, settings)
    cookie = {"Cookie": f"tieline={(await enter(door, code(secret, watch))).cookies['tieline']}"}
    assert (await enter(closed, code(secret, watch))).status_code == 404
    assert (await closed.ask("GET", DOOR)).status_code == 404
    assert (await closed.ask("GET", "/v1/api-keys", headers=cookie)).status_code == 401


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
)
async def test_another_sites_form_is_turned_away(door: FrontDoor, watch: Watch, secret: str, headers: dict[str, str]) -> None:
    assert (await enter(door, code(secret, watch), **headers)).status_code == 403
    assert told(await enter(door, code(secret, watch), **{"Sec-Fetch-Site": "same-origin"})) == SIGNED_IN


@pytest.mark.parametrize(("language", "word"), [("en", "Emergency access"), ("zh-CN", "应急登录")])
async def test_the_page_speaks_both_languages_and_loads_nothing_from_elsewhere(
    door: FrontDoor, secret: str, language: str, word: str
) -> None:
    del secret
    page = await door.ask("GET", f"{DOOR}?lang={language}")
    assert word in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert not re.search(r"(?:src|href|action)=\"(?!/)", page.text)
    assert "<script" not in page.text
    assert 'autocomplete="one-time-code"' in page.text


async def test_what_is_delicate_leads_back_to_this_door(door: FrontDoor, watch: Watch, secret: str) -> None:
    """Password and code again: the next code, for this one is used."""
    cookie = {"Cookie": f"tieline={(await enter(door, code(secret, watch))).cookies['tieline']}"}
    led = await door.ask("GET", "/desk/sign-in/step-up", headers=cookie)
    assert told(led) == (303, DOOR)


async def test_taking_somebody_away_or_changing_what_opens_ends_their_sessions(
    door: FrontDoor, watch: Watch, secret: str
) -> None:
    cookie = {"Cookie": f"tieline={(await enter(door, code(secret, watch))).cookies['tieline']}"}
    address = await keeping.set_up(door.house, "mei", PASSWORD, anew=True, caller=ROOT)
    assert (await door.ask("GET", "/v1/api-keys", headers=cookie)).status_code == 401
    newer = parse_qs(urlsplit(address).query)["secret"][0]
    assert (await enter(door, code(secret, watch, away_s=30))).status_code == 401, "the old secret"
    cookie = {"Cookie": f"tieline={(await enter(door, code(newer, watch))).cookies['tieline']}"}
    assert await keeping.take_away(door.house, "mei", caller=ROOT) == ["mei"]
    assert (await door.ask("GET", "/v1/api-keys", headers=cookie)).status_code == 401
    query = "SELECT action, details FROM audit_entries WHERE subject = 'admin:mei' ORDER BY seq DESC LIMIT 2"
    assert await rows(door, query) == [("local_admin.removed", {"sessions": 1}), ("local_admin.rotated", {"sessions": 1})]


async def test_what_is_kept_opens_nothing_and_is_given_new_keys_with_the_rest(door: FrontDoor, watch: Watch, secret: str) -> None:
    kept = bytes((await rows(door, "SELECT sealed FROM local_admins"))[0][0])
    assert secret.encode() not in kept
    assert b"argon2" not in kept
    done = await secret_keeping.rotate(door.house, new_data_keys=True, caller=ROOT)
    assert done.faults == ()
    assert bytes((await rows(door, "SELECT sealed FROM local_admins"))[0][0]) != kept
    assert told(await enter(door, code(secret, watch))) == SIGNED_IN
