"""The page of one's sessions: one's own, each ended, all others ended; everybody's for administrators; in both languages."""

import re

import httpx
import pytest
from tests.api.front_door import FrontDoor, rows

from tieline.store.sessions import MOST_LISTED
from tieline.web.arrivals import device_of

PAGE = "/desk/sessions"
TOLD = "SELECT actor, actor_role, subject, details FROM audit_entries WHERE action = 'session.ended' ORDER BY seq DESC LIMIT 1"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0 Mobile Safari/604.1"


async def sign_in(door: FrontDoor, agent: str, *, browser: str = CHROME, address: str = "203.0.113.77") -> dict[str, str]:
    """Sign in as a browser does, and return the header with its cookie."""
    key = await door.key("desk.open", "sessions.end", agent=agent)
    async with door.client(address=address) as client:
        answer = await client.post("/desk/sign-in", data={"key": key}, headers={"User-Agent": browser})
    assert answer.status_code == 303, answer.text
    return {"Cookie": f"tieline={answer.cookies['tieline']}"}


@pytest.fixture(autouse=True)
async def nobody_inside(door: FrontDoor) -> None:
    await rows(door, "DELETE FROM sessions RETURNING id")


async def page(door: FrontDoor, cookie: dict[str, str], language: str = "en") -> httpx.Response:
    return await door.ask("GET", f"{PAGE}?lang={language}", headers=cookie)


def listed(answer: httpx.Response) -> list[str]:
    """The ids of the sessions that can be ended."""
    return [found for found in re.findall(r'name="end" value="([^"]+)"', answer.text) if found != "others"]


async def end(door: FrontDoor, cookie: dict[str, str], what: str, **headers: str) -> httpx.Response:
    return await door.ask("POST", PAGE, data={"end": what}, headers={**cookie, **headers})


async def lives(door: FrontDoor, *cookies: dict[str, str]) -> list[bool]:
    return [(await door.ask("GET", "/v1/agents/1001/sessions", headers=cookie)).status_code != 401 for cookie in cookies]


async def test_somebody_sees_their_own_with_device_and_masked_network(door: FrontDoor) -> None:
    here = await sign_in(door, "1001")
    await sign_in(door, "1001", browser=PHONE, address="2001:db8:1:2::3")
    await sign_in(door, "1002")
    shown = await page(door, here)
    assert shown.status_code == 200
    assert len(listed(shown)) == 2
    for word in ("Chrome, Windows", "WeChat, iPhone", "203.0.113.*", "personal key", "this browser", "Sign out everywhere else"):
        assert word in shown.text, word
    assert shown.text.count("this browser") == 1
    for hidden in ("203.0.113.77", "2001:db8:1:2::3", "Wang Fang", "Everybody else", CHROME):
        assert hidden not in shown.text, hidden
    kept = await rows(door, "SELECT device, address FROM sessions")
    assert ("Chrome, Windows", "203.0.113.*") in kept
    assert not any("77" in address or "::3" in address for _, address in kept)


async def test_one_is_ended_and_the_page_shows_what_is_left(door: FrontDoor) -> None:
    here, there = await sign_in(door, "1001"), await sign_in(door, "1001", browser=PHONE)
    (gone,) = await rows(door, "SELECT id FROM sessions WHERE device = 'WeChat, iPhone'")
    answer = await end(door, here, gone[0])
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, PAGE)
    assert await lives(door, here, there) == [True, False]
    assert len(listed(await page(door, here))) == 1
    assert (await end(door, here, gone[0])).status_code == 303, "it is gone already, which is what was wanted"


async def test_ones_own_are_listed_however_many_others_signed_in_since(door: FrontDoor) -> None:
    here = await sign_in(door, "1001")
    (own,) = listed(await page(door, here))
    async with door.house.database.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO sessions (token_sha256, id, agent, role, created_at, last_seen_at, expires_at)"
            " SELECT sha256(n::text::bytea), 'crowd-' || n, '1002', role, created_at + interval '1 s', last_seen_at, expires_at"
            " FROM sessions, generate_series(1, %s) AS n WHERE id = %s",
            [MOST_LISTED + 1, own],
        )
    assert listed(await page(door, here)) == [own]
    assert len(listed(await page(door, await door.session("admin")))) == MOST_LISTED + 1, "as many others as are listed, and this"


