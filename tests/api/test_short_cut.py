"""What takes the short way past the framework is told apart by nothing but its speed."""

from collections.abc import Mapping

import httpx
import pytest
from tests.api.front_door import FrontDoor

from tieline.api import short_cut
from tieline.services import screen_pop

POP = "/v1/screen-pop?phone=%2B8613800138000"
JSON = {"Content-Type": "application/json"}


def told(answer: httpx.Response) -> tuple[int, object, Mapping[str, str]]:
    """Return what must be the same, whichever way it was asked."""
    body = {name: value for name, value in answer.json().items() if name not in {"instance", "trace_id"}}
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, body, headers


async def both_ways(
    door: FrontDoor, monkeypatch: pytest.MonkeyPatch, method: str, target: str, headers: Mapping[str, str]
) -> tuple[httpx.Response, httpx.Response]:
    """Ask past the framework and through it."""
    answers = []
    for routes in (short_cut._bare_routes, lambda _routes: ()):
        with monkeypatch.context() as patch:
            patch.setattr(short_cut, "_bare_routes", routes)
            door.app.middleware_stack = None
            answers.append(await door.ask(method, target, headers=headers))
    door.app.middleware_stack = None
    short, long = answers
    return short, long


def test_the_three_questions_of_every_call_take_it(door: FrontDoor) -> None:
    taken = dict(short_cut._bare_routes(door.app.routes))
    assert taken.keys() == {("GET", "/v1/screen-pop"), ("POST", "/v1/call-events"), ("GET", "/v1/route")}


@pytest.mark.parametrize(
    ("method", "target", "signed", "status"),
    [
        ("GET", POP, False, 401),
        ("GET", POP, True, 200),
        ("GET", f"{POP}&deadline_ms=soon", True, 422),
        ("GET", f"{POP}&phone=1", True, 400),
        ("POST", POP, True, 405),
        ("HEAD", POP, True, 405),
        ("GET", "/v1/screen-pop/", True, 404),
        ("POST", "/v1/call-events", True, 403),
    ],
)
async def test_answers_and_errors_are_the_same_either_way(
    door: FrontDoor, monkeypatch: pytest.MonkeyPatch, method: str, target: str, *, signed: bool, status: int
) -> None:
    headers = {**JSON, **(await door.signed("pops.read") if signed else {})}
    short, long = await both_ways(door, monkeypatch, method, target, headers)
    assert short.status_code == long.status_code == status
    if short.is_error and method != "HEAD":
        assert told(short) == told(long)


async def test_a_crash_is_the_same_either_way(door: FrontDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(screen_pop, "look_up", crash)
    short, long = await both_ways(door, monkeypatch, "GET", POP, await door.signed("pops.read"))
    assert told(short) == told(long)
    assert (short.status_code, short.json()["code"]) == (500, "internal_error")
    assert "secret" not in short.text
