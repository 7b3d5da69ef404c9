"""Each knob does what it says, only while it is turned, and what was asked is counted."""

import asyncio
from collections.abc import Callable, Mapping

import httpx
import pytest

from tieline.sandbox.faults import FaultGate, Knobs

PATHS = {"crm": "/v2/me", "erp": "/openapi/ping", "helpdesk": "/api/session.xml", "pbx": "/scenarios"}


async def test_a_gateway_answers_for_a_dead_system(erp: httpx.AsyncClient) -> None:
    await erp.put("/_knobs", json={"status": 503})
    answer = await erp.get("/openapi/ping")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")


@pytest.mark.parametrize(("system", "status"), [("crm", 500), ("erp", 200), ("helpdesk", 500), ("pbx", 500)])
async def test_each_system_fails_in_its_own_way(
    systems: Mapping[str, FaultGate], connect: Callable[[str], httpx.AsyncClient], system: str, status: int
) -> None:
    systems[system].turn(Knobs(error_rate=1))
    assert (await connect(system).get(PATHS[system])).status_code == status


async def test_error_rate_is_a_share_of_the_requests(erp: httpx.AsyncClient) -> None:
    await erp.put("/_knobs", json={"error_rate": 0.3})
    codes = [(await erp.get("/openapi/ping")).json()["code"] for _ in range(200)]
    assert 40 <= codes.count("50000") <= 80


@pytest.mark.parametrize(
    ("system", "status", "told"),
    [("crm", 429, "RATE_LIMITED"), ("erp", 200, '"42900"'), ("helpdesk", 429, "slow_down"), ("pbx", 429, '"waitMs":7000')],
)
async def test_throttling_is_told_in_each_systems_words(
    systems: Mapping[str, FaultGate], connect: Callable[[str], httpx.AsyncClient], system: str, status: int, told: str
) -> None:
    systems[system].turn(Knobs(throttle=7))
    answer = await connect(system).get(PATHS[system])
    assert (answer.status_code, told in answer.text) == (status, True)
    assert answer.headers.get("retry-after") == ("7" if system in {"crm", "helpdesk"} else None)


async def test_a_sign_in_page_and_an_empty_body_where_data_should_be(erp: httpx.AsyncClient) -> None:
    await erp.put("/_knobs", json={"bad_json": True})
    assert (await erp.get("/openapi/ping")).text.startswith("<!doctype html>")
    await erp.put("/_knobs", json={"empty": True})
    empty = await erp.get("/openapi/ping")
    assert (empty.status_code, empty.content) == (200, b"")


async def test_latency_delays_every_answer(erp: httpx.AsyncClient) -> None:
    await erp.put("/_knobs", json={"latency_ms": 80})
    started = asyncio.get_running_loop().time()
    await erp.get("/openapi/ping")
    assert asyncio.get_running_loop().time() - started >= 0.08


async def test_hanging_lasts_until_the_caller_gives_up(systems: Mapping[str, FaultGate]) -> None:
    systems["erp"].turn(Knobs(hang=True))
    gone = asyncio.Event()
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/openapi/ping", "headers": []}
    asking = asyncio.create_task(systems["erp"](scope, receive, send))
    done, _ = await asyncio.wait({asking}, timeout=0.05)
    assert (done, sent) == (set(), [])
    gone.set()
    await asking


async def test_knobs_wear_off_after_so_many_requests(erp: httpx.AsyncClient) -> None:
    await erp.put("/_knobs", json={"status": 502, "times": 2})
    assert [(await erp.get("/openapi/ping")).status_code for _ in range(3)] == [502, 502, 200]


async def test_what_is_not_named_goes_back_to_normal(erp: httpx.AsyncClient) -> None:
    await erp.put("/_knobs", json={"status": 503, "latency_ms": 5})
    shown = (await erp.put("/_knobs", json={})).json()
    assert shown == Knobs().model_dump() == (await erp.get("/_knobs")).json()


@pytest.mark.parametrize("body", ['{"latency": 5}', '{"latency_ms": -1}', '{"status": 200}', "nonsense"])
async def test_a_wrong_knob_is_refused(erp: httpx.AsyncClient, body: str) -> None:
    assert (await erp.put("/_knobs", content=body)).status_code == 422


async def test_requests_are_counted_by_path_and_can_be_forgotten(erp: httpx.AsyncClient) -> None:
    for _ in range(3):
        await erp.get("/openapi/ping")
    await erp.get("/openapi/order/query", params={"mobile": "13800138000"})
    assert (await erp.get("/_seen")).json() == {"GET /openapi/ping": 3, "GET /openapi/order/query": 1}
    await erp.delete("/_seen")
    assert (await erp.get("/_seen")).json() == {}
    assert (await erp.post("/_seen")).status_code == 405
