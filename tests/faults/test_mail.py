"""Letters by `smtp_email` over real sockets and TLS: what becomes of each receiver, and what each failure means."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.faults.certificates import certificate
from tests.faults.mail_server import PASSWORD, TOKEN, USER, MailServer, mail_server

from tieline.connectors.connection import VendorConnection, open_connection
from tieline.connectors.contract import Result
from tieline.connectors.registry import Catalog
from tieline.connectors.wire.mail import MailWire, credentials_in
from tieline.connectors.wire.messages import Outgoing
from tieline.connectors.wire.trust import tls_trusting
from tieline.domain.errors import (
    ConnectorError,
    EgressForbidden,
    OutcomeUnknown,
    VendorMisconfigured,
    VendorRejected,
    VendorTimeout,
    VendorUnavailable,
)
from tieline.kit.clock import utc_now
from tieline.kit.deadline import Deadline
from tieline.mapping.book import load_book
from tieline.security.egress import Egress

LI = "li.wei@example.org"
OURS = {"username": USER, "sender": USER, "sender_name": "示例客服"}


@dataclass(frozen=True)
class Authority:
    context: ssl.SSLContext
    pem: str


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("mail")
    context = certificate(folder, "127.0.0.1")
    return Authority(context, (folder / "cert.pem").read_text())


def connect(authority: Authority, port: int, *, password: str = PASSWORD, **config: Any) -> VendorConnection:  # noqa: ANN401 - the form's
    given = {"host": "127.0.0.1", "port": port, "certificate_authority": authority.pem, **OURS, **config}
    egress = Egress.parse(f"127.0.0.1=127.0.0.0/8:{port}")
    connector = Catalog().find("smtp_email")
    return open_connection("mail", connector, config=given, secrets={"password": password}, clock=utc_now, egress=egress)


@asynccontextmanager
async def post(
    authority: Authority,
    *,
    security: str = "smtps",
    **config: Any,  # noqa: ANN401 - likewise
) -> AsyncIterator[tuple[MailServer, VendorConnection]]:
    async with mail_server(authority.context, security=security) as server:
        connection = connect(authority, server.port, security=security, **config)
        try:
            yield server, connection
        finally:
            await connection.aclose()


async def send(connection: VendorConnection, *, within_s: float = 30, **record: str) -> Result:
    letter = {"to": LI, "subject": "您的工单 4711", "text": "已解决。", **record}
    return await connection.run("message.send", deadline=Deadline.after(within_s), idempotency_key="dlv-1", record=letter)


@pytest.mark.parametrize("security", ["smtps", "smtp"])
async def test_a_letter_arrives_as_it_was_written(authority: Authority, security: str) -> None:
    async with post(authority, security=security) as (server, connection):
        result = await send(connection, html="<p>已解决 &amp; 关闭。</p>")
        letter = server.letter()
    assert (result.outcome, result.external_id) == ("ok", "<dlv-1@example.com>")
    assert [(item.position, item.outcome) for item in result.items] == [(0, "ok")]
    assert (letter["subject"], letter["to"], letter["from"]) == ("您的工单 4711", LI, f"示例客服 <{USER}>")
    assert (letter["message-id"], letter["auto-submitted"]) == ("<dlv-1@example.com>", "auto-generated")
    assert [part.get_content().strip() for part in letter.iter_parts()] == ["已解决。", "<p>已解决 &amp; 关闭。</p>"]
    assert server.sign_ins == ["PLAIN"]


async def test_a_repetition_bears_the_same_message_id(authority: Authority) -> None:
    async with post(authority) as (server, connection):
        assert [(await send(connection)).external_id for _ in range(2)] == ["<dlv-1@example.com>"] * 2
        assert len(server.letters) == 2


async def test_each_receiver_has_a_verdict_and_sees_no_other(authority: Authority) -> None:
    async with post(authority) as (server, connection):
        server.refusals = {"gone@example.org": "550 5.1.1 no such user", "later@example.org": "451 4.7.1 greylisted"}
        result = await send(connection, to=f"gone@example.org, {LI}, later@example.org, no address, wu@例子.测试")
        letter, (envelope,) = server.letter(), server.letters
    assert result.outcome == "partial"
    assert [item.outcome for item in result.items] == ["permanent", "ok", "transient", "permanent", "ok"]
    assert envelope.rcpt_tos == [LI, "wu@xn--fsqu00a.xn--0zwm56d"]
    assert letter["to"] == "undisclosed-recipients:;"


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        ("550 5.1.1 no such user", VendorRejected),
        ("451 4.7.1 greylisted", VendorUnavailable),
        ("452 4.5.3 too many recipients", VendorUnavailable),
    ],
)
async def test_nobody_left_to_send_to(authority: Authority, refusal: str, error: type[ConnectorError]) -> None:
    async with post(authority) as (server, connection):
        server.refusals = {LI: refusal}
        with pytest.raises(error):
            await send(connection)
        assert server.letters == []


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"at_sender": "553 5.7.1 not yours"}, VendorMisconfigured),
        ({"at_sender": "421 4.7.0 too many connections"}, VendorUnavailable),
        ({"at_data": "554 5.7.1 spam"}, VendorRejected),
        ({"at_data": "452 4.3.1 disk full"}, VendorUnavailable),
    ],
)
async def test_a_refusal_says_what_follows(authority: Authority, said: dict[str, str], error: type[ConnectorError]) -> None:
    async with post(authority) as (server, connection):
        vars(server).update(said)
        with pytest.raises(error):
            await send(connection)


async def test_a_refused_password_waits_for_an_administrator_and_is_tried_once(authority: Authority) -> None:
    async with mail_server(authority.context) as server:
        connection = connect(authority, server.port, password="wrong")
        with pytest.raises(VendorMisconfigured) as caught:
            await send(connection)
        await connection.aclose()
    assert (caught.value.code, server.sign_ins, server.letters) == ("upstream_credentials", ["PLAIN"], [])


@pytest.mark.parametrize(("token", "status"), [(TOKEN, 250), ("ey.old", 535)])
async def test_a_token_signs_in_by_xoauth2(authority: Authority, token: str, status: int) -> None:
    async with mail_server(authority.context, security="smtp") as server:
        egress = Egress.parse(f"127.0.0.1=127.0.0.0/8:{server.port}")
        wire = MailWire(egress, tls=tls_trusting(authority.pem), clock=utc_now)
        asked = Outgoing("NOOP", f"smtp://127.0.0.1:{server.port}/", headers={"authorization": f"XOAUTH2 {USER} {token}"})
        answer = await wire.send(asked, deadline=Deadline.after(30))
        await wire.aclose()
    assert (answer.status, server.sign_ins) == (status, ["XOAUTH2"])


@pytest.mark.parametrize("written", ["Basic", "Basic !", "Basic bm9jb2xvbg==", "Bearer token", "XOAUTH2 token", "XOAUTH2  token"])
def test_what_is_no_sign_in_for_a_mail_server_is_refused(written: str) -> None:
    with pytest.raises(VendorMisconfigured):
        credentials_in({"authorization": written})


async def test_a_server_that_falls_silent_after_the_letter_may_have_it(authority: Authority) -> None:
    async with post(authority) as (server, connection):
        server.at_data = None
        with pytest.raises(OutcomeUnknown):
            await send(connection, within_s=2)
        assert len(server.letters) == 1


async def test_a_server_that_falls_silent_before_has_nothing(authority: Authority) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    connection = connect(authority, silent.sockets[0].getsockname()[1], security="smtp")
    with pytest.raises(VendorTimeout):
        await send(connection, within_s=0.3)
    await connection.aclose()
    silent.close()


async def test_nothing_is_said_when_starttls_is_kept_from_us(authority: Authority) -> None:
    async with mail_server(authority.context, security="smtp", offers_tls=False) as server:
        connection = connect(authority, server.port, security="smtp")
        with pytest.raises(VendorMisconfigured) as caught:
            await send(connection)
        await connection.aclose()
    assert (caught.value.code, server.sign_ins, server.letters) == ("upstream_tls", [], [])


@pytest.mark.parametrize("security", ["smtps", "smtp"])
async def test_a_certificate_nobody_vouches_for_is_refused(authority: Authority, security: str) -> None:
    async with post(authority, security=security, certificate_authority="") as (server, connection):
        with pytest.raises(VendorMisconfigured) as caught:
            await send(connection)
    assert (caught.value.code, server.sign_ins, server.letters) == ("upstream_tls", [], [])


@pytest.mark.parametrize("breaks", ["\r\nBcc: eve@example.org", "\nX: y", "\u2028", "\x85", "\x00"])
@pytest.mark.parametrize("where", ["subject", "sender_name"])
async def test_no_value_adds_a_header(authority: Authority, where: str, breaks: str) -> None:
    given = f"Hello{breaks}"
    async with post(authority, **({where: given} if where == "sender_name" else {})) as (server, connection):
        with pytest.raises(VendorRejected) as caught:
            await send(connection, subject=given if where == "subject" else "Hello")
    assert (caught.value.code, server.letters, server.sign_ins) == ("header_forbidden", [], [])


@pytest.mark.parametrize(
    "to", ["a@example.org\r\nRCPT TO:<eve@example.org>", "<eve@example.org> a@example.org", "a@localhost", "@b.example"]
)
async def test_what_is_no_address_is_never_said_to_the_server(authority: Authority, to: str) -> None:
    async with post(authority) as (server, connection):
        result = await send(connection, to=f"{to},{LI}")
        (envelope,) = server.letters
    assert ([item.outcome for item in result.items], envelope.rcpt_tos) == (["permanent", "ok"], [LI])


async def test_what_a_survey_says_arrives_as_a_letter(authority: Authority) -> None:
    message = load_book(Catalog().find("smtp_email").mapping_file)["message"]
    record = message.write({"to": LI, "text": "请评价本次服务"}, current=None, is_new=True)
    async with post(authority, subject="满意度") as (server, connection):
        await connection.run("message.send", deadline=Deadline.after(30), idempotency_key="survey:1:sms", record=record)
        letter = server.letter()
    assert (letter["subject"], letter.get_content().strip()) == ("满意度", "请评价本次服务")
    assert re.fullmatch(r"<[0-9a-f]{64}@example\.com>", letter["message-id"])  # The key would be no part of an address.


async def test_a_ping_signs_in_and_sends_nothing(authority: Authority) -> None:
    async with post(authority) as (server, connection):
        assert (await connection.run("system.ping", deadline=Deadline.after(30))).outcome == "ok"
        assert (server.sign_ins, server.letters) == (["PLAIN"], [])


@pytest.mark.parametrize("place", [{"host": "127.0.0.1", "port": 465}, {"host": "smtp.example.com", "port": 25}])
async def test_only_an_address_that_may_be_called_is_dialled(place: dict[str, Any]) -> None:
    connector, config, secrets = Catalog().find("smtp_email"), {**OURS, **place}, {"password": "p"}
    with pytest.raises(EgressForbidden):
        open_connection("mail", connector, config=config, secrets=secrets, clock=utc_now, egress=Egress())


async def test_a_certificate_must_be_for_the_server_that_was_asked(tmp_path: Path) -> None:
    other = Authority(certificate(tmp_path, "other.test"), (tmp_path / "cert.pem").read_text())
    async with post(other, security="smtp") as (server, connection):
        with pytest.raises(VendorMisconfigured):
            await send(connection)
    assert server.sign_ins == []


async def test_an_authority_is_a_certificate(authority: Authority) -> None:
    with pytest.raises(VendorMisconfigured):
        connect(Authority(authority.context, "no certificate"), 465)
