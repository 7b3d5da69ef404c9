"""Certificates of machines: believed from named proxies alone, one each, bound to a key or standing for one, and replaced."""

import base64
import urllib.parse
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.api.conftest import copied
from tests.api.front_door import ROOT, FrontDoor, open_door, rows
from tests.front.authority import Authority, Issued
from tests.waiting import held_up

from tieline.api.client_certificates import ClientCertificates
from tieline.domain.errors import StateConflict
from tieline.doors import app_of
from tieline.observability.metrics import REGISTRY
from tieline.security.client_certificates import CertificateUnreadable, is_identity, read_certificate
from tieline.security.networks import networks
from tieline.services import api_keys
from tieline.services.api_keys import TRUSTED_FOR_S, KeyWish
from tieline.settings import Settings
from tieline.store import api_keys as key_rows

PROXY = "10.9.0.1"
AUTHORITY = Authority("Acme machines")
SPIFFE = "spiffe://acme.cn/pbx/shanghai"
PBX = AUTHORITY.issue("pbx", uris=(SPIFFE,))
OTHER = AUTHORITY.issue("other")


def rfc9440(one: Issued) -> str:
    return f":{base64.b64encode(one.der).decode()}:"


def nginx(one: Issued) -> str:
    return urllib.parse.quote(one.pem.decode(), safe="")


