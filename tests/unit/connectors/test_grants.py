"""The grants of OAuth 2.0 that renew or state who we are, over a wire that answers from a script."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from tests.connectors.sample import connector
from tests.unit.connectors.wires import NOW, FakeWire, json_answer

from tieline.connectors.auth.vault import Keeping, MemoryVault
from tieline.connectors.connection import VendorConnection, assemble
from tieline.connectors.manifest.configuration import settle
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.domain.errors import VendorMisconfigured, VendorThrottled, VendorUnavailable
from tieline.kit.deadline import Deadline

Tree = dict[str, Any]
SECRET = "s3cr3t-token"
PING = {"system.ping": {"request": {"path": "/ping"}}}
REFRESH = {
    "kind": "oauth2_refresh_token",
    "token_url": "${config.base_url}/token",
    "client_id": "client-1",
    "client_secret": "$config.token",
    "refresh_token": "$config.refresh",
}
ZOHO = {
    **REFRESH,
    "inject": {"header": "Authorization", "value": "Zoho-oauthtoken ${token}"},
    "outcomes": [{"when": {"body.error": "Access Denied"}, "is": "throttled"}],
}
FIELDS = {
    "base_url": {"title": "t", "type": "url"},
    "token": {"title": "t", "secret": True},
    "refresh": {"title": "t", "secret": True, "required": False},
}


class Office:
    """A token endpoint that rotates refresh tokens and revokes the family when an old one comes again."""

    def __init__(self, folder: Path, **parts: object) -> None:
        self.folder = folder
        self.parts: Tree = {"operations": PING, "config": FIELDS, **parts}
        self.now: datetime = NOW
        self.vault = MemoryVault()
        self.wire = FakeWire(self._answer)
        self.valid = "refresh-0"
        self.answer: Callable[[dict[str, str]], Incoming] = self._rotate
        self.forms: list[dict[str, str]] = []

    def _answer(self, outgoing: Outgoing) -> Incoming:
        if not outgoing.url.endswith("/token"):
            return json_answer({})
        self.forms.append({name: values[0] for name, values in parse_qs((outgoing.body or b"").decode()).items()})
        return self.answer(self.forms[-1])

    def _rotate(self, form: dict[str, str]) -> Incoming:
        if form["refresh_token"] != self.valid:
            self.valid = "revoked"
            return json_answer({"error": "invalid_grant"}, 400)
        number = len(self.forms)
        self.valid = f"refresh-{number}"
        return json_answer({"access_token": f"access-{number}", "refresh_token": self.valid, "expires_in": 3600})

    def connect(self, *, refresh: str = "refresh-0", secret: str = SECRET) -> VendorConnection:
        made_up = connector(self.folder, **self.parts)
        settled = settle(made_up.manifest, {"base_url": "https://x.example"}, {"token": secret, "refresh": refresh})
        return assemble("crm", made_up, settled, wire=self.wire, clock=lambda: self.now, keeping=Keeping(self.vault))


async def ping(connection: VendorConnection) -> None:
    await connection.run("system.ping", deadline=Deadline.after(5))


async def test_each_renewal_uses_the_newest_refresh_token_across_restarts(tmp_path: Path) -> None:
    office = Office(tmp_path, auth=REFRESH)
    for _ in range(5):
        connection = office.connect()
        await ping(connection)
        office.now += timedelta(hours=1)
        await ping(connection)
        office.now += timedelta(hours=1)
    assert [form["refresh_token"] for form in office.forms] == [f"refresh-{number}" for number in range(10)]
    assert office.forms[0] == {
        "grant_type": "refresh_token",
        "refresh_token": "refresh-0",
        "client_id": "client-1",
        "client_secret": "s3cr3t-token",
    }
    assert office.wire.sent[-1].headers["authorization"] == "Bearer access-10"


async def test_a_new_client_secret_keeps_the_refresh_token_and_a_new_refresh_token_replaces_it(tmp_path: Path) -> None:
    office = Office(tmp_path, auth=REFRESH)
    await ping(office.connect())
    office.now += timedelta(hours=1)
    await ping(office.connect(secret="new-secret"))
    assert office.forms[-1]["refresh_token"] == "refresh-1"
    office.valid = "by-hand"
    await ping(office.connect(refresh="by-hand"))
    assert [form["refresh_token"] for form in office.forms] == ["refresh-0", "refresh-1", "by-hand"]


async def test_a_vendor_that_does_not_rotate(tmp_path: Path) -> None:
    office = Office(tmp_path, auth=ZOHO)
    office.answer = lambda _form: json_answer({"access_token": "a-1", "expires_in": 3600})
    await ping(office.connect())
    office.now += timedelta(hours=1)
    await ping(office.connect())
    assert [form["refresh_token"] for form in office.forms] == ["refresh-0", "refresh-0"]
    assert office.wire.sent[-1].headers["authorization"] == "Zoho-oauthtoken a-1"


@pytest.mark.parametrize(("error", "status"), [("invalid_grant", 400), ("invalid_code", 200)])
async def test_a_grant_that_is_gone_waits_for_a_person_and_is_not_hammered(tmp_path: Path, error: str, status: int) -> None:
    office = Office(tmp_path, auth=REFRESH)
    office.answer = lambda _form: json_answer({"error": error}, status)
    for _ in range(5):
        with pytest.raises(VendorMisconfigured) as caught:
            await ping(office.connect())
        assert caught.value.code == "upstream_reauthorise"
        office.now += timedelta(seconds=10)
    assert len(office.forms) == 1
    office.now += timedelta(seconds=10)
    connection = office.connect()
    assert connection.health().refusal == ""
    with pytest.raises(VendorMisconfigured):
        await ping(connection)
    assert len(office.forms) == 2
    assert connection.health().refusal == "upstream_reauthorise"
    office.answer = office._rotate
    office.now += timedelta(seconds=60)
    await ping(connection)
    assert connection.health().refusal == ""


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (json_answer({"error": "invalid_client"}, 200), VendorMisconfigured, "upstream_credentials"),
        (json_answer({"error": "invalid_client"}, 401), VendorMisconfigured, "upstream_credentials"),
        (json_answer({"error": "Access Denied"}, 400), VendorThrottled, "upstream_throttled"),
        (json_answer({"error": "temporarily_unavailable"}, 400), VendorUnavailable, "upstream_unavailable"),
        (json_answer({}, 502), VendorUnavailable, "upstream_unavailable"),
    ],
)
async def test_other_refusals(tmp_path: Path, answer: Incoming, error: type[Exception], code: str) -> None:
    office = Office(tmp_path, auth=ZOHO)
    office.answer = lambda _form: answer
    with pytest.raises(error) as caught:
        await ping(office.connect())
    assert getattr(caught.value, "code", "") == code


RSA_KEY = RSAKey.generate_key(2048)
EC_KEY = ECKey.generate_key("P-256")
JWT = {
    "kind": "oauth2_jwt_bearer",
    "token_url": "${config.base_url}/token",
    "issuer": "consumer-1",
    "subject": "agent@example.test",
    "audience": "https://login.example",
    "private_key": "$config.token",
}


@pytest.mark.parametrize(("key", "algorithm"), [(RSA_KEY, "RS256"), (RSA_KEY, "PS256"), (EC_KEY, "ES256")])
async def test_a_statement_stands_for_a_password(tmp_path: Path, key: RSAKey | ECKey, algorithm: str) -> None:
    office = Office(tmp_path, auth={**JWT, "algorithm": algorithm, "key_id": "k-1", "claims": {"scope": "api"}})
    office.answer = lambda _form: json_answer({"access_token": "a-1"})
    await ping(office.connect(secret=key.as_pem(private=True).decode()))
    (form,) = office.forms
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    statement = jwt.decode(form["assertion"], key, algorithms=[algorithm])
    assert statement.header == {"alg": algorithm, "typ": "JWT", "kid": "k-1"}
    now_s = int(NOW.timestamp())
    assert statement.claims == {
        "iss": "consumer-1",
        "sub": "agent@example.test",
        "aud": "https://login.example",
        "iat": now_s,
        "exp": now_s + 180,
        "scope": "api",
    }


@pytest.mark.parametrize("lost", [" ", "\\n", ""])
async def test_a_key_whose_line_breaks_a_form_has_swallowed(tmp_path: Path, lost: str) -> None:
    office = Office(tmp_path, auth=JWT)
    office.answer = lambda _form: json_answer({"access_token": "a-1"})
    await ping(office.connect(secret=RSA_KEY.as_pem(private=True).decode().replace("\n", lost)))
    assert jwt.decode(office.forms[0]["assertion"], RSA_KEY).claims["iss"] == "consumer-1"


@pytest.mark.parametrize("pem", ["no key", RSA_KEY.as_pem(private=False).decode(), EC_KEY.as_pem(private=True).decode()])
def test_a_private_key_that_is_none_is_told_when_the_connection_opens(tmp_path: Path, pem: str) -> None:
    with pytest.raises(VendorMisconfigured) as caught:
        Office(tmp_path, auth=JWT).connect(secret=pem)
    assert caught.value.code == "secret_invalid"
    assert not any(line in str(caught.value) for line in pem.splitlines() if len(line) > 10)


@pytest.mark.parametrize("auth", [REFRESH, ZOHO], ids=["refresh", "zoho"])
async def test_no_trace_shows_a_token(tmp_path: Path, auth: Tree) -> None:
    office = Office(tmp_path, auth=auth)
    connection = office.connect()
    stages = await connection.explain("system.ping", deadline=Deadline.after(5))
    shown = f"{stages} {connection!r}"
    assert not any(secret in shown for secret in ("access-1", "refresh-0", "refresh-1", "s3cr3t"))
