"""An exchange is listened to: nothing heard is lost or told twice, whatever becomes of the line."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from tests.flows.ami_exchange import AmiExchange, block, open_exchange
from tests.flows.door import patiently
from tests.flows.house import environment_of
from tests.flows.replicas import START_S
from tests.flows.stream_house import NOISE, StreamHouse, listening_house, recorded

from tieline.connectors.streams import ami
from tieline.kit.clock import utc_now
from tieline.kit.ids import time_ordered_id
from tieline.services import connection_states, doctor
from tieline.services.streams import intake, listener
from tieline.store import inbox
from tieline.store.inbox import Arrival

CALLS = "SELECT call_key, state, outcome FROM interactions ORDER BY started_at"
LEGS = "SELECT kind, agent, outcome FROM legs ORDER BY rang_at, leg_key"
POPS = "SELECT agent, count(*) FROM pops GROUP BY agent ORDER BY agent"
EVENTS = "SELECT count(*), count(DISTINCT dedupe_key) FROM call_events"
INBOX = "SELECT state, count(*) FROM inbox GROUP BY state"
QUEUE_CALL, TRANSFER = "lab1-1795318271.2", "lab1-1795320131.0"
TURNS = """
    SELECT application_name, granted FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE datname = current_database() AND locktype = 'advisory' AND objsubid = 1 AND application_name LIKE 'worker-%'
