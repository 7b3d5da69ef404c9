"""The page where people decide what asks for a second person: seen by whoever may, decided once, in both languages."""

import re
from uuid import UUID

import httpx
import pytest
from tests.api.front_door import FrontDoor, rows

from tieline.domain.errors import SecondPersonRequired
from tieline.security.permissions import Caller
from tieline.security.second_person import KEY_CHANGE, RULES_LOOSEN
from tieline.services import approvals
from tieline.services.approvals import Plea

PAGE = "/desk/approvals"
ADMIN = Caller("agent:admin", "admin", frozenset(), agent="admin")
TOLD = {"instead_of": 3, "rules": ["customers: <b>key</b> accounts"]}


async def ask(door: FrontDoor, *, action: str = RULES_LOOSEN, by: Caller = ADMIN) -> UUID:
    with pytest.raises(SecondPersonRequired) as waits:
        await approvals.require(door.house.desk, Plea(action, TOLD, TOLD), by=by)
    return waits.value.approval


@pytest.fixture(autouse=True)
async def nothing_waits(door: FrontDoor) -> None:
    await rows(door, "DELETE FROM approvals RETURNING id")


async def page(door: FrontDoor, who: str, language: str = "en") -> httpx.Response:
    return await door.ask("GET", f"{PAGE}?lang={language}", headers=await door.session(who))


def offered(answer: httpx.Response) -> list[tuple[str, str]]:
    return re.findall(r'name="(approved|refused)" value="([^"]+)"', answer.text)


async def decide(door: FrontDoor, who: str, form: dict[str, str], **headers: str) -> httpx.Response:
    return await door.ask("POST", PAGE, data=form, headers={**await door.session(who), **headers})


async def verdicts(door: FrontDoor) -> list[tuple[str | None, str | None]]:
    return [(verdict, by) for verdict, by in await rows(door, "SELECT verdict, decided_by FROM approvals")]


@pytest.mark.parametrize("verdict", ["approved", "refused"])
async def test_a_second_person_decides_by_a_button_and_sees_it_decided(door: FrontDoor, verdict: str) -> None:
    approval = str(await ask(door))
    shown = await page(door, "dpo")
    assert offered(shown) == [("approved", approval), ("refused", approval)]
    assert "instead_of: 3 · customers: &lt;b&gt;key&lt;/b&gt; accounts" in shown.text
    assert "Admin" in shown.text
    answer = await decide(door, "dpo", {verdict: approval})
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, PAGE)
    assert await verdicts(door) == [(verdict, "agent:dpo")]
    after = await page(door, "dpo")
    assert (offered(after), f'<span class="chip">{verdict}</span>' in after.text) == ([], True)


async def test_whoever_asked_sees_it_without_a_button_and_cannot_decide_it(door: FrontDoor) -> None:
    approval = str(await ask(door))
    shown = await page(door, "admin")
    assert (offered(shown), "Let rules of access take less away" in shown.text) == ([], True)
    answer = await decide(door, "admin", {"approved": approval})
    assert (answer.status_code, "not a second person" in answer.text) == (403, True)
    assert await verdicts(door) == [(None, None)]


async def test_whoever_is_none_for_it_sees_nothing_and_decides_nothing(door: FrontDoor) -> None:
    approval = str(await ask(door, action=KEY_CHANGE))
    assert "Nothing waits" in (await page(door, "supervisor")).text
    assert (await decide(door, "supervisor", {"approved": approval})).status_code == 303, "as if there were none"
    assert (await page(door, "1001")).status_code == 403
    assert await verdicts(door) == [(None, None)]


async def test_what_somebody_else_decided_meanwhile_stays_so(door: FrontDoor) -> None:
    approval = str(await ask(door))
    await decide(door, "dpo", {"refused": approval})
    assert (await decide(door, "dpo", {"approved": approval})).status_code == 303
    assert await verdicts(door) == [("refused", "agent:dpo")]


async def test_nobody_signed_in_is_led_to_the_door_and_back_here(door: FrontDoor) -> None:
    led = await door.ask("GET", PAGE)
    assert (led.status_code, led.headers["location"]) == (303, "/desk/sign-in?to=approvals")
    key = await door.key("desk.open", "approvals.decide", agent="dpo")
    assert (await door.ask("POST", led.headers["location"], data={"key": key})).headers["location"] == PAGE


@pytest.mark.parametrize(("who", "shown"), [("admin", True), ("dpo", True), ("supervisor", True), ("auditor", False)])
async def test_whoever_may_decide_is_shown_the_way(door: FrontDoor, who: str, shown: bool) -> None:  # noqa: FBT001 - a case
    sessions = await door.ask("GET", "/desk/sessions", headers=await door.session(who))
    assert (f'href="{PAGE}' in sessions.text) is shown


async def test_another_sites_form_decides_nothing(door: FrontDoor) -> None:
    approval = str(await ask(door))
    assert (await decide(door, "dpo", {"approved": approval}, Origin="https://evil.example")).status_code == 403
    assert await verdicts(door) == [(None, None)]


async def test_it_speaks_chinese_and_runs_no_script(door: FrontDoor) -> None:
    await ask(door)
    shown = await page(door, "dpo", "zh-CN")
    assert "待第二人审批" in shown.text
    assert "放宽访问规则" in shown.text
    assert "<script" not in shown.text
    assert shown.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("form", [{"x": "y"}, {"approved": ""}, {"approved": "canary-id"}, {"canary": "1"}])
async def test_a_form_that_says_nothing_is_refused(door: FrontDoor, form: dict[str, str]) -> None:
    answer = await decide(door, "dpo", form)
    assert (answer.status_code, "canary" in answer.text) == (400, False)
