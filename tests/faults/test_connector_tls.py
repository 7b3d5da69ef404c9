"""Certificates are verified, always; the name asked for is the name checked, though a checked address is dialled."""

import asyncio
import socket
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from tests.connectors.sample import connector
from tests.faults.certificates import DAY, certificate
from tests.faults.vendor import answer, vendor

from tieline.connectors.connection import open_connection
from tieline.connectors.wire import dialling, transport
from tieline.connectors.wire.messages import Outgoing
from tieline.connectors.wire.transport import HttpWire
from tieline.connectors.wire.trust import tls_of_its_own, tls_trusting
from tieline.domain.errors import ConnectorError, VendorMisconfigured, VendorUnavailable
from tieline.kit.clock import utc_now
from tieline.kit.deadline import Deadline
from tieline.security.egress import Egress


def wire(host: str, port: int) -> HttpWire:
    return HttpWire(Egress.parse(f"{host}=127.0.0.0/8:{port}"), connections=2, response_bytes=1024)


async def get(client: HttpWire, host: str, port: int) -> int:
    answered = await client.send(Outgoing("GET", f"https://{host}:{port}/", read=True), deadline=Deadline.after(30))
    return answered.status


async def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    async with vendor(answer(), tls=certificate(tmp_path, "127.0.0.1")) as crm, wire("127.0.0.1", crm.port) as client:
        with pytest.raises(VendorMisconfigured) as caught:
            await get(client, "127.0.0.1", crm.port)
        assert (caught.value.code, crm.asked) == ("upstream_tls", [])


@pytest.fixture
def trusting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the certificate in `cert.pem`, and let crm.test lead to this machine."""

    def trust() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))

    monkeypatch.setattr(transport, "trusted_tls", trust)
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)


@pytest.mark.usefixtures("trusting")
async def test_the_name_is_kept_for_certificate_and_host_header_while_the_checked_address_is_dialled(tmp_path: Path) -> None:
    async with vendor(answer(), tls=certificate(tmp_path, "crm.test")) as crm, wire("crm.test", crm.port) as client:
        assert await get(client, "crm.test", crm.port) == 200
        assert crm.asked[0].headers["host"] == f"crm.test:{crm.port}"


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize(("names", "ends"), [(("other.test",), DAY), (("crm.test",), -DAY)], ids=["another name", "expired"])
async def test_a_trusted_certificate_must_still_fit(tmp_path: Path, names: tuple[str, ...], ends: timedelta) -> None:
    async with vendor(answer(), tls=certificate(tmp_path, *names, ends=ends)) as crm, wire("crm.test", crm.port) as client:
        with pytest.raises(VendorMisconfigured) as caught:
            await get(client, "crm.test", crm.port)
        assert (caught.value.code, crm.asked) == ("upstream_tls", [])


async def test_an_authority_of_ones_own_is_trusted_and_nobody_else(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    ours, theirs = certificate(tmp_path, "127.0.0.1"), certificate(tmp_path / "other", "127.0.0.1")
    trust = tls_trusting((tmp_path / "cert.pem").read_text())
    async with vendor(answer(), tls=ours) as crm, vendor(answer(), tls=theirs) as other:
        permitted = Egress.parse(f"127.0.0.1=127.0.0.0/8:{crm.port},127.0.0.1=127.0.0.0/8:{other.port}")
        async with HttpWire(permitted, connections=2, response_bytes=1024, tls=trust) as client:
            assert await get(client, "127.0.0.1", crm.port) == 200
            with pytest.raises(VendorMisconfigured):
                await get(client, "127.0.0.1", other.port)


OLDER_ONLY = bytes.fromhex("15 03 01 00 02 02 46")
"""The fatal alert protocol_version, in a record of TLS 1.0 (RFC 2246, 7.2): what a server says that speaks nothing newer."""


async def test_a_vendor_that_speaks_only_outdated_tls_is_refused() -> None:
    heard: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(4096))
        writer.write(OLDER_ONLY)
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with wire("127.0.0.1", port) as client:
        with pytest.raises(VendorMisconfigured) as caught:
            await get(client, "127.0.0.1", port)
    server.close()
    await server.wait_closed()
    assert (caught.value.code, [one[:1] for one in heard]) == ("upstream_tls", [b"\x16"]), (
        "one greeting, and no older one after it"
    )


async def test_a_server_that_asks_who_we_are_is_shown_the_connections_certificate(tmp_path: Path) -> None:
    for folder in ("server", "client"):
        (tmp_path / folder).mkdir()
    asking = certificate(tmp_path / "server", "127.0.0.1")
    certificate(tmp_path / "client", "tieline.test")
    asking.load_verify_locations(tmp_path / "client" / "cert.pem")
    asking.verify_mode = ssl.CERT_REQUIRED
    authority = (tmp_path / "server" / "cert.pem").read_text()
    shown, key = ((tmp_path / "client" / name).read_text() for name in ("cert.pem", "key.pem"))
    own = {"authority": authority, "certificate": shown, "key": key}
    form = {name: {"title": name, "required": False, "secret": name == "key"} for name in own}
    tls = {name: f"$config.{name}?" for name in own}
    ping = {"system.ping": {"request": {"path": "/ping"}}}
    base = {"base_url": {"title": "Base URL", "type": "url"}, "token": {"title": "Token", "secret": True}}
    made_up = connector(tmp_path, config={**base, **form}, tls=tls, operations=ping)
    async with vendor(answer(body=b"{}"), tls=asking) as crm:
        egress = Egress.parse(f"127.0.0.1=127.0.0.0/8:{crm.port}")

        async def ask(**told: str) -> str:
            config = {"base_url": f"https://127.0.0.1:{crm.port}", **{name: text for name, text in told.items() if name != "key"}}
            secrets = {"token": "t", **({"key": told["key"]} if "key" in told else {})}
            connection = open_connection("crm", made_up, config=config, secrets=secrets, clock=utc_now, egress=egress)
            try:
                return (await connection.run("system.ping", deadline=Deadline.after(30))).outcome
            finally:
                await connection.aclose()

        assert await ask(**own) == "ok"
        with pytest.raises(ConnectorError):
            await ask(authority=authority)
        for unusable in ({**own, "key": "no key"}, {**own, "certificate": authority}, {"certificate": shown}):
            with pytest.raises(VendorMisconfigured) as caught:
                await ask(**unusable)
            assert (caught.value.code, len(crm.asked)) == ("upstream_tls", 1)


def test_a_key_with_a_passphrase_is_refused_and_never_asked_for(tmp_path: Path) -> None:
    certificate(tmp_path, "tieline.test")
    key = serialization.load_pem_private_key((tmp_path / "key.pem").read_bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )
    with pytest.raises(VendorMisconfigured):
        tls_of_its_own(certificate=(tmp_path / "cert.pem").read_text(), key=locked.decode())


async def test_a_handshake_that_stalls_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "CONNECT_TIMEOUT_S", 0.5)

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with wire("127.0.0.1", port) as client:
        started = asyncio.get_running_loop().time()
        with pytest.raises(VendorUnavailable) as caught:
            await get(client, "127.0.0.1", port)
        assert asyncio.get_running_loop().time() - started < 20, "the call itself might have lasted longer"
    assert caught.value.code == "upstream_unreachable"
    silent.close()
