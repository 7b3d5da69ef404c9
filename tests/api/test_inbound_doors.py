"""The doors for other systems' own words: by GET, sealed, signed with an address, asked whether they are ours, and attacked."""

import base64
import hashlib
import hmac
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.api.front_door import FrontDoor, open_door, rows
from tests.flows.door import PATIENCE_S

from tieline.connectors.inbound.sealing import Seal
from tieline.services.webhooks.reading import read_due
from tieline.worker.edge import catch

SECRET = "long-random-path-0123456789"
TOKEN = "tern-token"
KEY43 = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
PUBLIC = "https://tieline.example.test"
CONNECTORS = Path(__file__).parents[1] / "faults" / "connectors"
MORE = f"""\
  gull: {{connector: {CONNECTORS / "gull"}, config: {{}}, secrets: {{path: env:TIELINE_TEST_PATH}}}}
  tern:
    connector: {CONNECTORS / "tern"}
    config: {{app_key: app-1}}
    secrets: {{token: env:TIELINE_TEST_TERN, aes_key: env:TIELINE_TEST_KEY}}
"""
KEPT = "SELECT count(*) FROM inbox"


@pytest.fixture(scope="module")
async def door(another_database_url: str, pbx_token: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FrontDoor]:
    del pbx_token
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("PATH", SECRET), ("TERN", TOKEN), ("KEY", KEY43)):
            patch.setenv(f"TIELINE_TEST_{name}", value)
        folder = tmp_path_factory.mktemp("doors")
        async with open_door(another_database_url, folder, connections=MORE, public_url=PUBLIC) as opened:
            yield opened


def seal(receiver: str = "app-1") -> Seal:
    return Seal(base64.b64decode(f"{KEY43}="), receiver, os.urandom)


def signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted([TOKEN, *parts])).encode(), usedforsecurity=False).hexdigest()


def sealed(text: str, *, receiver: str = "app-1") -> tuple[str, dict[str, str]]:
    encrypted = seal(receiver).seal(text)
    query = {"msg_signature": signature("1700000000", "n1", encrypted), "timestamp": "1700000000", "nonce": "n1"}
    return f"/v1/webhooks/tern?{urlencode(query)}", {"encrypt": encrypted}


async def test_an_exchange_that_knows_only_get_reports_its_calls_in_its_own_character_set(door: FrontDoor) -> None:
    query = "CallNo=13800138000&CalledNo=861065543800&CallSheetID=g-1&CallState=Ringing&Exten=8001&Queue=%BF%CD%B7%FE&x=1&x=2"
    answer = await door.ask("GET", f"/v1/cti/gull/{SECRET}?{query}")
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (200, "200", "text/plain; charset=utf-8")
    call = (await door.ask("GET", "/v1/calls/g-1", headers=await door.signed("calls.read"))).json()
    assert (call["provider"], call["state"], call["queue"], call["legs"][0]["agent"]) == ("gull", "ringing", "客服", "1001")
    ((headers, body, state),) = await rows(door, "SELECT headers, body, state FROM inbox WHERE connection = 'gull'")
    assert (headers[":method"], headers[":query"], bytes(body), state) == ("GET", query, b"", "done")
    assert SECRET not in str(headers)


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("GET", "/v1/cti/gull/guess?CallState=Ringing", 401, "signature_invalid"),
        ("GET", "/v1/cti/gull?CallState=Ringing", 401, "signature_missing"),
        ("GET", "/v1/cti/pbx/whatever?event=newCall", 405, "method_not_allowed"),
        ("GET", "/v1/cti/tern", 405, "method_not_allowed"),
        ("GET", "/v1/cti/nobody/x", 404, "not_found"),
        ("GET", "/v1/webhooks/tern?hello=1", 405, "method_not_allowed"),
        ("OPTIONS", "/v1/webhooks/tern", 405, "method_not_allowed"),
        ("GET", "/v1/webhooks/gull", 404, "not_found"),
        ("DELETE", f"/v1/cti/gull/{SECRET}", 405, "method_not_allowed"),
    ],
)
async def test_a_get_is_taken_from_nobody_else_and_leaves_nothing(
    door: FrontDoor, method: str, target: str, status: int, code: str
) -> None:
    before = await rows(door, KEPT)
    answer = await door.ask(method, target)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await rows(door, KEPT) == before


async def test_the_question_whether_the_address_is_ours_is_answered_and_not_kept(door: FrontDoor) -> None:
    before = await rows(door, KEPT)
    echo = seal().seal("1616140317555161061")
    query = {"msg_signature": signature("1700000000", "n1", echo), "timestamp": "1700000000", "nonce": "n1", "echostr": echo}
    answer = await door.ask("GET", f"/v1/webhooks/tern?{urlencode(query)}")
    assert (answer.status_code, answer.content) == (200, b"1616140317555161061")
    wrong = await door.ask("GET", f"/v1/webhooks/tern?{urlencode({**query, 'nonce': 'n2'})}")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "signature_invalid")
    assert echo not in wrong.text
    assert await rows(door, KEPT) == before


async def test_the_handshake_of_cloud_events_names_the_origin_that_proved_itself(door: FrontDoor) -> None:
    asked = {"WebHook-Request-Origin": "mesh.example.test"}
    answer = await door.ask("OPTIONS", "/v1/webhooks/tern", headers={**asked, "X-Tern-Token": TOKEN})
    assert (answer.status_code, answer.headers["webhook-allowed-origin"]) == (200, "mesh.example.test")
    refused = await door.ask("OPTIONS", "/v1/webhooks/tern", headers=asked)
    assert (refused.status_code, "webhook-allowed-origin" in refused.headers) == (401, False)


