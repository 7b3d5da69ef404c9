"""With access control on: a personal key opens one's own desk, for a session, and nobody else's."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Page, expect
from tests.browser import recorded
from tests.browser.conftest import AGENTS, Desk, Server, desk_on

from tieline.kit.clock import utc_now
from tieline.security.permissions import PERMISSIONS, Caller
from tieline.services import api_keys
from tieline.services.api_keys import KeyWish
from tieline.store.database import Database

pytestmark = pytest.mark.browser

ADMIN = Caller(actor="test", role="admin", scopes=frozenset(PERMISSIONS))


@pytest.fixture(scope="module")
def guarded_server(desk_database_url: str) -> Iterator[Server]:
    server = Server(desk_database_url, auth="on")
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def guarded(guarded_server: Server, browser: Browser) -> AsyncIterator[Desk]:
    async with desk_on(guarded_server, browser, str(next(AGENTS))) as desk:
        yield desk


async def key_for(desk: Desk, *scopes: str, agent: str | None = None) -> str:
    database = await Database.open(desk.server.database_url, pool_size=2)
    wish = KeyWish(name="test", scopes=scopes or ("desk.open",), agent=agent)
    text, _ = await api_keys.create(database, wish, asker=ADMIN, now=utc_now())
    await database.aclose()
    return text


async def sign_in(page: Page, key: str) -> None:
    await page.get_by_label("Personal key").fill(key)
    await page.get_by_role("button", name="Sign in").click()


async def test_whoever_is_not_signed_in_is_led_to_the_door(guarded: Desk) -> None:
    page = await guarded.open(path="/desk")
    assert page.url == f"{guarded.server.base}/desk/sign-in"
    await expect(page.get_by_role("heading", name="Sign in to your desk")).to_be_visible()


async def test_a_personal_key_opens_ones_own_desk(guarded: Desk) -> None:
    page = await guarded.open(path="/desk")
    await sign_in(page, await key_for(guarded, agent=guarded.agent))
    await page.locator('.link-state[data-state="live"]').wait_for()
    assert page.url == f"{guarded.server.base}/desk"
    await guarded.show(recorded.pop(f"{guarded.agent}.p1"))
    await expect(page.locator(".caller-name")).to_have_text("张*")
    await guarded.acknowledged(f"{guarded.agent}.p1")
    (cookie,) = [one for one in await page.context.cookies() if one.get("name") == "tieline"]
    assert (cookie.get("httpOnly"), cookie.get("sameSite"), cookie.get("path")) == (True, "Lax", "/")
    assert await page.evaluate("document.cookie.includes('tieline=')") is False


@pytest.mark.parametrize("wrong", ["", "tl_nothing", "tl_" + "a" * 60, "bearer of gifts\n"])
async def test_a_wrong_key_is_told_so_in_one_sentence(guarded: Desk, wrong: str) -> None:
    page = await guarded.open(path="/desk/sign-in")
    await page.locator("#key").evaluate("field => field.removeAttribute('required')")
    await sign_in(page, wrong)
    await expect(page.get_by_role("alert")).to_contain_text("This key does not open a desk.")
    assert await page.locator("#key").input_value() == ""


async def test_a_machines_key_opens_no_desk(guarded: Desk) -> None:
    page = await guarded.open(path="/desk/sign-in")
    await sign_in(page, await key_for(guarded))
    await expect(page.get_by_role("alert")).to_be_visible()


async def test_a_key_without_the_right_opens_no_desk(guarded: Desk) -> None:
    page = await guarded.open(path="/desk/sign-in")
    await sign_in(page, await key_for(guarded, "pops.read", agent=guarded.agent))
    await expect(page.get_by_role("alert")).to_be_visible()


async def test_another_agents_desk_stays_closed(guarded: Desk) -> None:
    page = await guarded.open(path="/desk")
    await sign_in(page, await key_for(guarded, agent=guarded.agent))
    await page.locator('.link-state[data-state="live"]').wait_for()
    answer = await page.goto(f"{guarded.server.base}/desk?agent=1001")
    assert answer is not None
    assert answer.status == 403
    await expect(page.locator("h1")).to_have_text("This page cannot be shown")
    pops = await page.request.get(f"{guarded.server.base}/v1/agents/1001/pops")
    assert pops.status == 403


async def test_a_supervisor_may_look_at_any_desk(guarded: Desk) -> None:
    page = await guarded.open(path="/desk")
    await sign_in(page, await key_for(guarded, agent="9001"))
    await page.locator('.link-state[data-state="live"]').wait_for()
    await page.goto(f"{guarded.server.base}/desk?agent=1001")
    await expect(page.locator(".bar-agent")).to_have_text("Li Wei 李伟")


async def test_signing_out_ends_the_session_for_good(guarded: Desk) -> None:
    page = await guarded.open(path="/desk")
    await sign_in(page, await key_for(guarded, agent=guarded.agent))
    await page.locator('.link-state[data-state="live"]').wait_for()
    (cookie,) = [one for one in await page.context.cookies() if one.get("name") == "tieline"]
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Personal key")).to_be_visible()
    await page.context.add_cookies([{"name": "tieline", "value": cookie.get("value", ""), "url": guarded.server.base}])
    await page.goto(f"{guarded.server.base}/desk")
    assert page.url.endswith("/desk/sign-in")


async def test_a_session_that_ended_leads_back_to_the_door(guarded: Desk) -> None:
    page = await guarded.open(path="/desk")
    await sign_in(page, await key_for(guarded, agent=guarded.agent))
    await page.locator('.link-state[data-state="live"]').wait_for()
    await page.context.clear_cookies()
    await page.evaluate("window.dispatchEvent(new Event('online'))")
    guarded.server.kill()
    guarded.server.start()
    await page.wait_for_url("**/desk/sign-in", timeout=15_000)


async def test_the_door_speaks_the_language_asked_for(guarded: Desk) -> None:
    page = await guarded.open(path="/desk/sign-in")
    await page.get_by_role("link", name="简体中文").click()
    await expect(page.get_by_role("heading")).to_have_text("登录坐席页面")
    await page.get_by_label("个人密钥").fill("wrong")
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_role("alert")).to_contain_text("此密钥无法登录")


async def test_whoever_wanted_the_reports_is_led_back_to_them(guarded: Desk) -> None:
    page = await guarded.open(path="/reports")
    assert page.url == f"{guarded.server.base}/desk/sign-in?to=reports"
    await sign_in(page, "wrong")
    await expect(page.get_by_role("alert")).to_be_visible()
    await sign_in(page, await key_for(guarded, "desk.open", "reports.read", agent="9001"))
    await expect(page.get_by_role("heading", name="Reports")).to_be_visible()
    assert page.url == f"{guarded.server.base}/reports"


async def test_whoever_has_no_desk_is_led_to_the_reports(guarded: Desk) -> None:
    page = await guarded.open(path="/desk")
    await sign_in(page, await key_for(guarded, "reports.read", agent="9001"))
    await page.wait_for_url("**/reports")


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "desk", "x"])
async def test_nobody_is_led_anywhere_else(guarded: Desk, to: str) -> None:
    page = await guarded.open(path=f"/desk/sign-in?to={to}")
    await sign_in(page, await key_for(guarded, "desk.open", "reports.read", agent="9001"))
    await page.wait_for_url("**/desk")
    assert page.url == f"{guarded.server.base}/desk"


async def test_a_supervisor_finds_the_reports_from_the_desk(guarded: Desk) -> None:
    page = await guarded.open(path="/desk")
    await sign_in(page, await key_for(guarded, agent="9001"))
    await page.locator('.link-state[data-state="live"]').wait_for()
    await page.get_by_role("button", name="Settings").click()
    async with page.expect_popup() as waiting:
        await page.get_by_role("link", name="Reports").click()
    reports = await waiting.value
    await expect(reports.get_by_role("heading", name="Reports")).to_be_visible()
