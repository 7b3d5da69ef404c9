"""What an exchange tells once at best, and what got lost, is put right by its records: over real sockets, on a clock of ours."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web
from pydantic import SecretStr
from structlog.testing import capture_logs
from tests.connectors.sample import connector

from tieline.connectors.registry import Catalog
from tieline.domain.call import CallEvent
from tieline.domain.errors import ConnectorError
from tieline.services import call_events, call_repair
from tieline.services.apply import apply
from tieline.services.house import House
from tieline.settings import Settings
from tieline.wiring import applying, house_of

NOW: Final = datetime(2026, 11, 26, 9, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
CALLER, LINE = "+8613800138000", "+861065543800"
SET_UP: Final = """
version: 1
connections:
  pbx: {{connector: {folder}, config: {{base_url: "{url}"}}, secrets: {{token: env:TIELINE_TEST_PBX_TOKEN}}}}
lines:
  "+861065543800": {{name: Support, country: CN, language: zh, queues: [support]}}
agents:
  li: {{name: Li, extensions: ["1001"]}}
"""
MAPPING: Final = """
call:
  rows:
    id: {from: id}
    call_id: {from: [first, id]}
    direction: {from: direction}
    from: {from: from}
    to: {from: to}
    agent: {from: agent}
    started_at: {from: began, as: epoch(s)}
    answered_at: {from: answered, as: "null_if(0) | epoch(s)"}
    ended_at: {from: ended, as: "null_if(0) | epoch(s)"}
    talk_s: {from: talked, as: int}
