"""Each kind of credentials, as it stands on the request, and how it hides."""

import logging
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.connectors.sample import connector
from tests.unit.connectors.wires import NOW, connect, json_answer

from tieline.connectors.connection import assemble
from tieline.connectors.manifest.configuration import settle
from tieline.connectors.recordings.replay import RecordedWire
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.domain.errors import VendorBadAnswer, VendorMisconfigured, VendorThrottled, VendorUnavailable
from tieline.kit.deadline import Deadline

PING = {"system.ping": {"request": {"path": "/ping"}}}
OAUTH = {
    "kind": "oauth2_client_credentials",
    "token_url": "${config.base_url}/token",
    "client_id": "tie:line",
    "client_secret": "$config.token",
    "scope": "read write",
}
KINDS = {
    "none": ({"kind": "none"}, "https://x.example/ping", {}),
    "bearer": ({"kind": "bearer", "token": "$config.token"}, "https://x.example/ping", {"authorization": "Bearer s3cr3t-token"}),
    "another scheme": (
        {"kind": "bearer", "token": "$config.token", "scheme": "Zoho-oauthtoken"},
        "https://x.example/ping",
        {"authorization": "Zoho-oauthtoken s3cr3t-token"},
    ),
    "basic": (
        {"kind": "basic", "username": "tieline", "password": "$config.token"},
        "https://x.example/ping",
        {"authorization": "Basic dGllbGluZTpzM2NyM3QtdG9rZW4="},
    ),
    "a header": (
        {"kind": "api_key", "header": "X-Api-Key", "value": "$config.token"},
        "https://x.example/ping",
        {"x-api-key": "s3cr3t-token"},
    ),
    "the query": ({"kind": "api_key", "query": "key", "value": "$config.token"}, "https://x.example/ping?key=s3cr3t-token", {}),
}


async def ping(folder: Path, auth: object, *answers: Incoming) -> list[Outgoing]:
    script = iter(answers or [json_answer({})])
    connection, wire = connect(folder, lambda _: next(script), operations=PING, auth=auth)
    await connection.run("system.ping", deadline=Deadline.after(5))
    return wire.sent


@pytest.mark.parametrize("name", KINDS)
async def test_credentials_stand_where_the_vendor_wants_them(tmp_path: Path, name: str) -> None:
    auth, url, headers = KINDS[name]
    (outgoing,) = await ping(tmp_path, auth)
    assert outgoing.url == url
    assert {header: value for header, value in outgoing.headers.items() if header != "accept"} == headers


async def test_a_token_is_fetched_with_the_credentials_in_the_body(tmp_path: Path) -> None:
    token, call = await ping(tmp_path, OAUTH, json_answer({"access_token": "t-1", "expires_in": 60}), json_answer({}))
    assert (token.method, token.url) == ("POST", "https://x.example/token")
    expected = b"grant_type=client_credentials&scope=read+write&client_id=tie%3Aline&client_secret=s3cr3t-token"
    assert token.body == expected
    assert call.headers["authorization"] == "Bearer t-1"


async def test_a_token_is_fetched_with_the_credentials_in_the_header(tmp_path: Path) -> None:
    auth = {**OAUTH, "client_auth": "basic", "extra": {"audience": "${config.base_url}/api"}}
    token, _ = await ping(tmp_path, auth, json_answer({"access_token": "t-1"}), json_answer({}))
    assert token.body == b"grant_type=client_credentials&scope=read+write&audience=https%3A%2F%2Fx.example%2Fapi"
    assert token.headers["authorization"] == "Basic dGllJTNBbGluZTpzM2NyM3QtdG9rZW4="


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (json_answer({"error": "invalid_client"}, 401), VendorMisconfigured),
        (json_answer({"error": "invalid_scope"}, 400), VendorMisconfigured),
        (json_answer({}, 404), VendorMisconfigured),
        (json_answer({}, 503), VendorUnavailable),
        (json_answer({}, 429, {"retry-after": "9"}), VendorThrottled),
        (json_answer({"token": "x"}), VendorBadAnswer),
        (json_answer({"access_token": 7}), VendorBadAnswer),
        (json_answer(["x"]), VendorBadAnswer),
        (Incoming(200, {"content-type": "text/html"}, b"<html>"), VendorBadAnswer),
    ],
)
async def test_a_token_endpoint_that_refuses(tmp_path: Path, answer: Incoming, error: type[Exception]) -> None:
    with pytest.raises(error):
        await ping(tmp_path, OAUTH, answer)


@pytest.mark.parametrize("lifetime", ["soon", -5, 0, None, 1e300, "nan"])
async def test_a_nonsensical_lifetime_is_replaced(tmp_path: Path, lifetime: object) -> None:
    await ping(tmp_path, OAUTH, json_answer({"access_token": "t-1", "expires_in": lifetime}), json_answer({}))


@pytest.mark.parametrize(
    "auth",
    [
        {"kind": "bearer", "token": "$config.token"},
        {"kind": "basic", "username": "$config.token", "password": "x"},
        {"kind": "api_key", "header": "X-Key", "value": "$config.token"},
        {**OAUTH, "client_id": "$config.token"},
    ],
)
def test_an_empty_credential_is_told_when_the_connection_opens(tmp_path: Path, auth: object) -> None:
    fields = {"base_url": {"title": "t", "type": "url"}, "token": {"title": "t", "required": False, "secret": True}}
    made_up = connector(tmp_path, operations=PING, auth=auth, config=fields)
    settled = settle(made_up.manifest, {"base_url": "https://x.example"}, {})
    with pytest.raises(VendorMisconfigured) as caught:
        assemble("crm", made_up, settled, wire=RecordedWire(()), clock=lambda: NOW)
    assert caught.value.code == "secret_missing"


@pytest.mark.parametrize("name", KINDS)
async def test_no_trace_repr_or_log_shows_a_credential(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = json_answer({"echo": "s3cr3t-token"}, 500, {"x-echo": "s3cr3t-token", "set-cookie": "session=other-secret"})
    connection, _ = connect(tmp_path, lambda _: echo, operations=PING, auth=KINDS[name][0])
    with capture_logs() as logs:
        stages = await connection.explain("system.ping", deadline=Deadline.after(5))
    shown = f"{stages} {connection!r} {logs} {caplog.text}"
    assert [stage.name for stage in stages] == ["request", "response", "outcome", "error"]
    assert not any(secret in shown for secret in ("s3cr3t", "dGllbGluZTpz", "other-secret"))


async def test_a_fetched_token_is_hidden_too(tmp_path: Path) -> None:
    script = iter([json_answer({"access_token": "t0k3n-1"}), json_answer({"echo": "t0k3n-1"})])
    connection, _ = connect(tmp_path, lambda _: next(script), operations=PING, auth=OAUTH)
    stages = await connection.explain("system.ping", deadline=Deadline.after(5))
    assert "t0k3n" not in str(stages)
