"""Every signature we put on what we send, as a manifest writes it, byte for byte as the vendor notes have it."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.connectors.sample import connector
from tests.unit.connectors.wires import NOW, FakeWire, connect, json_answer

from tieline.connectors.auth.entry import Chain, Step
from tieline.connectors.auth.nonces import NONCES, draw_nonce
from tieline.connectors.auth.places import put
from tieline.connectors.auth.preset import preset
from tieline.connectors.auth.signer import Signer
from tieline.connectors.connection import VendorConnection, assemble
from tieline.connectors.manifest.configuration import settle
from tieline.connectors.manifest.signing import SignAuth
from tieline.connectors.signing.recipes import Kitchen
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.domain.errors import VendorMisconfigured
from tieline.kit.deadline import Deadline
from tieline.kit.yaml_lines import load_with_lines

Tree = dict[str, Any]
VECTORS: Any = load_with_lines(Path(__file__).parent / "vectors_outbound.yaml").tree
BY_ID = {vector["id"]: vector for vector in VECTORS}


def signed(vector: Tree) -> tuple[Outgoing, Tree]:
    """The request of a vector after signing, and every value that was worked out."""
    config, auth = vector["config"], dict(vector["auth"])
    if auth["kind"] != "sign":
        kind = auth.pop("kind")
        config = {name: config.get(str(text).removeprefix("$config."), text) for name, text in auth.items()}
        declared = preset(kind)
    else:
        declared = SignAuth.model_validate(auth)
    request = vector["request"]
    body = request["body"].encode() if "body" in request else None
    outgoing = Outgoing(request["method"], request["url"], dict(request.get("headers", {})), body)
    signer = Signer(declared, Kitchen(config), draw_nonce=lambda _: vector["nonce"])
    steps = signer.sign(outgoing, datetime.fromisoformat(vector["at"]))
    return outgoing, {step.name: step.text for step in steps}


@pytest.mark.parametrize("vector", VECTORS, ids=list(BY_ID))
def test_vectors_of_requests_that_go_out(vector: Tree) -> None:
    outgoing, values = signed(vector)
    expected = dict(vector["expected"])
    assert outgoing.url == expected.pop("url", outgoing.url)
    headers = expected.pop("headers", {})
    assert {name: outgoing.headers.get(name) for name in headers} == headers
    digest = expected.pop("sha256(canonical)", None)
    if digest:
        assert hashlib.sha256(values["canonical"].encode()).hexdigest() == digest
    assert {name: values[name] for name in expected} == expected


def test_a_security_token_is_sent_and_signed_by_each_preset() -> None:
    for kind, header in (("acs3", "x-acs-security-token"), ("sigv4", "x-amz-security-token")):
        vector = next(vector for vector in VECTORS if vector["auth"]["kind"] == kind)
        auth = {**vector["auth"], "security_token": "sts-1"}
        outgoing, values = signed({**vector, "auth": auth})
        assert outgoing.headers[header] == "sts-1"
        assert f"{header}:sts-1" in values["canonical"]
        assert values["signature"] != vector["expected"]["signature"]
    assert outgoing.headers.get("x-acs-accesskey-id") is None
    acs3 = signed({**VECTORS[0], "auth": {**VECTORS[0]["auth"], "security_token": "sts-1"}})[0]
    assert acs3.headers["x-acs-accesskey-id"] == "YourAccessKeyId"


@pytest.mark.parametrize(("escaped", "canonical"), [("/a%20b/c", "/a%2520b/c"), ("/contact/stop", "/contact/stop")])
def test_sigv4_escapes_the_path_once_more(escaped: str, canonical: str) -> None:
    vector = BY_ID["amazon_connect / Auth / SigV4"]
    request = {**vector["request"], "url": f"https://connect.us-east-1.amazonaws.com{escaped}"}
    assert signed({**vector, "request": request})[1]["canonical"].split("\n")[1] == canonical


def test_what_is_signed_is_the_body_as_it_is_sent() -> None:
    """A field put into the body before signing is part of what is signed."""
    declared = {
        "kind": "sign",
        "before": {"body": "appKey", "value": "k"},
        "values": {"sign": {"hash": "md5", "of": "$request.body"}},
        "inject": {"body": "sign", "value": "$sign"},
    }
    outgoing = Outgoing("POST", "https://x.example/", {"content-type": "application/json"}, b'{"a":1}')
    signer = Signer(SignAuth.model_validate(declared), Kitchen({}), draw_nonce=draw_nonce)
    signer.sign(outgoing, datetime.fromisoformat("2026-01-01T00:00:00Z"))
    digest = hashlib.md5(b'{"a":1,"appKey":"k"}', usedforsecurity=False).hexdigest()
    assert outgoing.body == f'{{"a":1,"appKey":"k","sign":"{digest}"}}'.encode()


@pytest.mark.parametrize(
    ("content_type", "before", "after"),
    [
        ("application/json", b"{}", b'{"t":"a\\"&"}'),
        ("application/json; charset=utf-8", b'{"a":{"b":1}}', b'{"a":{"b":1},"t":"a\\"&"}'),
        ("application/x-www-form-urlencoded", b"a=1", b"a=1&t=a%22%26"),
        ("application/x-www-form-urlencoded", b"", b"t=a%22%26"),
    ],
)
def test_a_credential_in_the_body(content_type: str, before: bytes, after: bytes) -> None:
    outgoing = Outgoing("POST", "https://x.example/", {"content-type": content_type}, before)
    put(outgoing, "body", "t", 'a"&')
    assert outgoing.body == after


def test_a_body_that_takes_no_field_is_refused() -> None:
    with pytest.raises(VendorMisconfigured):
        put(Outgoing("POST", "https://x.example/", {"content-type": "application/json"}, b"[1]"), "body", "t", "x")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x.example/a", "https://x.example/a?t=a%26"),
        ("https://x.example/a?b=%2f&c", "https://x.example/a?b=%2f&c&t=a%26"),
        ("https://x.example/a?t=old&b=1", "https://x.example/a?b=1&t=a%26"),
    ],
)
def test_a_credential_in_the_query_replaces_its_like_and_touches_nothing_else(url: str, expected: str) -> None:
    outgoing = Outgoing("GET", url)
    put(outgoing, "query", "t", "a&")
    assert outgoing.url == expected


def test_cookies_stand_side_by_side() -> None:
    outgoing = Outgoing("GET", "https://x.example/")
    for name, value in (("a", "1"), ("b", "2"), ("a", "3")):
        put(outgoing, "cookie", name, value)
    assert outgoing.headers == {"cookie": "b=2; a=3"}


@pytest.mark.parametrize(("place", "value"), [("header", "a\r\nx: y"), ("header", "中"), ("cookie", "a; b"), ("cookie", "a\r\n")])
def test_a_value_cannot_break_out_of_its_place(place: str, value: str) -> None:
    with pytest.raises(VendorMisconfigured) as caught:
        put(Outgoing("GET", "https://x.example/"), place, "name", value)
    assert caught.value.code == "header_forbidden"


def test_nonces_are_never_the_same_twice() -> None:
    assert all(len({draw_nonce(kind) for _ in range(50)}) > 45 for kind in NONCES)


SIGNED = {
    "kind": "sign",
    "times": {"timestamp": "epoch_s"},
    "nonce": "hex_32",
    "values": {
        "to_sign": {"of": ["$config.token", "$timestamp", "$nonce"], "join": "&"},
        "name": {"hmac": "sha256", "key": "$config.token", "of": "$timestamp", "as": "raw"},
        "sign": {"hmac": "sha256", "key": "$name", "of": "$to_sign"},
    },
    "inject": [{"query": "sign", "value": "$sign"}, {"header": "X-Sign", "value": {"of": "$sign", "as": "base64"}}],
}


async def test_each_attempt_is_signed_afresh_and_shows_its_steps_without_secrets(tmp_path: Path) -> None:
    def answer(outgoing: Outgoing) -> Incoming:
        return json_answer({"echo": outgoing.url, "header": outgoing.headers["x-sign"]}, 200, {"x-echo": outgoing.url})

    operations = {"system.ping": {"request": {"path": "/ping"}}}
    connection, wire = connect(tmp_path, answer, operations=operations, auth=SIGNED)
    stages = [stage for _ in range(2) for stage in await connection.explain("system.ping", deadline=Deadline.after(5))]
    signatures = {outgoing.url.partition("sign=")[2] for outgoing in wire.sent}
    assert len(signatures) == 2
    shown = str(stages)
    assert not any(signature in shown for signature in signatures)
    assert not any(outgoing.headers["x-sign"] in shown for outgoing in wire.sent)
    assert "s3cr3t-token" not in shown
    facts = stages[0].facts
    assert list(facts) == ["timestamp", "nonce", "to_sign", "name", "sign", "query sign", "header X-Sign"]
    assert facts["to_sign"] == f"•••&{facts['timestamp']}&{facts['nonce']}"
    assert (facts["name"], facts["sign"], facts["header X-Sign"]) == ("•••", "•••", "•••")


SECRET_FIELDS = {"secret_key", "sk", "secret", "token", "app_secret"}


@pytest.mark.parametrize("vector", VECTORS, ids=list(BY_ID))
async def test_every_vector_loads_as_a_manifest_and_shows_no_secret_when_tried(
    tmp_path: Path, vector: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: connector.yaml, `connector try`, what it prints, what it logs."""
    steps: list[Step] = []
    sign = Chain.sign

    def signing(chain: Chain, outgoing: Outgoing) -> list[Step]:
        steps.extend(sign(chain, outgoing))
        return steps

    monkeypatch.setattr(Chain, "sign", signing)
    connection, wire = opened(tmp_path, vector)
    with capture_logs() as logs:
        stages = await connection.explain("system.ping", deadline=Deadline.after(5))
    assert [stage.name for stage in stages] == ["signing", "request", "response", "outcome", "records", "result"]
    shown = f"{stages} {connection!r} {logs} {wire.sent!r} {steps!r}"
    hidden = {step.text for step in steps if step.hidden}
    assert "cAnArY" not in shown
    assert hidden
    assert not [text for text in hidden if text in shown]


def opened(folder: Path, vector: Tree) -> tuple[VendorConnection, FakeWire]:
    """A connection as a manifest of this vector makes it, to a vendor that echoes whatever it is sent."""
    writes = {"method": "POST", "json": {"a": 1}} if vector["request"]["method"] == "POST" else {}
    config = vector["config"]
    made_up = connector(
        folder,
        config={name: {"title": name, "secret": name in SECRET_FIELDS} for name in config},
        hosts={"main": "https://x.example"},
        auth=vector["auth"],
        operations={"system.ping": {"request": {"path": "/ping", **writes}}},
    )
    secrets = {name: f"cAnArY-{name}-7f3a" for name in config if name in SECRET_FIELDS}
    plain = {name: value for name, value in config.items() if name not in SECRET_FIELDS}

    def echo(sent: Outgoing) -> Incoming:
        tree = {"url": sent.url, "headers": sent.headers, "body": (sent.body or b"").decode()}
        return json_answer({"echo": tree}, headers={"x-echo": sent.url})

    wire = FakeWire(echo)
    return assemble("crm", made_up, settle(made_up.manifest, plain, secrets), wire=wire, clock=lambda: NOW), wire
