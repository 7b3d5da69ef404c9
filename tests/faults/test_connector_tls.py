"""Certificates are verified, always; the name asked for is the name checked, though a checked address is dialled."""

import asyncio
import ipaddress
import socket
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.faults.vendor import answer, vendor

from tieline.connectors.wire import transport
from tieline.connectors.wire.messages import Outgoing
from tieline.connectors.wire.transport import HttpWire
from tieline.domain.errors import VendorMisconfigured, VendorUnavailable
from tieline.kit.clock import utc_now
from tieline.kit.deadline import Deadline
from tieline.security.egress import Egress

DAY = timedelta(days=1)


def certificate(folder: Path, *names: str, ends: timedelta = DAY) -> ssl.SSLContext:
    """A server's side with a certificate of its own making; the file `cert.pem` is what would have to be trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = utc_now()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    alternatives = [x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names]
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 30 * DAY)
        .not_valid_after(now + ends)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def wire(host: str, port: int) -> HttpWire:
    return HttpWire(Egress.parse(f"{host}=127.0.0.0/8:{port}"), connections=2, response_bytes=1024)


async def get(client: HttpWire, host: str, port: int) -> int:
    answered = await client.send(Outgoing("GET", f"https://{host}:{port}/", read=True), deadline=Deadline.after(3))
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


async def test_a_handshake_that_stalls_is_given_up() -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with wire("127.0.0.1", port) as client:
        started = asyncio.get_running_loop().time()
        with pytest.raises(VendorUnavailable) as caught:
            await get(client, "127.0.0.1", port)
        assert asyncio.get_running_loop().time() - started < 1.5
    assert caught.value.code == "upstream_unreachable"
    silent.close()
