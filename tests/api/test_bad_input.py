"""Every row of the matrix that this surface has: the right status and code, a problem document, no echo, no fault of ours."""

import time
from urllib.parse import quote

import httpx
import pytest
from dirty_equals import IsStr
from tests.api.bad_input import CANARY, EVENT, EVENTS, POP, ROWS, Bad, event
from tests.api.front_door import PBX_TOKEN, FrontDoor
from tests.flows.door import PATIENCE_S

from tieline.security.permissions import PERMISSIONS

PROBLEM = "application/problem+json"


async def send(door: FrontDoor, bad: Bad, signed: dict[str, str]) -> httpx.Response:
    target = httpx.URL("http://127.0.0.1", raw_path=bad.target.encode())
    request = httpx.Request(bad.method, target, headers=[*signed.items(), *bad.all_headers], content=bad.content)
    if "Host" in bad.headers:
        request.headers["Host"] = bad.headers["Host"]
    async with door.client() as client:
        return await client.send(request)


@pytest.mark.parametrize("bad", ROWS, ids=lambda bad: bad.id)
async def test_bad_input(door: FrontDoor, bad: Bad, capsys: pytest.CaptureFixture[str]) -> None:
    signed = await door.signed(*PERMISSIONS)
    started = time.perf_counter()
    answer = await send(door, bad, signed)
    took_s = time.perf_counter() - started
    assert (answer.status_code, answer.headers["content-type"]) == (bad.status, PROBLEM)
    problem = answer.json()
    assert (problem["status"], problem["code"], problem["type"]) == (bad.status, bad.code, f"urn:problem:tieline:{bad.code}")
    assert problem["instance"] == f"urn:tieline:request:{answer.headers['x-request-id']}"
    assert problem["trace_id"] == IsStr(regex="[0-9a-f]{32}")
    assert CANARY not in answer.text + str(answer.headers)
    assert "Traceback" not in capsys.readouterr().err
    assert took_s < PATIENCE_S, "refused, and not worked through"


async def test_each_finding_names_the_place_and_the_reason(door: FrontDoor) -> None:
    content = event(at="yesterday", talk_s="5", is_admin=True, data={"13800138000": {"x": 1}})
    answer = await door.ask("POST", EVENTS, content=content, headers={**await door.signed("events.write"), **JSON})
    assert sorted((each["pointer"], each["code"]) for each in answer.json()["errors"]) == [
        ("#/at", "field_datetime"),
        ("#/data/*", "field_type"),
        ("#/is_admin", "field_unknown"),
        ("#/talk_s", "field_type"),
    ]


JSON = {"Content-Type": "application/json"}


async def test_b18_a_byte_order_mark_of_utf8_is_tolerated(door: FrontDoor) -> None:
    answer = await door.ask(
        "POST", EVENTS, content=b"\xef\xbb\xbf" + event(), headers={**await door.signed("events.write"), **JSON}
    )
    assert answer.status_code == 202


async def test_b25_a_chunked_body_is_counted_as_it_comes(door: FrontDoor) -> None:
    sent = 0

    async def endless() -> "object":
        nonlocal sent
        while sent < 100:
            sent += 1
            yield b" " * 65_536

    answer = await door.ask("POST", EVENTS, content=endless(), headers={**await door.signed("events.write"), **JSON})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert sent <= 18, "stopped at the first byte beyond one mebibyte"


async def test_b24_a_large_body_is_refused_before_anybody_is_asked_who_they_are(door: FrontDoor) -> None:
    answer = await door.ask("POST", EVENTS, content=b"x" * 1_048_577)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("target", "allowed"),
    [(EVENTS, {"POST"}), ("/v1/api-keys", {"GET", "POST"}), ("/v1/agents", {"GET"}), ("/healthz", {"GET"})],
)
async def test_b30_the_refusal_of_a_method_names_all_that_are_allowed(door: FrontDoor, target: str, allowed: set[str]) -> None:
    answer = await door.ask("PROPFIND", target)
    assert answer.status_code == 405
    assert {method.strip() for method in answer.headers["allow"].split(",")} == allowed


