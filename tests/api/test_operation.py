"""Health, readiness, metrics, and what is written to the log for each request."""

import asyncio
import itertools
import threading
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.api.front_door import ROOT, FrontDoor

from tieline.domain.errors import Overloaded
from tieline.observability import metrics
from tieline.observability.metrics import REGISTRY
from tieline.security.permissions import PERMISSIONS
from tieline.services import api_keys, housekeeping, readiness
from tieline.services.api_keys import KeyWish
from tieline.store import number_marks, schema_state
from tieline.store.database import Database

LEFT = b"SELECT (SELECT count(*) FROM api_keys), (SELECT count(*) FROM sessions), (SELECT count(*) FROM number_choices)"


async def test_a_healthy_process_says_so(door: FrontDoor) -> None:
    assert (await door.ask("GET", "/healthz")).json() == {"status": "ok"}
    ready = await door.ask("GET", "/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"ready": True, "database": "ok", "migrations": "ok", "clock": "ok", "notices": []}


async def test_without_its_database_it_is_alive_and_not_ready(door: FrontDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_self: object) -> None:
        raise Overloaded

    monkeypatch.setattr(Database, "read", away)
    assert (await door.ask("GET", "/healthz")).status_code == 200
    ready = await door.ask("GET", "/readyz")
    assert ready.status_code == 503
    told = {"database": "unreachable", "migrations": "unknown", "clock": "unknown", "notices": []}
    assert ready.json() == {"ready": False, **told}


@pytest.mark.parametrize(("revision", "state"), [(None, "behind"), ("2020010101", "behind"), ("2099010101", "ahead")])
async def test_another_schema_is_told(door: FrontDoor, monkeypatch: pytest.MonkeyPatch, revision: str | None, state: str) -> None:
    async def another(_conn: object) -> tuple[str | None, object]:
        return revision, door.house.clock()

    monkeypatch.setattr(schema_state, "read", another)
    found = await readiness.check(door.house.database, clock=door.house.clock)
    assert (found.schema, found.ready) == (state, state == "ahead")


async def test_a_clock_that_differs_from_the_databases_is_told(door: FrontDoor) -> None:
    found = await readiness.check(door.house.database, clock=lambda: door.house.clock() + timedelta(seconds=3))
    assert (found.clock, found.ready) == ("skewed", False)


async def test_metrics_are_for_those_who_may_and_count_by_route(door: FrontDoor) -> None:
    assert (await door.ask("GET", "/metrics")).status_code == 401
    await door.ask("GET", "/v1/calls/138001380001", headers=await door.signed("calls.read"))
    answer = await door.ask("GET", "/metrics", headers=await door.signed("metrics.read"))
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert 'tieline_http_requests_total{method="GET",route="/v1/calls/{call_id}",status="404"}' in answer.text
    assert "138001380001" not in answer.text


async def test_others_are_answered_while_metrics_are_written_down(door: FrontDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, answered = threading.Event(), threading.Event()

    def slow() -> bytes:
        begun.set()
        return b"free" if answered.wait(10) else b"held up"

    signed = await door.signed("metrics.read")
    monkeypatch.setattr(metrics, "exposition", slow)
    scrape = asyncio.create_task(door.ask("GET", "/metrics", headers=signed))
    assert await asyncio.to_thread(begun.wait, 10)
    assert (await door.ask("GET", "/healthz")).status_code == 200
    answered.set()
    assert (await scrape).text == "free"


async def test_no_series_tells_when_another_began(door: FrontDoor) -> None:
    answer = await door.ask("GET", "/metrics", headers=await door.signed("metrics.read"))
    assert "\ntieline_http_requests_total{" in answer.text
    assert "_created{" not in answer.text


async def test_series_do_not_multiply_with_what_is_asked_and_by_whom(door: FrontDoor) -> None:
    await strangers_ask(door, "first", times=1)
    before = told_series()
    await strangers_ask(door, "canary", times=12)
    assert told_series() == before


async def strangers_ask(door: FrontDoor, word: str, *, times: int) -> None:
    """Ask with paths, methods, keys and addresses that nobody else asks with."""
    signed = await door.signed(*PERMISSIONS)
    places = ("/{}", "/v1/calls/{}", "/v1/webhooks/{}", "/v1/connections/{}", "/v1/reports/{}", "/desk/{}", "/static/{}/x.js")
    for number in range(times):
        key, own = f"{word}{number}", {"Authorization": f"Bearer {word}{number}", "X-Forwarded-For": f"10.0.0.{number}"}
        async with door.client(address=f"10.1.0.{number}") as client:
            for method, place, headers in itertools.product(("GET", key.upper()), places, (signed, own)):
                await client.request(method, place.format(key), headers=headers)


def told_series() -> set[tuple[str, frozenset[tuple[str, str]]]]:
    """Return the series of the exposition; the statuses aside, of which a busy machine knows one more."""
    families = text_string_to_metric_families(metrics.exposition().decode())
    samples = (sample for family in families for sample in family.samples if sample.name.startswith("tieline_"))
    return {(one.name, frozenset(pair for pair in one.labels.items() if pair[0] != "status")) for one in samples}


async def test_the_log_of_a_request_holds_the_route_and_never_the_address(
    door: FrontDoor, capsys: pytest.CaptureFixture[str]
) -> None:
    await door.ask("GET", "/v1/screen-pop?phone=%2B8613800138000&call_id=canary7391", headers=await door.signed("pops.read"))
    await door.ask("GET", "/canary7391?phone=13800138000")
    written = capsys.readouterr()
    lines = [line for line in (written.out + written.err).splitlines() if "request.answered" in line]
    assert len(lines) == 2
    assert "/v1/screen-pop" in lines[0]
    assert "13800138000" not in written.out + written.err
    assert "canary7391" not in "".join(lines)


async def test_what_has_ended_is_let_go_of(open_house: FrontDoor) -> None:
    database, now = open_house.house.database, open_house.house.clock()
    for name, life in {"ticket": timedelta(hours=4), "machine": timedelta(days=30)}.items():
        await api_keys.create(database, KeyWish(name=name, scopes=("docs.read",), life=life), asker=ROOT, now=now)
    await open_house.session("agent")
    async with database.begin() as tx:
        await number_marks.note_choice(tx, "+8613800138001", "crm:7", interaction_id=None, by="1001", now=now)
    listed = (await open_house.ask("GET", "/v1/api-keys")).json()["items"]
    assert [each["name"] for each in listed] == ["machine"], "a softphone's ticket is no key to administer"
    kept = {}
    for days in (0, 1, 31, 400):
        await housekeeping.tidy(database, housekeeping.Retention(), now + timedelta(days=days))
        async with database.pool.connection() as connection:
            kept[days] = await (await connection.execute(LEFT)).fetchone()
    assert kept == {0: (2, 1, 1), 1: (1, 0, 1), 31: (1, 0, 0), 400: (0, 0, 0)}


async def test_a_pop_is_counted(door: FrontDoor) -> None:
    def pops() -> float:
        return REGISTRY.get_sample_value("tieline_pops_total", {"match": "withheld", "status": "none"}) or 0.0

    before = pops()
    await door.ask("GET", "/v1/screen-pop?phone=anonymous", headers=await door.signed("pops.read"))
    assert pops() - before == 1
