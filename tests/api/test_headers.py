"""Every answer of every route carries the standing headers, errors and crashes included."""

import re

import httpx
import pytest
from tests.api.front_door import FrontDoor
from tests.api.route_table import truth_table

from tieline.api.app import DoorSettings, create_app
from tieline.api.security_headers import DATA_POLICY
from tieline.security.permissions import PERMISSIONS
from tieline.services import connection_states

STANDING = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def missing(answer: httpx.Response) -> dict[str, str | None]:
    """Return the standing headers that are not as they should be."""
    wrong = {name: answer.headers.get(name) for name, value in STANDING.items() if answer.headers.get(name) != value}
    if answer.headers.get("content-type", "").startswith("application/"):
        wrong |= (
            {"content-security-policy": policy} if (policy := answer.headers["content-security-policy"]) != DATA_POLICY else {}
        )
    if "'unsafe-inline'" in answer.headers["content-security-policy"].partition("script-src")[2].partition(";")[0]:
        wrong["content-security-policy"] = "inline scripts"
    if answer.request.url.path.startswith("/v1") and answer.headers["cache-control"] not in {
        "no-store",
        "no-store, no-transform",
    }:
        wrong["cache-control"] = answer.headers["cache-control"]
    if not re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"]):
        wrong["x-request-id"] = answer.headers["x-request-id"]
    return wrong


async def test_every_route_signed_in_or_not(door: FrontDoor) -> None:
    wrong: dict[tuple[str, str, int], object] = {}
    signed = await door.signed(*PERMISSIONS)
    async with door.client() as client:
        for row in truth_table(door.app.state.declared_routes):
            if row["path"] == "/v1/agents/{agent}/pops":
                continue  # an endless stream; its headers are looked at where it is read
            target = re.sub(r"\{[^}]+\}", "x", row["path"])
            for header in ({}, signed):
                answer = await client.request(row["method"].replace("*", "GET"), target, headers=header)
                wrong |= {(row["method"], row["path"], answer.status_code): faults} if (faults := missing(answer)) else {}
    assert wrong == {}


@pytest.mark.parametrize(
    ("method", "target", "headers", "status"),
    [
        ("GET", "/nothing", {}, 404),
        ("PUT", "/healthz", {}, 405),
        ("GET", "/healthz", {"Host": "evil.example"}, 421),
        ("GET", "/healthz", {"X": "a" * 13_000}, 431),
        ("GET", "/" + "a" * 5_000, {}, 414),
        ("POST", "/v1/call-events", {"Content-Length": "99999999"}, 413),
    ],
)
async def test_every_refusal(door: FrontDoor, method: str, target: str, headers: dict[str, str], status: int) -> None:
    answer = await door.ask(method, target, headers=headers)
    assert (answer.status_code, missing(answer)) == (status, {})


async def test_a_crash_tells_nothing_but_its_id(
    door: FrontDoor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(_directory: object) -> None:
        message = "canary7391 +8613800138000"
        raise RuntimeError(message)

    monkeypatch.setattr(connection_states, "connections", crash)
    answer = await door.ask("GET", "/v1/connections", headers=await door.signed("connections.read"))
    assert (answer.status_code, answer.json()["code"], missing(answer)) == (500, "internal_error", {})
    assert "canary7391" not in answer.text
    assert "RuntimeError" not in answer.text
    assert answer.headers["x-request-id"] in capsys.readouterr().out


async def test_with_tls_before_us_browsers_are_told_to_insist_on_it(door: FrontDoor) -> None:
    tls = create_app(door.house, DoorSettings(public_url="https://127.0.0.1"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(tls), base_url="http://127.0.0.1") as client:
        answer = await client.get("/healthz")
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert tls.state.session_cookie == "__Host-tieline"
    assert "strict-transport-security" not in (await door.ask("GET", "/healthz")).headers


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "0af7651916cd43dd8448eb211c80319c"),
        ("00-short-b7ad6b7169203331-01", None),
        ("x" * 500, None),
    ],
)
async def test_a_trace_that_was_begun_elsewhere_goes_on(door: FrontDoor, sent: str, kept: str | None) -> None:
    answer = await door.ask("GET", "/nothing", headers={"traceparent": sent})
    assert answer.json()["trace_id"] == (kept or answer.headers["x-request-id"])


@pytest.mark.parametrize(
    "sent",
    [
        {"Origin": "http://127.0.0.1"},
        {"Origin": "https://127.0.0.1"},
        {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {},
    ],
    ids=["origin", "origin with tls", "script", "form", "address bar", "program"],
)
async def test_our_own_pages_and_programs_may_write(door: FrontDoor, sent: dict[str, str]) -> None:
    answer = await door.ask("POST", "/v1/call-events", json={}, headers={**sent, **await door.signed("events.write")})
    assert answer.status_code == 422
