"""Rows of the fault matrix about upstreams, over real sockets; test_hostile_rows lists all of them and where each is held."""

import asyncio
import json
import random
import socket
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.connectors.sample import connector
from tests.faults.test_connector_calls import CALLER, FIND, FOUND, PATIENCE_S, find, opened
from tests.faults.vendor import Asked, Step, answer, bomb, hang, vendor

from tieline.connectors.connection import open_connection
from tieline.connectors.contract import ItemResult
from tieline.connectors.wire.addresses import CheckedResolver
from tieline.domain import errors
from tieline.kit.clock import utc_now
from tieline.kit.deadline import Deadline
from tieline.security.egress import Egress, Target


async def test_f07_a_kept_line_that_went_silent_costs_one_call_and_heals(tmp_path: Path) -> None:
    async with opened(tmp_path, FOUND, hang, FOUND) as (connection, crm):
        await find(connection)
        started_s = asyncio.get_running_loop().time()
        with pytest.raises(errors.VendorTimeout):
            await find(connection, within_s=1.0)
        assert asyncio.get_running_loop().time() - started_s < PATIENCE_S
        await find(connection)
        assert [asked.connection for asked in crm.asked] == [1, 1, 2]


async def test_f11_a_name_server_that_never_answers_starves_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks it waits until everybody else has been served: were anybody starved by it, nobody would ever go on."""
    real, others_are_served = socket.getaddrinfo, threading.Event()
    served_meanwhile: list[bool] = []

    def black_hole(host: str, port: int, **more: Any) -> object:  # noqa: ANN401 - passed through
        if host == "lost.example":
            served_meanwhile.append(others_are_served.wait(PATIENCE_S / 2))
        return real(host, port, **more)

    monkeypatch.setattr(socket, "getaddrinfo", black_hole)
    resolver = CheckedResolver(Egress())
    lost = [asyncio.create_task(resolver.resolve(Target("https", "lost.example", 443))) for _ in range(8)]
    await asyncio.sleep(0)
    async with opened(tmp_path, FOUND) as (connection, _):
        for _ in range(20):
            await find(connection)
        await asyncio.get_running_loop().run_in_executor(None, int)
    assert False not in served_meanwhile
    others_are_served.set()
    for task in lost:
        task.cancel()
    assert {type(each) for each in await asyncio.gather(*lost, return_exceptions=True)} <= {OSError, asyncio.CancelledError}
    await resolver.close()


async def test_f12_a_name_that_alternates_between_the_world_and_our_own_never_reaches_our_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = await asyncio.start_server(lambda _reader, _writer: arrived.append(1), "127.0.0.1", 0)
    arrived: list[int] = []
    turn = iter(range(1_000_000))

    def alternating(_host: str, port: int, **_: object) -> list[object]:
        address = "127.0.0.1" if next(turn) % 2 else "93.184.215.14"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", alternating)
    verdicts: Counter[str] = Counter()
    resolver = CheckedResolver(Egress())
    for _ in range(1000):
        try:
            await resolver.resolve(Target("https", "rebind.example", 443))
            verdicts["told"] += 1
        except errors.EgressForbidden:
            verdicts["refused"] += 1
    assert (verdicts, arrived) == ({"told": 500, "refused": 500}, [])
    await resolver.close()
    home.close()


GBK = '{"results": [{"id": "1", "name": "李伟"}]}'.encode("gb18030")


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (answer(b"{"), "upstream_bad_answer"),
        (answer(b"<!doctype html><title>Sign in</title>"), "upstream_bad_answer"),
        (answer(b"<html>Sign in</html>", content_type="text/html; charset=utf-8"), "upstream_bad_answer"),
        (answer(GBK, content_type="application/json; charset=utf-8"), "upstream_bad_answer"),
        (answer(b'{"results": 7}'), "upstream_bad_answer"),
        (answer(b"\x00\x01\x02", content_type="application/octet-stream"), "upstream_bad_answer"),
        (answer(b"\x1f\x8b\x08\x00broken", content_encoding="gzip"), "upstream_truncated"),
    ],
)
async def test_f14_what_cannot_be_read_has_one_name_and_is_never_half_believed(tmp_path: Path, step: Step, code: str) -> None:
    async with opened(tmp_path, step) as (connection, crm):
        with pytest.raises(errors.VendorBadAnswer) as caught:
            await find(connection)
        assert (caught.value.code, len(crm.asked)) == (code, 1)


@pytest.mark.parametrize(
    ("step", "found"),
    [
        (answer(b""), ()),
        (answer(b"  \r\n"), ()),
        (answer(GBK, content_type="application/json; charset=GBK"), ({"id": "1", "name": "李伟"},)),
        (answer(b"\xef\xbb\xbf" + b'{"results": [{"id": "1"}]}'), ({"id": "1"},)),
        (answer(b'{"results": [{"id": "1"}]}', content_type="text/html"), ({"id": "1"},)),
    ],
)
async def test_f14_what_is_only_odd_is_read(tmp_path: Path, step: Step, found: object) -> None:
    async with opened(tmp_path, step) as (connection, _):
        result = await connection.run("customer.find", deadline=Deadline.after(PATIENCE_S), phone=CALLER)
        assert result.records == found


BATCH = {
    "request": {"method": "POST", "path": "/batch", "json": {"data": "$record.data"}},
    "idempotency": {"none": "the vendor has no such thing"},
    "items": {
        "at": "body.data",
        "ok": {"item.status": "success"},
        "id": "item.id",
        "outcomes": [
            {"when": {"item.code": "LOCKED"}, "is": "transient"},
            {"when": {"item.code": "DUPLICATE"}, "is": "duplicate"},
        ],
    },
}
FATES = ("success", "INVALID", "LOCKED", "DUPLICATE")
MEANING = {"success": "ok", "INVALID": "permanent", "LOCKED": "transient", "DUPLICATE": "duplicate"}


async def test_f15_our_books_agree_with_the_vendors_after_a_thousand_mixed_batches(tmp_path: Path) -> None:
    """The vendor decides by lot about each item and keeps a ledger of what it took."""
    chance, ledger = random.Random(15), set[str]()  # noqa: S311 - a die, and a seed that is told

    async def ledger_keeper(asked: Asked, writer: asyncio.StreamWriter) -> None:
        verdicts = []
        for item in json.loads(asked.body)["data"]:
            fate = chance.choice(FATES)
            if fate == "success":
                ledger.add(item)
            verdicts.append({"status": "success", "id": item} if fate == "success" else {"status": "error", "code": fate})
        await answer(json.dumps({"data": verdicts}).encode(), status=207)(asked, writer)

    ours, seen = set[str](), Counter[str]()
    async with opened(tmp_path, ledger_keeper, operations={"ticket.create": BATCH}) as (connection, _):
        for number in range(1000):
            items = [f"{number}-{place}" for place in range(1 + number % 5)]
            try:
                result = await connection.run("ticket.create", deadline=Deadline.after(PATIENCE_S), record={"data": items})
            except errors.ConnectorError as exc:
                seen[exc.code] += 1
                continue
            seen[result.outcome] += 1
            ours |= {items[item.position] for item in result.items if item.outcome == "ok"}
            assert all(item == ItemResult(item.position, "ok", items[item.position]) for item in result.items if item.external_id)
    assert ours == ledger
    assert set(seen) == {"ok", "partial", "upstream_rejected", "upstream_unavailable", "upstream_duplicate"}


@pytest.mark.parametrize(
    ("body", "content_type", "rows"),
    [
        (
            b'{"errors": [{"message": "no"}], "data": null}',
            "application/json",
            [{"when": {"body.errors": {"filled": True}}, "is": "permanent"}],
        ),
        (b'{"success": false}', "application/json", [{"when": {"body.success": False}, "is": "permanent"}]),
        (b'{"errcode": 40058}', "application/json", [{"when": {"body.errcode": {"not": [0, None]}}, "is": "permanent"}]),
        (
            b"<s:Envelope xmlns:s='x'><s:Body><s:Fault><faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>",
            "text/xml",
            [{"when": {"body.Envelope.Body.Fault": {"exists": True}}, "is": "permanent"}],
        ),
    ],
)
async def test_f15_every_envelope_of_refusal_inside_200_is_a_refusal(
    tmp_path: Path, body: bytes, content_type: str, rows: list[object]
) -> None:
    async with opened(tmp_path, answer(body, content_type=content_type), outcomes=rows) as (connection, _):
        with pytest.raises(errors.VendorRejected):
            await find(connection)


@pytest.mark.parametrize(
    ("step", "codes"),
    [
        (answer(b'{"results": [' + b'{"id":1},' * 1_000_000 + b"{}]}"), {"upstream_too_large"}),
        (bomb(200_000_000), {"upstream_too_large"}),
        (answer(b'{"results":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), {"upstream_bad_answer"}),
        (answer(b"<a>" * 100_000 + b"</a>" * 100_000, content_type="text/xml"), {"upstream_bad_answer"}),
    ],
    ids=["a million records", "a bomb", "a deep array", "deep XML"],
)
async def test_f16_what_is_too_large_or_too_deep_is_cut_off(tmp_path: Path, step: Step, codes: set[str]) -> None:
    async with opened(tmp_path, step) as (connection, _):
        with pytest.raises(errors.VendorBadAnswer) as caught:
            await find(connection, within_s=PATIENCE_S)
        assert caught.value.code in codes


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_f17_a_redirect_is_followed_nowhere_and_carries_no_credentials(tmp_path: Path, status: int) -> None:
    async with vendor(FOUND) as elsewhere, vendor(answer(b"", status=status, location=f"{elsewhere.url}/contacts")) as crm:
        permitted = ",".join(f"127.0.0.1=127.0.0.1/32:{one.port}" for one in (crm, elsewhere))
        connection = open_connection(
            "crm",
            connector(tmp_path, operations={"customer.find": FIND}),
            config={"base_url": crm.url},
            secrets={"token": "s3cr3t-token"},
            clock=utc_now,
            egress=Egress.parse(permitted),
        )
        with pytest.raises(errors.VendorMisconfigured) as caught:
            await find(connection)
        await connection.aclose()
        assert (caught.value.code, len(crm.asked), elsewhere.connections) == ("upstream_config", 1, 0)


async def test_f17_a_loop_of_redirects_is_one_answer(tmp_path: Path) -> None:
    here = answer(b"", status=302, location="/contacts/search")
    async with opened(tmp_path, here) as (connection, crm):
        with pytest.raises(errors.VendorMisconfigured):
            await find(connection)
        assert len(crm.asked) == 1
