"""Calls placed over a FreeSWITCH's event socket: real sockets, a simulated exchange, and what goes wrong on the way."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from tieline.connectors.connection import VendorConnection, open_connection
from tieline.connectors.contract import Result
from tieline.connectors.registry import Catalog
from tieline.connectors.streams import commands
from tieline.connectors.wire.messages import Outgoing
from tieline.connectors.wire.transport import trusted_tls
from tieline.connectors.wire.wires import SCHEMES
from tieline.domain.errors import (
    EgressForbidden,
    OutcomeUnknown,
    VendorDuplicate,
    VendorMisconfigured,
    VendorRejected,
    VendorTimeout,
    VendorUnavailable,
)
from tieline.kit.clock import utc_now
from tieline.kit.deadline import Deadline
from tieline.security.egress import Egress

PASSWORD: Final = "event-socket-password"
KEY: Final = "dial-0123456789abcdef0123456789abcdef"
PATIENCE_S: Final = 30.0
"""What a busy machine is granted where the time is not what is tested."""


@dataclass
class Exchange:
    """The other side. `ends`: how a placed call ends at once, None: it rings. `hangs_up_at`: the command it leaves at."""

    ends: str | None = None
    calls: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)
    placed: list[str] = field(default_factory=list)
    hangs_up_at: str = "never"
    silent: bool = False
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"Content-Type: auth/request\n\n")
            while command := (await reader.readuntil(b"\n\n")).decode().strip():
                self.told.append(command)
                if command.startswith("bgapi"):
                    self.placed.append(command)
                    self.calls.add(command.partition("origination_uuid=")[2].partition(",")[0])
                if command.startswith(self.hangs_up_at):
                    return
                if not self.silent:
                    writer.write(b"".join(self._answers(command)))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answers(self, command: str) -> list[bytes]:
        match command.split(maxsplit=1)[0]:
            case "auth":
                return [reply("+OK accepted" if command == f"auth {PASSWORD}" else "-ERR invalid")]
            case "event":
                return [reply("+OK event listener enabled json")]
            case "bgapi":
                other = event({"Event-Name": "BACKGROUND_JOB", "Job-UUID": "another", "_body": "-ERR USER_BUSY\n"})
                mine = event({"Event-Name": "BACKGROUND_JOB", "Job-UUID": "job-1", "_body": f"{self.ends}\n"})
                began = reply("+OK Job-UUID: job-1", **{"Job-UUID": "job-1"})
                return [began, other, *([mine] if self.ends else [])]
            case _:
                return [body(self._api(command.removeprefix("api ")))]

    def _api(self, command: str) -> str:
        name, _, uuid = command.partition(" ")
        match name:
            case "uuid_exists":
                return "true" if uuid in self.calls else "false"
            case "uuid_kill":
                known = uuid in self.calls
                self.calls.discard(uuid)
                return "+OK\n" if known else "-ERR No such channel!\n"
            case "status":
                return "UP 0 years, 1 day\n"
            case _:
                return f"-ERR {name} Command not found!\n"


def reply(text: str, **headers: str) -> bytes:
    more = "".join(f"{name}: {value}\n" for name, value in headers.items())
    return f"Content-Type: command/reply\nReply-Text: {text}\n{more}\n".encode()


def body(text: str) -> bytes:
    return f"Content-Type: api/response\nContent-Length: {len(text)}\n\n{text}".encode()


def event(told: dict[str, str]) -> bytes:
    written = json.dumps(told)
    return f"Content-Length: {len(written)}\nContent-Type: text/event-json\n\n{written}".encode()


@asynccontextmanager
async def running() -> AsyncIterator[Exchange]:
    exchange = Exchange()
    server = await asyncio.start_server(exchange.serve, "127.0.0.1", 0)
    exchange.port = server.sockets[0].getsockname()[1]
    try:
        yield exchange
    finally:
        server.close()


@pytest.fixture
async def exchange(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Exchange]:
    """An exchange that does not refuse, for which a call need not wait long."""
    monkeypatch.setattr(commands, "REFUSED_WITHIN_S", 0.1)
    async with running() as exchange:
        yield exchange


@pytest.fixture
def refusing(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> Exchange:
    """The exchange where its refusal, which comes at once, is waited for however busy the machine is."""
    monkeypatch.setattr(commands, "REFUSED_WITHIN_S", PATIENCE_S)
    return exchange


def connect(exchange: Exchange, *, password: str = PASSWORD, permitted: bool = True) -> VendorConnection:
    return open_connection(
        "pbx",
        Catalog().find("freeswitch"),
        config={"esl_host": "127.0.0.1", "esl_port": exchange.port},
        secrets={"esl_password": password},
        clock=utc_now,
        egress=Egress.parse(f"127.0.0.1=127.0.0.0/8:{exchange.port}" if permitted else ""),
    )


async def dial(
    connection: VendorConnection, *, within_s: float = PATIENCE_S, agent: str = "1001", to: str = "13800138000"
) -> Result:
    given: dict[str, Any] = {"agent": agent, "to": to, "idempotency_key": KEY}
    return await connection.run("call.originate", deadline=Deadline.after(within_s), **given)


async def test_a_call_bears_our_id_and_rings_the_agent_first(exchange: Exchange) -> None:
    result = await dial(connect(exchange))
    assert (result.outcome, result.external_id) == ("ok", KEY)
    held = f"origination_uuid={KEY},origination_caller_id_number=1001,originate_timeout=30,ignore_early_media=true"
    assert exchange.placed == [f"bgapi originate {{{held}}}user/1001 13800138000 XML default"]


async def test_what_is_no_whole_command_is_not_given(exchange: Exchange) -> None:
    wire = commands.CommandWire(Egress.parse(f"127.0.0.1=127.0.0.0/8:{exchange.port}"), tls=trusted_tls())
    for words in ([], ["13800138000", "XML"], ["user/1001"]):
        body = json.dumps({"command": "originate", "words": words}).encode()
        asked = Outgoing("API", f"esl://127.0.0.1:{exchange.port}/", {"authorization": f"Bearer {PASSWORD}"}, body)
        with pytest.raises(VendorRejected):
            await wire.send(asked, deadline=Deadline.after(PATIENCE_S))
    assert exchange.told == []


async def test_asked_again_while_it_is_there_it_rings_nobody(exchange: Exchange) -> None:
    connection = connect(exchange)
    await dial(connection)
    with pytest.raises(VendorDuplicate):
        await dial(connection)
    assert len(exchange.placed) == 1


@pytest.mark.parametrize(
    ("ends", "error"),
    [
        ("-ERR USER_NOT_REGISTERED", VendorRejected),
        ("-ERR USER_BUSY", VendorRejected),
        ("-ERR NORMAL_TEMPORARY_FAILURE", VendorUnavailable),
        ("-ERR originate Command not found!", VendorRejected),
    ],
)
async def test_what_the_exchange_refuses_at_once_is_told_apart(refusing: Exchange, ends: str, error: type[Exception]) -> None:
    refusing.ends = ends
    with pytest.raises(error):
        await dial(connect(refusing))


async def test_a_call_that_is_answered_at_once_is_a_call(refusing: Exchange) -> None:
    refusing.ends = f"+OK {KEY}"
    assert (await dial(connect(refusing))).external_id == KEY


async def test_a_call_is_ended_once_and_then_is_gone(exchange: Exchange) -> None:
    connection = connect(exchange)
    await dial(connection)
    ends = [await connection.run("call.hangup", deadline=Deadline.after(PATIENCE_S), call_id=KEY) for _ in range(2)]
    assert [one.outcome for one in ends] == ["ok", "not_found"]


async def test_a_wrong_password_waits_for_an_administrator_and_is_not_shown(exchange: Exchange) -> None:
    with pytest.raises(VendorMisconfigured) as caught:
        await dial(connect(exchange, password="wrong-password"))
    assert "wrong-password" not in repr(caught.value)
    assert exchange.placed == []


@pytest.mark.parametrize("word", ["1001 ", "1001\n\napi shutdown", "1001}user/x", "1001,x=y", "${shutdown}", "", "张"])
async def test_no_value_ends_a_command_or_begins_another(exchange: Exchange, word: str) -> None:
    for agent, to in ((word, "13800138000"), ("1001", word)):
        with pytest.raises((VendorRejected, VendorMisconfigured)):
            await dial(connect(exchange), agent=agent, to=to)
    assert exchange.placed == []
    assert not [told for told in exchange.told if "shutdown" in told]


async def test_an_exchange_that_leaves_before_the_command_was_given_placed_nothing(exchange: Exchange) -> None:
    exchange.hangs_up_at = "event"
    with pytest.raises(VendorUnavailable):
        await dial(connect(exchange))
    assert exchange.placed == []


async def test_an_exchange_that_leaves_over_the_command_is_asked_again_with_the_same_id(exchange: Exchange) -> None:
    exchange.hangs_up_at = "bgapi"
    connection = connect(exchange)
    with pytest.raises(VendorUnavailable):
        await dial(connection)
    exchange.hangs_up_at = "never"
    with pytest.raises(VendorDuplicate):
        await dial(connection)
    assert len(exchange.placed) == 1


async def test_an_exchange_that_falls_silent_costs_no_more_than_the_deadline(exchange: Exchange) -> None:
    exchange.silent = True
    connection = connect(exchange)
    began_s = asyncio.get_running_loop().time()
    with pytest.raises((VendorTimeout, OutcomeUnknown)):
        await dial(connection, within_s=0.4)
    assert asyncio.get_running_loop().time() - began_s < PATIENCE_S


def test_an_exchange_nobody_permitted_is_not_dialled(exchange: Exchange) -> None:
    with pytest.raises(EgressForbidden):
        connect(exchange, permitted=False)
    for address in ("esl://pbx.example.com:8021", "esls://pbx.example.com", "esl://203.0.114.1:443"):
        with pytest.raises(EgressForbidden):
            Egress().check(address, schemes=SCHEMES)


async def test_an_explanation_shows_the_command_and_not_the_password(exchange: Exchange) -> None:
    stages = await connect(exchange).explain("system.ping", deadline=Deadline.after(PATIENCE_S))
    assert PASSWORD not in repr(stages)
    assert "status" in repr(stages)
