"""Signing in with a provider that plays by the rules: what we send, who comes in, in which role, and how they leave."""

import hashlib

import pytest
from tests.api.front_door import FrontDoor, rows
from tests.sign_in.flow import ATTEMPT, SESSION, come_back, last_refusal, leave, sessions, sign_in
from tests.sign_in.idp import CLIENT_ID, Idp, ec, rsa, signed

from tieline.kit.clock import utc_now
from tieline.services.sign_in.attempt import Attempt


async def test_the_provider_is_asked_with_everything_that_ties_the_answer_to_this_browser(door: FrontDoor) -> None:
    query, cookie = await leave(door)
    assert query["response_type"] == "code"
    assert query["client_id"] == CLIENT_ID
    assert query["redirect_uri"] == "http://127.0.0.1/desk/sign-in/company/callback"
    assert query["code_challenge_method"] == "S256"
    assert query["scope"].split() == ["openid", "profile", "email"]
    assert query["acr_values"] == "mfa"
    assert min(len(query[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    assert not any(query[name] in cookie for name in ("state", "nonce"))
    another, _ = await leave(door)
    assert all(query[name] != another[name] for name in ("state", "nonce", "code_challenge"))


def test_the_challenge_is_that_of_the_standard() -> None:
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    attempt = Attempt(provider="x", state="s", nonce="n", verifier=verifier, begun_at=utc_now())
    assert attempt.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert verifier not in repr(attempt)


async def test_whoever_the_provider_vouches_for_comes_in_with_the_role_of_their_group(door: FrontDoor, idp: Idp) -> None:
    answer = await sign_in(door, idp)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    session = {"Cookie": f"{SESSION}={answer.cookies[SESSION]}"}
    assert (await door.ask("GET", "/v1/agents", headers=session)).status_code == 200, "a supervisor lists the agents"
    (role, issuer) = (await rows(door, "SELECT role, issuer FROM sessions WHERE agent = '1001' ORDER BY created_at DESC"))[0]
    assert (role, issuer) == ("supervisor", idp.issuer)
    assert f"{ATTEMPT}=" in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]


async def test_without_groups_the_role_is_the_directorys_and_a_table_says_who_is_who(door: FrontDoor, idp: Idp) -> None:
    answer = await sign_in(door, idp, provider="directory", subject="sub-zhangsan", name="zhangsan")
    session = {"Cookie": f"{SESSION}={answer.cookies[SESSION]}"}
    assert (await door.ask("GET", "/v1/agents", headers=session)).status_code == 403
    assert (await door.ask("GET", "/desk", headers=session)).status_code == 200


async def test_a_signature_over_an_elliptic_curve_is_as_good(door: FrontDoor, idp: Idp) -> None:
    def by_curve(flow: object) -> None:
        flow.header.update(alg="ES256", kid="e1")  # type: ignore[attr-defined] # a Flow
        flow.key = ec("e1")  # type: ignore[attr-defined] # a Flow

    assert (await sign_in(door, idp, by_curve)).status_code == 303


async def test_signing_in_again_ends_the_session_the_browser_had(door: FrontDoor, idp: Idp) -> None:
    first = (await sign_in(door, idp)).cookies[SESSION]
    query, cookie = await leave(door)
    second = (await come_back(door, idp.begin(query, cookie), session=first)).cookies[SESSION]
    statuses = [
        (await door.ask("GET", "/v1/agents", headers={"Cookie": f"{SESSION}={each}"})).status_code for each in (first, second)
    ]
    assert statuses == [401, 200]


async def test_an_attempt_comes_back_once(door: FrontDoor, idp: Idp) -> None:
    query, cookie = await leave(door)
    flow = idp.begin(query, cookie)
    assert (await come_back(door, flow)).status_code == 303
    assert (await come_back(door, flow)).status_code == 401
    assert await last_refusal(door) == "state_used"


async def test_a_name_given_to_somebody_else_later_opens_nothing(door: FrontDoor, idp: Idp) -> None:
    assert (await sign_in(door, idp)).status_code == 303
    assert (await sign_in(door, idp, subject="sub-of-the-next-1001")).status_code == 401
    assert await last_refusal(door) == "identity_differs"


async def test_the_provider_may_sign_somebody_out_everywhere(door: FrontDoor, idp: Idp) -> None:
    cookies = [(await sign_in(door, idp)).cookies[SESSION] for _ in range(2)]
    token = logout_token(idp)
    target = "/desk/sign-in/company/logout"
    assert (await door.ask("POST", target, data={"logout_token": token})).status_code == 200
    for cookie in cookies:
        assert (await door.ask("GET", "/v1/agents", headers={"Cookie": f"{SESSION}={cookie}"})).status_code == 401
    assert (await door.ask("POST", target, data={"logout_token": token})).status_code == 400, "each token is heard once"


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "n"},
        {"events": {}},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": 1}},
        {"aud": "another"},
        {"iss": "https://another.example"},
        {"sub": None, "sid": None},
        {"jti": None},
        {"iat": 1},
        {"exp": 1},
    ],
)
async def test_a_logout_token_that_is_none_ends_nothing(door: FrontDoor, idp: Idp, wrong: dict[str, object]) -> None:
    await sign_in(door, idp)
    before = await sessions(door)
    answer = await door.ask("POST", "/desk/sign-in/company/logout", data={"logout_token": logout_token(idp, **wrong)})
    assert (answer.status_code, await sessions(door)) == (400, before)


async def test_an_id_token_is_no_logout_token_and_the_other_way_round(door: FrontDoor, idp: Idp) -> None:
    answer = await sign_in(door, idp, lambda flow: flow.header.update(typ="logout+jwt"))
    assert (answer.status_code, await last_refusal(door)) == (401, "token_header")


async def test_signing_out_leads_on_to_the_providers_own_signing_out(door: FrontDoor, idp: Idp) -> None:
    cookie = (await sign_in(door, idp)).cookies[SESSION]
    answer = await door.ask("POST", "/desk/sign-out", headers={"Cookie": f"{SESSION}={cookie}"})
    assert answer.headers["location"] == (
        f"{idp.issuer}/session/end?client_id=tieline&post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%2Fdesk%2Fsign-in"
    )
    page = await door.ask("GET", "/desk/sign-in")
    assert f"form-action 'self' {idp.issuer};" in page.headers["content-security-policy"] + ";"
    assert "Company account" in page.text


async def test_a_leaver_loses_everything_at_the_next_request(door: FrontDoor, idp: Idp) -> None:
    cookie = (await sign_in(door, idp)).cookies[SESSION]
    async with door.house.database.pool.connection() as connection:
        await connection.execute(b"UPDATE sessions SET agent = 'left the company' WHERE subject = 'sub-1001'")
    assert (await door.ask("GET", "/v1/agents", headers={"Cookie": f"{SESSION}={cookie}"})).status_code == 401


def logout_token(idp: Idp, **changed: object) -> str:
    now = int(utc_now().timestamp())
    claims = {
        "iss": idp.issuer,
        "sub": "sub-1001",
        "aud": CLIENT_ID,
        "iat": now,
        "exp": now + 120,
        "jti": hashlib.sha256(str(utc_now()).encode()).hexdigest(),
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        **changed,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return signed({"alg": "RS256", "kid": "k1", "typ": "logout+jwt"}, kept, rsa("k1"))
