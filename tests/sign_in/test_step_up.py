"""What is delicate wants a fresh sign-in: told with a stable code, reached by one's own door, and back as the same person."""

import httpx
import pytest
from tests.api.front_door import FrontDoor, rows
from tests.sign_in.flow import ATTEMPT, SESSION, come_back, last_refusal, sign_in
from tests.sign_in.idp import Flow, Idp
from tests.sign_in.mutations import claim
from tests.sign_in.test_messengers import Script, dingtalk, wecom

from tieline.services.sign_in import attempt as attempts

STEP_UP = "/desk/sign-in/step-up"
DELICATE = "/v1/customers/nowhere:1/reveal"
WISH = {"field": "id_number", "reason": "identity_check"}
"""Let through, it is answered with 404: there is no such system here."""
LET_THROUGH = (404, "not_found")
ASKED = (401, "step_up_required")


def header(answer: httpx.Response) -> dict[str, str]:
    return {"Cookie": f"{SESSION}={answer.cookies[SESSION]}"}


async def reveal(door: FrontDoor, cookie: dict[str, str], field: str = "id_number") -> tuple[int, str]:
    answer = await door.ask("POST", DELICATE, json={**WISH, "field": field}, headers=cookie)
    return answer.status_code, answer.json()["code"]


async def set_out(door: FrontDoor, idp: Idp, cookie: dict[str, str], **who: str) -> Flow:
    """Leave by the step-up; return what the provider is about to answer."""
    left = await door.ask("GET", f"{STEP_UP}?to=reports", headers=cookie)
    assert left.status_code == 303, left.text
    query = dict(httpx.URL(left.headers["location"]).params)
    assert (query["prompt"], query["max_age"]) == ("login", "0")
    return idp.begin(query, left.cookies[ATTEMPT], **who)


async def test_an_identity_number_asks_for_a_fresh_sign_in_and_the_way_leads_back(door: FrontDoor, idp: Idp) -> None:
    cookie = header(await sign_in(door, idp))
    answer = await door.ask("POST", DELICATE, json=WISH, headers=cookie)
    assert (answer.status_code, answer.json()["code"]) == ASKED
    told = answer.headers["www-authenticate"]
    assert told.startswith("Bearer ")
    assert 'error="insufficient_user_authentication"' in told
    assert 'max_age="900"' in told
    assert await reveal(door, cookie, "phones") == LET_THROUGH, "what is not sensitive asks for nothing more"

    flow = await set_out(door, idp, cookie)
    flow.claims["auth_time"] = flow.claims["iat"]
    back = await come_back(door, flow, session=cookie["Cookie"].partition("=")[2])
    assert (back.status_code, back.headers["location"]) == (303, "/reports")
    assert await reveal(door, header(back)) == LET_THROUGH
    assert await reveal(door, cookie) == (401, "auth_failed"), "the session before ended with the new one"


@pytest.mark.parametrize(
    ("why", "auth_time"),
    [
        ("absent", None),
        ("an hour ago", -3600),
        ("shortly before they left, beyond what clocks may differ", -90),
        ("to come", 600),
        ("a word", "now"),
        ("a truth", True),
    ],
)
async def test_whoever_comes_back_without_having_signed_in_anew_is_refused(
    door: FrontDoor, idp: Idp, why: str, auth_time: object
) -> None:
    del why
    cookie = header(await sign_in(door, idp))
    flow = await set_out(door, idp, cookie)
    moment = flow.claims["iat"] + auth_time if type(auth_time) is int else auth_time
    if moment is not None:
        flow.claims["auth_time"] = moment
    back = await come_back(door, flow, session=cookie["Cookie"].partition("=")[2])
    assert back.status_code == 401
    assert await last_refusal(door) == "token_not_anew"
    assert await reveal(door, cookie) == ASKED, "and whoever they were signed in as, they still are"


async def test_nobody_else_comes_back_by_it(door: FrontDoor, idp: Idp) -> None:
    cookie = header(await sign_in(door, idp))
    flow = await set_out(door, idp, cookie, subject="sub-1002", name="1002")
    flow.claims["auth_time"] = flow.claims["iat"]
    assert (await come_back(door, flow)).status_code == 401
    assert await last_refusal(door) == "another_person"


@pytest.mark.parametrize(("ago_s", "expected"), [(0, LET_THROUGH), (800, LET_THROUGH), (1000, ASKED), (-30, LET_THROUGH)])
async def test_a_sign_in_is_fresh_for_fifteen_minutes(door: FrontDoor, idp: Idp, ago_s: int, expected: tuple[int, str]) -> None:
    answer = await sign_in(door, idp, lambda flow: flow.claims.update(auth_time=flow.claims["iat"] - ago_s))
    assert await reveal(door, header(answer)) == expected


async def test_a_word_instead_of_a_time_proves_nothing(door: FrontDoor, idp: Idp) -> None:
    assert await reveal(door, header(await sign_in(door, idp, claim(auth_time="now")))) == ASKED


async def test_a_personal_key_is_shown_again_at_its_own_door(door: FrontDoor) -> None:
    cookie = await door.session("supervisor")
    assert await reveal(door, cookie) == LET_THROUGH
    await rows(door, "UPDATE sessions SET proved_at = proved_at - interval '16 minutes' WHERE agent = 'supervisor' RETURNING id")
    assert await reveal(door, cookie) == ASKED
    led = await door.ask("GET", f"{STEP_UP}?to=reports", headers=cookie)
    assert (led.status_code, led.headers["location"]) == (303, "/desk/sign-in?again=yes&to=reports")
    page = await door.ask("GET", f"{led.headers['location']}&lang=zh-CN", headers=cookie)
    assert "再次登录" in page.text
    key = await door.key("desk.open", "reports.read", agent="supervisor")
    again = await door.ask("POST", "/desk/sign-in?to=reports", data={"key": key}, headers=cookie)
    assert again.headers["location"] == "/reports"
    assert await reveal(door, header(again)) == LET_THROUGH


async def test_a_role_that_may_not_is_not_asked_to_sign_in(door: FrontDoor) -> None:
    for person in ("agent", "senior", "qa"):
        status, code = await reveal(door, await door.session(person))
        assert (status, code) in {(403, "field_not_revealed"), (403, "forbidden")}
    machine = await door.signed("customers.reveal")
    assert await reveal(door, machine) == (403, "field_not_revealed")


async def test_only_whoever_is_signed_in_is_led_anywhere(door: FrontDoor) -> None:
    answer = await door.ask("GET", STEP_UP)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in")


async def test_messengers_ask_each_time_so_coming_back_is_proof(
    door: FrontDoor, idp: Idp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WeCom and DingTalk tell no time of their own."""
    assert wecom(Script()).asks_each_time
    assert dingtalk(Script()).asks_each_time
    provider = door.house.sign_in.provider("company")
    monkeypatch.setattr(provider, "asks_each_time", True)
    assert await reveal(door, header(await sign_in(door, idp))) == LET_THROUGH


def test_a_step_up_is_sealed_into_the_attempt(door: FrontDoor) -> None:
    begun = attempts.begin("company", agent="1001", now=door.house.clock())
    assert attempts.unseal(attempts.seal(begun, door.house.box), door.house.box, provider="company") == begun
