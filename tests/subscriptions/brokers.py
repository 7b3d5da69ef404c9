"""Real message brokers, each started on a free port in a folder of its own, killed and started again as a test wants it."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import aio_pika
import nats
from nats.aio.client import Client
from tests.ports import free_port

IN_TIME_S: Final = 60.0
_RABBITMQ: Final = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's; what it puts on the path insists on the machine's one server."""


class Heard(NamedTuple):
    """A message as a consumer finds it. `kind`: the last part of routing key or subject."""

    id: str
    kind: str
    key: str
    body: bytes


class Broker(Protocol):
    """`setting`: the outlet to a place of that name, as `TIELINE_OUTLETS` has it."""

    async def start(self) -> None: ...
    def kill(self) -> None: ...
    def setting(self, place: str, *, password: str | None = None, tls: bool = False) -> str: ...
    async def listen(self, place: str) -> None: ...
    async def heard(self, place: str) -> Sequence[Heard]: ...


def nats_server() -> str | None:
    return shutil.which("nats-server")


def rabbitmq_server() -> str | None:
    return str(_RABBITMQ) if _RABBITMQ.exists() else shutil.which("rabbitmq-server")


@dataclass
class Server:
    """One process that listens, in a session of its own, so that all of it can be killed."""

    command: Sequence[str]
    port: int
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            environment = {**os.environ, **self.environment}
            self.process = subprocess.Popen(  # noqa: ASYNC220, S603 - it is left running; a program of this machine
                self.command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        async with asyncio.timeout(IN_TIME_S):
            while not await self._listens():
                assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True


class Nats:
    """JetStream with file storage; user `tieline`, password `secret`."""

    def __init__(self, folder: Path, certificates: Path) -> None:
        self.port, self.tls_port = free_port(), free_port()
        program = nats_server() or ""
        common = [program, "-a", "127.0.0.1", "--user", "tieline", "--pass", "secret"]
        tls = ["--tls", "--tlscert", str(certificates / "cert.pem"), "--tlskey", str(certificates / "key.pem")]
        (folder / "tls").mkdir()
        self._server = Server([*common, "-p", str(self.port), "-js", "-sd", str(folder)], self.port, folder)
        self._secure = Server([*common, "-p", str(self.tls_port), "-js", "-sd", str(folder / "tls"), *tls], self.tls_port, folder)

    async def start(self) -> None:
        await self._server.start()

    async def start_secure(self) -> None:
        await self._secure.start()

    def kill(self) -> None:
        self._server.kill()

    def end(self) -> None:
        self._server.kill()
        self._secure.kill()

    def setting(self, place: str, *, password: str | None = None, tls: bool = False) -> str:
        scheme, port = ("nats+tls", self.tls_port) if tls else ("nats", self.port)
        return f"bi={scheme}://tieline:{password or 'secret'}@127.0.0.1:{port}/{place}"

    async def listen(self, place: str) -> None:
        async with self._client() as client:
            await client.jetstream().add_stream(name=place, subjects=[f"{place}.>"])

    async def heard(self, place: str) -> Sequence[Heard]:
        async with self._client() as client:
            stream = client.jetstream()
            state = (await stream.stream_info(place)).state
            found = [await stream.get_msg(place, number) for number in range(state.first_seq, state.last_seq + 1)]
        return [
            Heard(headers["Nats-Msg-Id"], str(one.subject).removeprefix(f"{place}."), headers["key"], one.data or b"")
            for one in found
            if (headers := one.headers or {})
        ]

    @contextlib.asynccontextmanager
    async def _client(self) -> AsyncIterator[Client]:
        client = await nats.connect(f"nats://127.0.0.1:{self.port}", user="tieline", password="secret")
        try:
            yield client
        finally:
            await client.close()


class Rabbitmq:
    """A node with nothing but itself: no plugin, its own cookie, its own register of names."""

    def __init__(self, folder: Path, certificates: Path) -> None:
        self.port, self.tls_port, distribution, register = (free_port() for _ in range(4))
        (folder / "enabled_plugins").write_text("[].")
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{self.port}\nlisteners.ssl.default = 127.0.0.1:{self.tls_port}\n"
            f"ssl_options.certfile = {certificates / 'cert.pem'}\nssl_options.keyfile = {certificates / 'key.pem'}\n"
        )
        self._environment = {
            "HOME": str(folder),
            "RABBITMQ_NODENAME": f"tieline{self.port}@localhost",
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_DIST_PORT": str(distribution),
            "ERL_EPMD_PORT": str(register),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}",
        }
        self._server = Server([rabbitmq_server() or ""], self.port, folder, self._environment)

    async def start(self) -> None:
        await self._server.start()

    def kill(self) -> None:
        self._server.kill()

    def end(self) -> None:
        """Kill the node and the register of names it started, which would outlive it."""
        self._server.kill()
        environment = {**os.environ, **self._environment}
        for _ in range(50):
            if subprocess.run(["epmd", "-kill"], env=environment, capture_output=True, check=False).returncode == 0:  # noqa: S607 - where Erlang is
                return

    def setting(self, place: str, *, password: str | None = None, tls: bool = False) -> str:
        scheme, port = ("amqps", self.tls_port) if tls else ("amqp", self.port)
        return f"bi={scheme}://guest:{password or 'guest'}@127.0.0.1:{port}/%2F/{place}"

    async def make(self, place: str) -> None:
        """Have the exchange, and no queue."""
        async with await aio_pika.connect(port=self.port) as connection:
            channel = await connection.channel()
            await channel.declare_exchange(place, aio_pika.ExchangeType.TOPIC, durable=True)

    async def listen(self, place: str) -> None:
        async with await aio_pika.connect(port=self.port) as connection:
            channel = await connection.channel()
            await channel.declare_exchange(place, aio_pika.ExchangeType.TOPIC, durable=True)
            queue = await channel.declare_queue(place, durable=True)
            await queue.bind(place, "#")

    async def heard(self, place: str) -> Sequence[Heard]:
        found: list[Heard] = []
        async with await aio_pika.connect(port=self.port) as connection:
            queue = await (await connection.channel()).get_queue(place)
            while (one := await queue.get(fail=False)) is not None:
                found.append(Heard(str(one.message_id), str(one.routing_key), str(one.headers["key"]), one.body))
        return found