async def test_all_others_are_ended_and_this_one_stays(door: FrontDoor) -> None:
    here = await sign_in(door, "1001")
    others = [await sign_in(door, "1001") for _ in range(3)]
    somebody = await sign_in(door, "1002")
    assert (await end(door, here, "others")).status_code == 303
    assert await lives(door, here, *others, somebody) == [True, False, False, False, True]
    assert await rows(door, TOLD) == [("agent:1001", "agent", "agent:1001", {"sessions": 3})]
    assert "Sign out everywhere else" not in (await page(door, here)).text


async def test_ending_ones_own_leads_to_the_door_and_back_here(door: FrontDoor) -> None:
    here = await sign_in(door, "1001")
    (own,) = listed(await page(door, here))
    await end(door, here, own)
    led = await page(door, here)
    assert (led.status_code, led.headers["location"]) == (303, "/desk/sign-in?to=sessions")
    key = await door.key("desk.open", "sessions.end", agent="1001")
    again = await door.ask("POST", led.headers["location"], data={"key": key})
    assert again.headers["location"] == PAGE


@pytest.mark.parametrize("person", ["1002", "supervisor", "auditor"])
async def test_nobody_ends_somebody_elses_but_an_administrator(door: FrontDoor, person: str) -> None:
    theirs = await sign_in(door, "1001")
    ((session_id,),) = await rows(door, "SELECT id FROM sessions")
    cookie = await door.session(person)
    assert session_id not in (await page(door, cookie)).text
    assert (await end(door, cookie, session_id)).status_code == 303, "as if there were none"
    assert await lives(door, theirs) == [True]


async def test_an_administrator_sees_everybody_and_ends_anybody_audited(door: FrontDoor) -> None:
    theirs = await sign_in(door, "1001")
    admin = await door.session("admin")
    shown = await page(door, admin)
    assert "Everybody else" in shown.text
    assert "Li Wei" in shown.text
    ((session_id,),) = await rows(door, "SELECT id FROM sessions WHERE agent = '1001'")
    assert session_id in listed(shown)
    await end(door, admin, session_id)
    assert await lives(door, theirs) == [False]
    assert await rows(door, TOLD) == [("agent:admin", "admin", "agent:1001", {"sessions": 1})]
    assert "Nobody else is signed in" in (await page(door, admin)).text


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_another_sites_form_ends_nothing(door: FrontDoor, headers: dict[str, str]) -> None:
    here, there = await sign_in(door, "1001"), await sign_in(door, "1001")
    assert (await end(door, here, "others", **headers)).status_code == 403
    assert await lives(door, here, there) == [True, True]


async def test_it_speaks_chinese_and_runs_no_script(door: FrontDoor) -> None:
    shown = await page(door, await sign_in(door, "1001"), "zh-CN")
    assert "您的登录" in shown.text
    assert "当前浏览器" in shown.text
    assert "<script" not in shown.text
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert shown.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("form", [{}, {"end": ""}, {"other": "x"}])
async def test_a_form_that_says_nothing_is_refused(door: FrontDoor, form: dict[str, str]) -> None:
    answer = await door.ask("POST", PAGE, data=form or {"x": "y"}, headers=await sign_in(door, "1001"))
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (CHROME, "Chrome, Windows"),
        (CHROME + " Edg/146.0", "Edge, Windows"),
        (PHONE, "WeChat, iPhone"),
        (PHONE.replace("MicroMessenger", "wxwork/5.0 MicroMessenger"), "WeCom, iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1) AppleWebKit/605.1.15 Version/19.0 Safari/605.1.15", "Safari, macOS"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/146.0 Mobile Safari/537.36", "Chrome, Android"),
        ("curl/8.9", ""),
        ("<script>alert(1)</script> 13800138000", ""),
        ("", ""),
    ],
)
def test_a_device_is_named_in_our_own_words_alone(user_agent: str, device: str) -> None:
    assert device_of(user_agent) == device