async def test_what_is_sealed_is_kept_sealed_thanked_for_sealed_and_read_by_the_worker(door: FrontDoor) -> None:
    target, body = sealed('{"type": "message", "id": "m-1", "seq": 1, "text": "hello"}')
    answer = await door.ask("POST", target, json=body)
    thanks = answer.json()
    assert (answer.status_code, seal().open(thanks["encrypt"])) == (200, b"success")
    assert thanks["msg_signature"] == signature(thanks["timeStamp"], thanks["nonce"], thanks["encrypt"])
    ((kept,),) = await rows(door, "SELECT body FROM inbox WHERE connection = 'tern' ORDER BY received_at DESC LIMIT 1")
    assert b"hello" not in bytes(kept)
    await read_due(door.house.webhooks, catch=catch)
    assert await rows(door, "SELECT state, note FROM inbox WHERE connection = 'tern' AND kind = 'event'") == [("done", None)]


@pytest.mark.parametrize("fault", ["another receiver", "another key", "no seal", "another signature"])
async def test_every_broken_seal_gets_the_same_answer(door: FrontDoor, fault: str) -> None:
    target, body = sealed('{"type": "check_url"}', receiver="app-2" if fault == "another receiver" else "app-1")
    if fault in {"another key", "no seal"}:
        other = "nonsense" if fault == "no seal" else Seal(b"k" * 32, "app-1", os.urandom).seal("x")
        target, body = (
            f"/v1/webhooks/tern?{urlencode({'msg_signature': signature('1', 'n', other), 'timestamp': '1', 'nonce': 'n'})}",
            {"encrypt": other},
        )
    if fault == "another signature":
        target = target.replace("msg_signature=", "msg_signature=0")
    answer = await door.ask("POST", target, json=body)
    problem = {key: value for key, value in answer.json().items() if key in {"status", "code", "title", "detail"}}
    assert problem == {"status": 401, "code": "signature_invalid", "title": "Sign in first", "detail": "Sign in first"}


def signed_call(url: str, **fields: str) -> dict[str, Any]:
    text = url + "".join(name + fields[name] for name in sorted(fields))
    right = base64.b64encode(hmac.new(TOKEN.encode(), text.encode(), hashlib.sha1).digest()).decode()
    return {"data": fields, "headers": {"X-Tern-Signature": right}}


async def test_a_signed_address_is_the_public_one_as_the_sender_wrote_it(door: FrontDoor) -> None:
    now = str(int(door.house.clock().timestamp()))
    told = signed_call(f"{PUBLIC}/v1/cti/tern?tenant=a%2Fb", id="t-1", at=now, **{"from": "+8613800138000"})
    answer = await door.ask("POST", "/v1/cti/tern?tenant=a%2Fb", **told)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert answer.text == "<Response><Say>+8613800138000</Say></Response>"
    elsewhere = signed_call("https://other.example.test/v1/cti/tern", id="t-2", at=now)
    assert (await door.ask("POST", "/v1/cti/tern", **elsewhere)).json()["code"] == "signature_invalid"


async def test_an_old_request_sent_again_has_no_effect(door: FrontDoor) -> None:
    before = await rows(door, KEPT)
    for seconds in (301, -301):
        then = str(int(door.house.clock().timestamp()) - seconds)
        told = signed_call(f"{PUBLIC}/v1/cti/tern", id="t-old", at=then)
        answer = await door.ask("POST", "/v1/cti/tern", **told)
        assert (answer.status_code, answer.json()["code"]) == (401, "timestamp_stale")
    assert await rows(door, KEPT) == before
    assert (await door.ask("GET", "/v1/calls/t-old", headers=await door.signed("calls.read"))).status_code == 404


async def test_what_a_caller_says_does_not_break_out_of_the_answer(door: FrontDoor) -> None:
    now = str(int(door.house.clock().timestamp()))
    told = signed_call(f"{PUBLIC}/v1/cti/tern", id="t-3", at=now, **{"from": "</Say><Dial>+1</Dial>"})
    answer = await door.ask("POST", "/v1/cti/tern", **told)
    assert answer.text == "<Response><Say>&lt;/Say&gt;&lt;Dial&gt;+1&lt;/Dial&gt;</Say></Response>"


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{n} "&a{n - 1 if n else ""};&a{n - 1 if n else ""};">' for n in range(9))
    + "]><x>&a8;</x>"
)
DEEP = "<a>" * 100_000 + "</a>" * 100_000
OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x>&e;</x>'
WIDE = "<x " + " ".join(f'a{n}="1"' for n in range(80_000)) + "/>"


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (BOMB, {"xml_dtd_forbidden"}),
        (OUTSIDE, {"xml_dtd_forbidden"}),
        (DEEP, {"xml_limits"}),
        (WIDE, {"signature_invalid"}),
    ],
    ids=["laughs", "outside", "deep", "wide"],
)
async def test_hostile_xml_is_refused_at_once_and_not_repeated(door: FrontDoor, body: str, codes: set[str]) -> None:
    query = urlencode({"msg_signature": "x" * 40, "timestamp": "1", "nonce": "n"})
    began = time.perf_counter()
    answer = await door.ask("POST", f"/v1/webhooks/tern?{query}", content=body, headers={"Content-Type": "text/xml"})
    took_s = time.perf_counter() - began
    assert (answer.status_code in {400, 401}, answer.json()["code"] in codes) == (True, True), answer.json()
    assert took_s < PATIENCE_S
    assert "etc" not in answer.text


async def test_a_header_of_ten_kilobytes_is_compared_and_refused(door: FrontDoor) -> None:
    answer = await door.ask("POST", "/v1/cti/tern", data={"id": "x"}, headers={"X-Tern-Signature": "A" * 10_240})
    assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid")