"""


@dataclass
class Exchange:
    """What it recorded, and how often it was asked. `down` answers 503."""

    records: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)
    down: bool = False
    url: str = ""

    async def serve(self, request: web.Request) -> web.Response:
        since, until = (datetime.fromtimestamp(int(request.query[name]), UTC) for name in ("since", "until"))
        self.asked.append((since, until))
        if self.down:
            return web.Response(status=503)
        found = [one for one in self.records if since.timestamp() <= one["began"] <= until.timestamp()]
        return web.json_response({"calls": found})

    def record(self, number: str, *, began: timedelta, lasted: timedelta | None, **more: Any) -> None:  # noqa: ANN401 - columns
        at = (NOW - began).timestamp()
        ended = 0 if lasted is None else int(at + lasted.total_seconds())
        told = {"id": number, "from": CALLER, "to": LINE, "direction": "inbound", "began": int(at), "answered": 0, "ended": ended}
        self.records.append({**told, **more})


@dataclass
class Repairing:
    exchange: Exchange
    house: House

    async def tell(self, word: Any, number: str, ago: timedelta, **more: Any) -> None:  # noqa: ANN401 - fields of an event
        at = self.house.clock() - ago
        event = CallEvent.model_validate({"call_id": number, "type": word, "from": CALLER, "to": LINE, "at": at, **more})
        await call_events.record(self.house.calls, event, provider="pbx", now=at)

    async def calls(self) -> list[tuple[Any, ...]]:
        query = b"SELECT call_key, state, outcome FROM interactions ORDER BY call_key"
        async with self.house.database.pool.connection() as connection:
            return await (await connection.execute(query)).fetchall()

    async def count(self, query: str) -> int:
        async with self.house.database.pool.connection() as connection:
            return int((await (await connection.execute(query.encode())).fetchall())[0][0])


def declare(parent: Path) -> Path:
    """Write a connector whose calls are asked for every five minutes, an hour back."""
    listed = {
        "request": {
            "path": "/calls",
            "query": {
                "since": {"$time": {"of": "$in.since", "as": "epoch_s"}},
                "until": {"$time": {"of": "$in.until", "as": "epoch_s"}},
            },
        },
        "records": "body.calls",
    }
    proof = {"kind": "static_header", "header": "X-T", "value": "$config.token"}
    rows = [{"when": {"body.x": 1}, "emit": "ringing", "fields": {"call_id": "body.id"}}]
    folder = connector(
        parent,
        category="pbx",
        operations={"call.list": listed},
        inbound={
            "call": {"verify": proof, "events": rows},
            "poll": [{"operation": "call.list", "every_s": 300, "overlap_s": 3600}],
        },
    ).folder
    (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    return folder


@pytest.fixture
async def repairing(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Repairing]:
    monkeypatch.setenv("TIELINE_TEST_PBX_TOKEN", "t")
    exchange = Exchange()
    app = web.Application()
    app.router.add_get("/calls", exchange.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    exchange.url = f"http://127.0.0.1:{port}"
    chosen = Settings(
        database_url=SecretStr(database_url), data_dir=tmp_path, auth="off", private_networks=f"127.0.0.1=127.0.0.0/8:{port}"
    )
    file = tmp_path / "tieline.yaml"
    file.write_text(SET_UP.format(folder=declare(tmp_path), url=exchange.url))
    with capture_logs():
        async with applying(chosen, database_url, Catalog()) as tools:
            await apply(tools, file)
        async with house_of(chosen, database_url, Catalog(), clock=lambda: NOW) as house:
            yield Repairing(exchange, house)
    await runner.cleanup()


async def test_a_call_whose_hang_up_was_lost_ends_when_its_record_says(repairing: Repairing) -> None:
    for word, ago in (("ringing", 20), ("answered", 19)):
        await repairing.tell(word, "c-1", ago * MINUTE, agent="li")
    answered = int((NOW - 19 * MINUTE).timestamp())
    repairing.exchange.record("c-1", began=20 * MINUTE, lasted=5 * MINUTE, agent="li", answered=answered)
    assert await call_repair.repair(repairing.house, "pbx") == call_repair.Repaired(rows=1, ended=1)
    assert await repairing.calls() == [("c-1", "ended", "served")]
    assert await call_repair.repair(repairing.house, "pbx") == call_repair.Repaired(rows=1), "once is enough"


async def test_a_call_nobody_told_us_of_is_told_from_its_record_and_shows_no_card(repairing: Repairing) -> None:
    answered = int((NOW - 29 * MINUTE).timestamp())
    repairing.exchange.record("c-2", began=30 * MINUTE, lasted=10 * MINUTE, agent="li", answered=answered, talked=540)
    repairing.exchange.record("c-3", began=8 * MINUTE, lasted=MINUTE)
    assert await call_repair.repair(repairing.house, "pbx") == call_repair.Repaired(rows=2, unheard=2)
    (second, third) = await repairing.calls()
    assert second == ("c-2", "ended", "served")
    assert third[:2] == ("c-3", "ended")
    assert third[2] != "served"
    assert await repairing.count("SELECT count(*) FROM pops") == 0


async def test_what_is_known_going_on_or_a_part_is_left_alone(repairing: Repairing) -> None:
    await repairing.tell("ringing", "c-4", 30 * MINUTE)
    await repairing.tell("ended", "c-4", 29 * MINUTE, outcome="voicemail")
    before = await repairing.calls()
    repairing.exchange.record("c-4", began=30 * MINUTE, lasted=5 * MINUTE)
    repairing.exchange.record("c-5", began=30 * MINUTE, lasted=None)
    repairing.exchange.record("c-6", began=30 * MINUTE, lasted=MINUTE, first="c-4")
    assert await call_repair.repair(repairing.house, "pbx") == call_repair.Repaired(rows=3)
    assert await repairing.calls() == before == [("c-4", "ended", "voicemail")]


async def test_one_record_that_cannot_be_read_keeps_no_other(repairing: Repairing) -> None:
    repairing.exchange.record("", began=30 * MINUTE, lasted=MINUTE)
    repairing.exchange.record("c-7", began=30 * MINUTE, lasted=MINUTE, talked=-5)
    repairing.exchange.record("c-8", began=30 * MINUTE, lasted=MINUTE)
    told = await call_repair.repair(repairing.house, "pbx")
    assert (told.rows, told.unheard) == (3, 1)
    assert [key for key, *_ in await repairing.calls()] == ["c-8"]


async def test_it_is_asked_as_often_and_as_far_back_as_declared_and_never_up_to_now(repairing: Repairing) -> None:
    assert await call_repair.repair_due(repairing.house) == 0
    assert await call_repair.repair_due(repairing.house) == 0
    assert repairing.exchange.asked == [(NOW - timedelta(hours=1), NOW - call_repair.SETTLED_AFTER)]
    earlier = "UPDATE pull_cursors SET pulled_at = pulled_at - interval '6 minutes' RETURNING 1"
    assert await repairing.count(earlier) == 1
    await call_repair.repair_due(repairing.house)
    assert len(repairing.exchange.asked) == 2


async def test_an_exchange_that_is_away_moves_nothing_and_is_asked_again(repairing: Repairing) -> None:
    repairing.exchange.down = True
    with pytest.raises(ConnectorError):
        await call_repair.repair(repairing.house, "pbx")
    assert await call_repair.repair_due(repairing.house) == 0
    assert await repairing.count("SELECT count(*) FROM pull_cursors") == 0
    repairing.exchange.down = False
    repairing.exchange.record("c-9", began=30 * MINUTE, lasted=MINUTE)
    for connection in repairing.house.directory.now.connections.values():
        connection._exchanger.breaker.succeeded(probe=False)
    assert await call_repair.repair_due(repairing.house) == 1