async def test_b30_an_override_header_changes_nothing(door: FrontDoor) -> None:
    answer = await door.ask("GET", "/healthz", headers={"X-HTTP-Method-Override": "DELETE"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_b32_headers_a_proxy_may_set_are_not_believed(door: FrontDoor) -> None:
    spoofed = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "evil.example", "X-User-ID": "9001", "X-Role": "admin"}
    answer = await door.ask("GET", "/v1/agents", headers=spoofed)
    assert answer.status_code == 401


async def test_b33_whoever_accepts_only_xml_gets_json(door: FrontDoor) -> None:
    answer = await door.ask("GET", "/healthz", headers={"Accept": "application/xml"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize("phone", ["", "anonymous", "unavailable", "Restricted", "-", "0000"])
async def test_b61_a_withheld_number_is_an_answer(door: FrontDoor, phone: str) -> None:
    answer = await door.ask("GET", POP, params={"phone": phone}, headers=await door.signed("pops.read"))
    assert answer.status_code == 200
    assert answer.json()["match"]["state"] == "withheld"


@pytest.mark.parametrize(
    "written",
    [
        "+8613800138000",
        "%2B8613800138000",
        "008613800138000",
        "86-138-0013-8000",
        "013800138000",
        "１３８００１３８０００",
        "١٣٨٠٠١٣٨٠٠٠",
        "138%200013%208000",
        "138+0013+8000",
        "tel:%2B8613800138000",
        "sip:13800138000@gw.example",
    ],
)
async def test_b62_every_spelling_is_one_number(door: FrontDoor, written: str) -> None:
    target = httpx.URL(
        "http://127.0.0.1", raw_path=f"{POP}?phone={quote(written, safe='%+:@.-')}&line=%2B861065543800&agent=1001".encode()
    )
    async with door.client() as client:
        answer = await client.send(httpx.Request("GET", target, headers=await door.signed("pops.read")))
    assert answer.status_code == 200
    assert answer.json()["phone"]["e164"] == "+8613800138000"


async def test_b63_a_foreign_number_with_a_bare_plus_keeps_its_country(door: FrontDoor) -> None:
    target = httpx.URL("http://127.0.0.1", raw_path=f"{POP}?phone=+14155550123&line=+861065543800&agent=1001".encode())
    async with door.client() as client:
        answer = await client.send(httpx.Request("GET", target, headers=await door.signed("pops.read")))
    assert answer.json()["phone"]["e164"] == "+14155550123"


@pytest.mark.parametrize("phone", ["4008001234", "95588", "8001", "123", "1" * 32])
async def test_b63_service_numbers_short_codes_and_extensions_are_answered(door: FrontDoor, phone: str) -> None:
    answer = await door.ask("GET", POP, params={"phone": phone}, headers=await door.signed("pops.read"))
    assert answer.status_code == 200


@pytest.mark.parametrize("deadline", ["0", "-5", "1e9", "1000000000", "200", "1999.5"])
async def test_b66_any_number_is_brought_into_range(door: FrontDoor, deadline: str) -> None:
    answer = await door.ask("GET", POP, params={"phone": "1", "deadline_ms": deadline}, headers=await door.signed("pops.read"))
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() < PATIENCE_S


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img onerror=x>', "javascript:x", "\u202egnp", "\x1b[31m", "a\u2028b"]
)
async def test_b80_text_is_data_and_never_markup(door: FrontDoor, text: str) -> None:
    signed = await door.signed(*PERMISSIONS)
    made = await door.ask("POST", "/v1/api-keys", json={"name": text, "scopes": ["docs.read"]}, headers=signed)
    assert made.status_code == 201
    assert made.json()["name"] == text
    assert made.headers["content-type"] == "application/json"
    assert made.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("target", "code"),
    [("/v1/cti/pbx", "signature_missing"), (f"/v1/cti/pbx/{CANARY}", "signature_invalid")],
    ids=["B45", "B46"],
)
async def test_an_exchange_without_its_proof_is_turned_away(door: FrontDoor, target: str, code: str) -> None:
    answer = await door.ask("POST", target, json={"event": "newCall", "callId": "x"})
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert CANARY not in answer.text


async def test_an_unknown_exchange_is_not_found(door: FrontDoor) -> None:
    answer = await door.ask("POST", f"/v1/cti/{CANARY}/x", json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("content", "media", "status", "code"),
    [
        pytest.param(b"{", "application/json", 400, "body_malformed", id="B02"),
        pytest.param(b"<x/>", "application/xml", 415, "media_type", id="B21"),
        pytest.param(b"{}", "application/json", 415, "encoding_unsupported", id="B23"),
    ],
)
async def test_what_an_exchange_sends_unreadably_is_refused(
    door: FrontDoor, content: bytes, media: str, status: int, code: str
) -> None:
    headers = {"Content-Type": media, **({"Content-Encoding": "gzip"} if code == "encoding_unsupported" else {})}
    answer = await door.ask("POST", f"/v1/cti/pbx/{PBX_TOKEN}", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_b52_an_event_nobody_knows_is_kept_and_told_fine(door: FrontDoor) -> None:
    answer = await door.ask("POST", f"/v1/cti/pbx/{PBX_TOKEN}", json={"event": "parked", "callId": "c-52"})
    assert answer.status_code == 200
    async with door.house.database.pool.connection() as connection:
        kept = await connection.execute("SELECT state, body FROM inbox WHERE note IS NOT NULL ORDER BY received_at DESC LIMIT 1")
        state, body = (await kept.fetchall())[0]
    assert state == "unusable"
    assert b"parked" in body


async def test_b82_beyond_what_can_be_worked_on_callers_are_sent_away_at_once(door: FrontDoor) -> None:
    threshold = door.app.build_middleware_stack()._app  # type: ignore[attr-defined] # the second layer, by its own name
    threshold._most_at_once = 0
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/healthz",
        "raw_path": b"/healthz",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1")],
    }
    sent: list[dict[str, object]] = []

    async def send_message(message: dict[str, object]) -> None:
        sent.append(message)

    await threshold(scope, None, send_message)
    headers = dict(sent[0]["headers"])  # type: ignore[call-overload] # as ASGI says
    assert sent[0]["status"] == 503
    assert 1 <= int(headers[b"retry-after"]) <= 5


def test_the_table_leaves_no_row_of_this_surface_out() -> None:
    covered = {bad.id[:3] for bad in ROWS}
    expected = {f"B{n:02}" for n in (*range(1, 18), *range(19, 25), 26, 27, 29, 30, 31, 32, *range(34, 41), 63, 66, 68)}
    assert expected <= covered
    assert EVENT["call_id"]