@pytest.fixture(scope="module")
async def door(
    postgres_url: str, template_database: str, pbx_token: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[FrontDoor]:
    del pbx_token
    with copied(postgres_url, template_database) as url:
        async with open_door(url, tmp_path_factory.mktemp("mtls"), client_cert_proxies=f"{PROXY}/32") as opened:
            yield opened


@pytest.fixture(autouse=True)
async def no_machines(door: FrontDoor) -> None:
    await rows(door, "DELETE FROM api_keys WHERE certificates <> '{}' RETURNING id")
    door.app.state.access._keys.forget()


async def make(door: FrontDoor, **wish: Any) -> httpx.Response:  # noqa: ANN401 - JSON
    wished = {"name": "machine", "scopes": ["agents.read"], **wish}
    return await door.ask("POST", "/v1/api-keys", json=wished, headers=await door.session("admin"))


async def asked(door: FrontDoor, *certificates: str, key: str | None = None, peer: str = PROXY) -> tuple[int, str | None]:
    headers = [("Client-Cert", each) for each in certificates]
    headers += [("Authorization", f"Bearer {key}")] if key else []
    async with door.client(address=peer) as client:
        answer = await client.get("/v1/agents", headers=headers)
    return answer.status_code, answer.json().get("code")


NOBODY = (401, "auth_failed")
WELCOME = (200, None)


@pytest.mark.parametrize(
    "identity", [PBX.fingerprint, SPIFFE, "subject:CN=pbx,O=Acme"], ids=["its fingerprint", "its SPIFFE ID", "its subject"]
)
@pytest.mark.parametrize("spelling", [rfc9440, nginx], ids=["RFC 9440", "nginx"])
async def test_a_certificate_alone_opens_what_its_scopes_say(door: FrontDoor, identity: str, spelling: Any) -> None:  # noqa: ANN401
    assert await asked(door, spelling(PBX)) == NOBODY, "verified, and known to nobody here"
    made = await make(door, certificates=[identity], certificate_alone=True)
    assert (made.status_code, made.json()["key"]) == (201, None)
    assert await asked(door, spelling(PBX)) == WELCOME
    assert await asked(door, spelling(OTHER)) == NOBODY
    async with door.client(address=PROXY) as client:
        refused = await client.get("/v1/api-keys", headers={"Client-Cert": spelling(PBX)})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    query = "SELECT actor, details->>'alone' FROM audit_entries WHERE action = 'key.created' ORDER BY seq DESC LIMIT 1"
    told = await rows(door, query)
    assert told == [("agent:admin", "true")]


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.9.0.2", "::1"])
async def test_from_anybody_else_the_header_is_struck_out(door: FrontDoor, peer: str) -> None:
    await make(door, certificates=[SPIFFE], certificate_alone=True)
    counted = REGISTRY.get_sample_value("tieline_security_events_total", {"event": "client_cert_from_elsewhere"}) or 0
    assert await asked(door, rfc9440(PBX), peer=peer) == NOBODY
    assert await asked(door, "nonsense", peer=peer) == NOBODY, "not even read"
    after = REGISTRY.get_sample_value("tieline_security_events_total", {"event": "client_cert_from_elsewhere"})
    assert after == counted + 2


async def test_nobodys_word_is_believed_unless_proxies_are_named(door: FrontDoor) -> None:
    await make(door, certificates=[SPIFFE], certificate_alone=True)
    assert Settings.model_fields["client_cert_proxies"].default == ""
    settings = door.settings.model_copy(update={"client_cert_proxies": "", "front_proxies": f"{PROXY}/32"})
    trusting_addresses_alone = FrontDoor(app_of(door.house, settings), door.house, settings)
    assert await asked(trusting_addresses_alone, rfc9440(PBX)) == NOBODY


async def test_several_certificates_are_none(door: FrontDoor) -> None:
    await make(door, certificates=[SPIFFE], certificate_alone=True)
    assert await asked(door, rfc9440(PBX), rfc9440(PBX)) == (400, "client_cert_ambiguous")
    assert await asked(door, f"{rfc9440(PBX)}, {rfc9440(OTHER)}") == (400, "client_cert_malformed")
    assert await asked(door, nginx(PBX) + nginx(OTHER)) == (400, "client_cert_malformed")


@pytest.mark.parametrize(
    "header",
    ["x", "::", ":####:", ":AAAA:", rfc9440(PBX)[:-1], rfc9440(PBX)[1:], PBX.fingerprint, "-----BEGIN%20CERTIFICATE-----", "%ff",
     f":{'A' * 9000}:"],
    ids=range(10),
)  # fmt: skip
async def test_what_is_no_certificate_is_refused(door: FrontDoor, header: str) -> None:
    assert await asked(door, header) == (400, "client_cert_malformed")
    with pytest.raises(CertificateUnreadable):
        read_certificate(header)


async def test_a_key_bound_to_a_certificate_opens_with_it_alone(door: FrontDoor) -> None:
    made = (await make(door, certificates=[PBX.fingerprint])).json()
    assert await asked(door, rfc9440(PBX), key=made["key"]) == WELCOME
    assert await asked(door, key=made["key"]) == NOBODY, "stolen without the certificate"
    assert await asked(door, rfc9440(OTHER), key=made["key"]) == NOBODY
    assert await asked(door, rfc9440(PBX), key=made["key"], peer="127.0.0.1") == NOBODY
    assert await asked(door, rfc9440(PBX)) == NOBODY, "the certificate without the key"


async def test_networks_bind_a_certificate_as_they_bind_a_key(door: FrontDoor) -> None:
    await make(door, certificates=[SPIFFE], certificate_alone=True, networks=["192.0.2.0/24"])
    assert await asked(door, rfc9440(PBX)) == NOBODY


async def test_an_expired_certificate_is_refused_whatever_the_proxy_says(door: FrontDoor) -> None:
    over = AUTHORITY.issue("over", uris=(SPIFFE,), ends_in=-timedelta(seconds=1))
    await make(door, certificates=[SPIFFE], certificate_alone=True)
    assert await asked(door, rfc9440(over)) == NOBODY
    assert await asked(door, rfc9440(PBX)) == WELCOME


async def test_two_spiffe_ids_are_none(door: FrontDoor) -> None:
    await make(door, certificates=[SPIFFE], certificate_alone=True)
    two = AUTHORITY.issue("two", uris=(SPIFFE, "spiffe://acme.cn/another"))
    assert await asked(door, rfc9440(two)) == NOBODY


async def test_it_is_ended_at_once_and_replaced_with_overlap(door: FrontDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = AUTHORITY.issue("pbx")
    first = (await make(door, certificates=[PBX.fingerprint], certificate_alone=True)).json()
    admin = await door.session("admin")
    wish = {"overlap_h": 1, "certificates": [renewed.fingerprint]}
    second = await door.ask("POST", f"/v1/api-keys/{first['id']}/rotate", json=wish, headers=admin)
    assert (second.status_code, second.json()["key"], second.json()["certificates"]) == (201, None, [renewed.fingerprint])
    door.app.state.access._keys.forget()
    assert [await asked(door, rfc9440(one)) for one in (PBX, renewed)] == [WELCOME, WELCOME]
    await rows(door, "UPDATE api_keys SET expires_at = now() WHERE id = %s RETURNING id", first["id"])
    monkeypatch.setattr("tieline.services.api_keys.monotonic_s", lambda: 1e12 + TRUSTED_FOR_S)
    assert [await asked(door, rfc9440(one)) for one in (PBX, renewed)] == [NOBODY, WELCOME]
    await door.ask("DELETE", f"/v1/api-keys/{second.json()['id']}", headers=admin)
    door.app.state.access._keys.forget()
    assert await asked(door, rfc9440(renewed)) == NOBODY


async def test_a_certificate_stands_for_one_machine(door: FrontDoor) -> None:
    first = (await make(door, certificates=[SPIFFE], certificate_alone=True)).json()
    again = await make(door, certificates=[OTHER.fingerprint, SPIFFE], certificate_alone=True)
    assert (again.status_code, again.json()["code"]) == (409, "certificate_taken")
    other = (await make(door, certificates=[OTHER.fingerprint], certificate_alone=True)).json()
    admin, wish = await door.session("admin"), {"overlap_h": 1, "certificates": [SPIFFE]}
    taken = await door.ask("POST", f"/v1/api-keys/{other['id']}/rotate", json=wish, headers=admin)
    assert (taken.status_code, taken.json()["code"]) == (409, "certificate_taken")
    own = await door.ask("POST", f"/v1/api-keys/{first['id']}/rotate", json={"overlap_h": 1}, headers=admin)
    assert own.status_code == 201


@pytest.mark.parametrize(
    "wish",
    [
        {"certificate_alone": True},
        {"certificates": ["sha256:0011"]},
        {"certificates": [PBX.fingerprint.upper()]},
        {"certificates": ["spiffe://acme.cn"]},
        {"certificates": ["spiffe://acme.cn/../root"] , "certificate_alone": True},
        {"certificates": ["CN=pbx,O=Acme"]},
    ],
)  # fmt: skip
async def test_what_no_certificate_is_known_by_is_refused(door: FrontDoor, wish: dict[str, Any]) -> None:
    refused = await make(door, **wish)
    assert (refused.status_code, refused.json()["code"]) == (422, "certificate_invalid")
    assert not any(map(is_identity, wish.get("certificates", [])))


async def test_the_header_goes_no_further() -> None:
    """Not into the inbox either, where what webhooks come with is kept."""
    seen: list[bytes] = []

    async def inner(scope: Any, _receive: Any, _send: Any) -> None:  # noqa: ANN401 - ASGI
        seen.extend(name for name, _ in scope["headers"])

    stripped = ClientCertificates(inner, proxies=networks([PROXY]))
    for peer in (PROXY, "192.0.2.1"):
        headers = [(b"client-cert", rfc9440(PBX).encode()), (b"accept", b"*/*")]
        await stripped({"type": "http", "headers": headers, "client": (peer, 1)}, None, None)  # type: ignore[arg-type] # nobody answers
    assert seen == [b"accept", b"accept"]


async def test_two_keys_made_at_once_do_not_share_a_certificate(door: FrontDoor) -> None:
    now, database = door.house.clock(), door.house.database
    wish = KeyWish("first", ("agents.read",), certificates=(SPIFFE,), certificate_alone=True)
    async with database.begin() as tx:
        await api_keys._refuse_taken(tx, wish, None, now=now)
        await key_rows.add(tx, api_keys._minted(wish, now)[1])
        async with held_up(database, api_keys.create(database, wish, asker=ROOT, now=now)) as second:
            await tx.commit()
            with pytest.raises(StateConflict):
                await second