"""
"""Who holds and who waits for a lock named by one number, which only exclusive work is."""

TAKEN_OVER_WITHIN_S = 9.0
"""A process that is killed loses its lock at once; one that fell silent would keep it for ten seconds or more."""
WANTED = 13
"""Kinds of events the exchange is asked for."""


@pytest.fixture
async def exchange() -> AsyncIterator[AmiExchange]:
    async with open_exchange() as running:
        yield running


@pytest.fixture
async def listening(database_url: str, tmp_path: Path, exchange: AmiExchange) -> AsyncIterator[StreamHouse]:
    async with listening_house(database_url, tmp_path, exchange) as running:
        await running.until_up()
        yield running


async def test_a_call_through_a_queue_is_one_history_and_one_card(listening: StreamHouse, exchange: AmiExchange) -> None:
    for message in recorded("queue-call"):
        exchange.say(*NOISE, message)
    await listening.until_rows(CALLS, [(QUEUE_CALL, "ended", "served")])
    assert await listening.rows(LEGS) == [("queue", None, "served"), ("agent", "1001", "served")]
    assert await listening.rows(POPS) == [("1001", 1)]
    await listening.until_rows(INBOX, [("done", 8)])
    assert await listening.rows(EVENTS) == [(7, 7)]  # the ring is said twice, by the queue and by the dialling


async def test_whoever_looks_after_the_server_sees_how_the_line_stands(
    listening: StreamHouse, exchange: AmiExchange, tmp_path: Path
) -> None:
    exchange.say(*recorded("queue-call"))
    await listening.until_rows(CALLS, [(QUEUE_CALL, "ended", "served")])
    exchange.hang_up()
    await listening.until_up(gaps=1)
    states = connection_states.connections(listening.house.directory)
    (state,) = await connection_states.with_upkeep(
        listening.house.database, listening.house.directory, states, now=listening.house.clock()
    )
    assert state.stream is not None
    assert (state.stream.kind, state.stream.state, state.stream.heard, state.stream.gaps) == ("ami", "up", 11, 1)
    findings = {finding.name: finding for finding in await doctor.examine(listening.house, data_dir=tmp_path)}
    assert (findings["stream pbx"].well, findings["stream pbx"].told) == (True, "up, 11 heard, 1 gaps")


async def test_a_server_without_a_worker_says_that_nobody_listens(
    database_url: str, tmp_path: Path, exchange: AmiExchange
) -> None:
    async with listening_house(database_url, tmp_path, exchange, listen=False) as house:
        findings = {finding.name: finding for finding in await doctor.examine(house.house, data_dir=tmp_path)}
    assert (findings["stream pbx"].well, findings["stream pbx"].told) == (False, "nobody listens; does a worker run?")


async def test_without_the_right_to_filter_everything_comes_and_the_same_is_kept(
    database_url: str, tmp_path: Path, exchange: AmiExchange
) -> None:
    exchange.may_filter = False
    async with listening_house(database_url, tmp_path, exchange) as listening:
        assert (await listening.until_up()).filtered is False
        for message in recorded("queue-call"):
            exchange.say(*NOISE, message)
        await listening.until_rows(CALLS, [(QUEUE_CALL, "ended", "served")])
        await listening.until_rows(INBOX, [("done", 8)])


async def test_a_line_cut_in_the_middle_of_an_event_costs_nothing(listening: StreamHouse, exchange: AmiExchange) -> None:
    messages = recorded("blind-transfer")
    transferred = next(place for place, message in enumerate(messages) if message["Event"] == "BlindTransfer")
    exchange.say(*messages[:transferred])
    await listening.until_rows("SELECT agent FROM legs WHERE answered_at IS NOT NULL AND kind = 'agent'", [("1001",)])
    exchange.listed = [
        {
            "Channel": "PJSIP/trunk-00000000",
            "ChannelStateDesc": "Up",
            "Uniqueid": TRANSFER,
            "Linkedid": TRANSFER,
            "BridgeId": "b",
        },
        {
            "Channel": "PJSIP/agent1001-00000001",
            "ChannelStateDesc": "Up",
            "Uniqueid": "lab1-1795320131.1",
            "Linkedid": TRANSFER,
            "BridgeId": "b",
        },
    ]
    exchange.hang_up(after=block(messages[transferred])[:40])
    await listening.until_up(gaps=1)
    exchange.say(*messages[transferred - 2 :])  # the exchange says some of it again
    await listening.until_rows(LEGS, [("queue", None, "served"), ("agent", "1001", "served"), ("agent", "1002", "served")])
    await listening.until_rows(CALLS, [(TRANSFER, "ended", "served")])
    assert await listening.rows(POPS) == [("1001", 1), ("1002", 1)]
    count, distinct = (await listening.rows(EVENTS))[0]
    assert count == distinct
    assert [len(filters) for filters in exchange.filters] == [WANTED, WANTED]


async def test_a_call_that_ended_during_a_gap_is_ended(listening: StreamHouse, exchange: AmiExchange) -> None:
    exchange.say(*recorded("queue-call")[:7])
    await listening.until_rows("SELECT state FROM interactions", [("ringing",)])
    exchange.listed = []
    exchange.hang_up()
    await listening.until_rows(CALLS, [(QUEUE_CALL, "ended", "unknown_lost_hangup")])
    await listening.until_rows("SELECT count(*) FROM pops WHERE withdrawn_at IS NULL", [(0,)])


async def test_a_telephone_that_stopped_ringing_during_a_gap_stops(listening: StreamHouse, exchange: AmiExchange) -> None:
    exchange.say(*recorded("queue-call")[:7])
    await listening.until_rows("SELECT state FROM interactions", [("ringing",)])
    exchange.listed = [
        {"Channel": "PJSIP/trunk-00000002", "ChannelStateDesc": "Up", "Uniqueid": QUEUE_CALL, "Linkedid": QUEUE_CALL}
    ]
    exchange.hang_up()
    await listening.until_rows("SELECT agent, outcome FROM legs WHERE kind = 'agent'", [("1001", "missed_agent")])
    assert await listening.rows("SELECT state FROM interactions") == [("ringing",)]


async def test_what_rings_when_we_connect_is_shown(database_url: str, tmp_path: Path, exchange: AmiExchange) -> None:
    exchange.listed = [
        {
            "Channel": "PJSIP/trunk-00000002",
            "ChannelStateDesc": "Up",
            "CallerIDNum": "13800138001",
            "Context": "from-trunk",
            "Exten": "4001",
            "Uniqueid": "lab1-1.1",
            "Linkedid": "lab1-1.1",
        },
        {
            "Channel": "PJSIP/agent1002-00000003",
            "ChannelStateDesc": "Ringing",
            "CallerIDNum": "1002",
            "ConnectedLineNum": "13800138001",
            "Context": "from-agent",
            "Exten": "4001",
            "Uniqueid": "lab1-1.2",
            "Linkedid": "lab1-1.1",
        },
    ]
    async with listening_house(database_url, tmp_path, exchange) as listening:
        await listening.until_rows(POPS, [("1002", 1)])
        found = await listening.rows("SELECT call_key, state, customer_e164, line FROM interactions")
        assert found == [("lab1-1.1", "ringing", "+8613800138001", "+861065544001")]
        exchange.hang_up()
        await listening.until_up(gaps=1)
        assert await listening.rows(POPS) == [("1002", 1)]  # listed again, shown once


async def test_a_slow_sign_in_is_waited_for(database_url: str, tmp_path: Path, exchange: AmiExchange) -> None:
    exchange.sign_in_s = 1.0
    async with listening_house(database_url, tmp_path, exchange) as listening:
        await listening.until_up()
    assert exchange.sessions == 1


async def test_a_wrong_secret_is_told_and_not_hammered(
    database_url: str, tmp_path: Path, exchange: AmiExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.flows.stream_house.SECRET", "another")
    async with listening_house(database_url, tmp_path, exchange) as listening:
        await listening.until_rows("SELECT state, fault FROM stream_states", [("lost", "stream_sign_in")])
    assert exchange.refused <= 4


async def test_a_line_that_died_without_a_word_is_noticed(
    database_url: str, tmp_path: Path, exchange: AmiExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ami, "PING_EVERY_S", 0.1)
    monkeypatch.setattr(ami, "SILENT_AFTER_S", 0.6)
    async with listening_house(database_url, tmp_path, exchange) as listening:
        await listening.until_up()
        exchange.deaf = True
        await listening.until_rows("SELECT state, fault, gaps FROM stream_states", [("lost", "stream_silent", 1)])
        exchange.deaf = False
        await listening.until_up(gaps=1)


async def test_a_restart_of_the_exchange_is_a_gap_and_no_more(database_url: str, tmp_path: Path) -> None:
    async with open_exchange() as first, listening_house(database_url, tmp_path, first) as listening:
        await listening.until_up()
        first.say({"Event": "Shutdown", "Shutdown": "Cleanly", "Restart": "True"})
        first.hang_up()
    # The listener of that house is gone with it; a second house on the same database goes on counting.
    async with open_exchange() as second, listening_house(database_url, tmp_path, second) as listening:
        state = await listening.until_up(gaps=1)
        assert state.filtered
        second.say(*recorded("queue-call"))
        await listening.until_rows(CALLS, [(QUEUE_CALL, "ended", "served")])


async def test_what_was_kept_and_not_worked_on_is_taken_up(database_url: str, tmp_path: Path, exchange: AmiExchange) -> None:
    """As if the listener had been killed between keeping and recording."""
    async with listening_house(database_url, tmp_path, exchange, listen=False) as house:
        connection = house.house.directory.now.connections["pbx"]
        assert connection.listening is not None
        memory = connection.listening.memory()
        heard = [one for message in recorded("queue-call") if (one := connection.listening.hear(message, memory)) is not None]
        now = utc_now()
        arrivals = [
            Arrival(UUID(time_ordered_id(now)), "pbx", time_ordered_id(now), intake.KIND, one.body, now, {}) for one in heard
        ]
        async with house.house.database.begin() as tx:
            await inbox.accept_all(tx, arrivals)
        assert await intake.take_up(house.house, "pbx", connection.listening) == len(heard)
        assert await house.rows(CALLS) == [(QUEUE_CALL, "ended", "served")]
        assert await intake.take_up(house.house, "pbx", connection.listening) == 0
        assert await house.rows(INBOX) == [("done", 8)]


async def test_one_listens_among_several_and_another_takes_over_when_it_is_killed(
    database_url: str, tmp_path: Path, exchange: AmiExchange
) -> None:
    async with listening_house(database_url, tmp_path, exchange, listen=False) as house:
        workers = {name: _worker(house, name) for name in ("worker-a", "worker-b")}
        try:
            await _takes_over(house, exchange, workers)
        finally:
            for worker in workers.values():
                worker.kill()
                worker.wait()


def _worker(house: StreamHouse, name: str) -> "subprocess.Popen[bytes]":
    given = dict(environment_of(house.settings, f"{house.url}?application_name={name}"))
    environment = {**os.environ, **given, "TIELINE_LOG_LEVEL": "error"}
    return subprocess.Popen([sys.executable, "-m", "tieline", "worker"], env=environment, stderr=subprocess.DEVNULL)


async def _takes_over(house: StreamHouse, exchange: AmiExchange, workers: Mapping[str, "subprocess.Popen[bytes]"]) -> None:
    messages = recorded("blind-transfer")
    transferred = next(place for place, message in enumerate(messages) if message["Event"] == "BlindTransfer")
    async for _ in patiently("two workers never stood in line", within_s=START_S):
        turns = dict(await house.rows(TURNS))
        if sorted(turns.values()) == [False, True]:
            break
    await house.until_up()
    assert exchange.sessions == 1
    exchange.say(*messages[:transferred])
    await house.until_rows("SELECT agent FROM legs WHERE answered_at IS NOT NULL AND kind = 'agent'", [("1001",)])
    exchange.listed = [
        {"Channel": "PJSIP/trunk-00000000", "ChannelStateDesc": "Up", "Uniqueid": TRANSFER, "Linkedid": TRANSFER},
        {"Channel": "PJSIP/agent1001-1", "ChannelStateDesc": "Up", "Uniqueid": "lab1-1795320131.1", "Linkedid": TRANSFER},
    ]
    workers[next(name for name, held in turns.items() if held)].kill()
    killed_at = time.monotonic()
    await house.until_up(gaps=1)
    assert (exchange.sessions, time.monotonic() - killed_at < TAKEN_OVER_WITHIN_S) == (2, True)
    exchange.say(*messages[transferred:])
    await house.until_rows(LEGS, [("queue", None, "served"), ("agent", "1001", "served"), ("agent", "1002", "served")])
    await house.until_rows(CALLS, [(TRANSFER, "ended", "served")])
    count, distinct = (await house.rows(EVENTS))[0]
    assert count == distinct


def test_pauses_grow_and_are_never_all_alike() -> None:
    pauses = listener.Pauses()
    lengths = [pauses.next_s() for _ in range(12)]
    assert 0.125 <= lengths[0] <= 0.25
    assert 15.0 <= lengths[-1] <= 30.0
    pauses.begin_anew()
    assert pauses.next_s() <= timedelta(milliseconds=250).total_seconds()
