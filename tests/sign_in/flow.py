"""A browser that signs in, step by step, with the chance to bend every step."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from tests.api.front_door import FrontDoor, rows
from tests.sign_in.idp import Flow, Idp

SESSION = "tieline"
ATTEMPT = "tieline-sign-in"
Mutation = Callable[[Flow], object]


async def leave(door: FrontDoor, provider: str = "company") -> tuple[dict[str, str], str]:
    """Set out; return the query the provider is asked with, and the cookie taken along."""
    answer = await door.ask("GET", f"/desk/sign-in/{provider}")
    assert answer.status_code == 303, answer.text
    query = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    return query, answer.cookies[ATTEMPT]


async def come_back(door: FrontDoor, flow: Flow, provider: str = "company", *, session: str = "") -> httpx.Response:
    cookies = {ATTEMPT: flow.cookie, **({SESSION: session} if session else {})}
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    target = f"/desk/sign-in/{provider}/callback?{urlencode(flow.query)}{flow.extra_query}"
    return await door.ask("GET", target, headers={"Cookie": header})


async def sign_in(
    door: FrontDoor, idp: Idp, mutate: Mutation = lambda _: None, *, provider: str = "company", **who: str
) -> httpx.Response:
    query, cookie = await leave(door, provider)
    flow = idp.begin(query, cookie, **who)
    mutate(flow)
    return await come_back(door, flow, provider)


async def last_refusal(door: FrontDoor) -> str:
    """Return why the last refused sign-in was refused, as the audit tells it."""
    query = "SELECT details->>'why' FROM audit_entries WHERE action = 'sign_in.refused' ORDER BY seq DESC LIMIT 1"
    return str((await rows(door, query))[0][0])


async def sessions(door: FrontDoor) -> int:
    return int((await rows(door, "SELECT count(*) FROM sessions"))[0][0])
