"""Faults of `auth`, told with line and cure when the file is loaded; nothing of them waits for the first call."""

import re
from pathlib import Path
from typing import get_args

import pytest
from tests.connectors import sample
from tests.unit.connectors.test_manifest import told

from tieline.connectors.auth.kinds import KINDS
from tieline.connectors.manifest.auth import Auth
from tieline.connectors.manifest.load import load_manifest

# The credentials start at line 9, the operations lie before them so that lines do not move.
HEAD = """\
schema: 1
id: acme_helpdesk
name: Acme Helpdesk
category: helpdesk
config: {base_url: {title: t, type: url}, user: {title: t}, zone: {title: t, type: timezone}, secret: {title: t, secret: true}}
operations:
  system.ping: {request: {path: /ping}}
  ticket.create: {request: {method: POST, path: /tickets, json: $record}, idempotency: {none: there is nothing to send}}
"""
SIGN = """\
auth:
  kind: sign
  times: {timestamp: epoch_s}
  values:
    key: {hmac: sha256, key: $config.secret, of: $timestamp, as: raw}
    sign: {hmac: sha256, key: $key, of: [$request.method, $request.body]}
  inject: {query: sign, value: $sign}
"""
LOGIN = """\
auth:
  - kind: login
    request: {path: /login, query: {secret: $config.secret}}
    take: {token: body.token}
    inject: {query: token}
"""
FAULTS = {
    "a hash there is none": (
        SIGN.replace("hmac: sha256, key: $key", "hmac: sha257, key: $key"),
        14,
        "hmac must be 'md5', 'sha1'",
    ),
    "an encoding there is none": (SIGN.replace("as: raw", "as: base46"), 13, "as must be 'text', 'raw'"),
    "a recipe's unknown key": (SIGN.replace("as: raw", "encode: raw"), 13, "unknown key auth.values.key.encode"),
    "two operations in one": (SIGN.replace("as: raw", "hash: md5"), 13, "a recipe has one operation"),
    "a key without hmac": (
        SIGN.replace("hmac: sha256, key: $config", "hash: sha256, key: $config"),
        13,
        "hmac and key belong together",
    ),
    "hmac without a key": (SIGN.replace("key: $key, ", ""), 14, "hmac and key belong together"),
    "a part of no request": (SIGN.replace("$request.method", "$request.methd"), 14, "$request.methd; did you mean method?"),
    "a part that has none": (SIGN.replace("$request.method", "$request.method.x"), 14, "$request.method has no parts"),
    "a header without its name": (SIGN.replace("$request.method", "$request.header"), 14, "write the name, as in"),
    "a field there is none": (SIGN.replace("$config.secret", "$config.secrt"), 13, "did you mean secret?"),
    "a value made only later": (SIGN.replace("of: $timestamp", "of: $sign"), 13, "$sign cannot be used here"),
    "a value never made": (SIGN.replace("value: $sign", "value: $sgn"), 15, "$sgn cannot be used here; did you mean $sign?"),
    "a nonce that was not asked for": (SIGN.replace("of: $timestamp", "of: $nonce"), 13, "$nonce cannot be used here"),
    "an input": (SIGN.replace("of: $timestamp", "of: $in.number"), 13, "$in.number cannot be used here"),
    "a key in the file": (SIGN.replace("key: $config.secret", "key: abc"), 13, "a key is not written in the file"),
    "a key that is no secret": (
        SIGN.replace("key: $config.secret", "key: $config.user"),
        13,
        "user signs requests, so it must be",
    ),
    "raw bytes on the wire": (SIGN.replace("value: $sign", "value: $key"), 15, "$key is raw bytes"),
    "a name that is taken": (SIGN.replace("    sign:", "    request:"), 14, "the name request is taken"),
    "a name twice": (SIGN.replace("    sign:", "    timestamp:"), 14, "the name timestamp is taken"),
    "a zone that is none": (SIGN.replace("epoch_s", "{format: epoch_s, zone: $config.zne}"), 11, "did you mean zone?"),
    "nowhere to put it": (SIGN.replace("{query: sign, value: $sign}", "{value: $sign}"), 15, "name one place"),
    "two places": (SIGN.replace("{query: sign,", "{query: sign, header: X-Sign,"), 15, "name one place"),
    "nothing to put": (SIGN.replace("{query: sign, value: $sign}", "{query: sign}"), 15, "say which value is put there"),
    "a header that smuggles": (SIGN.replace("query: sign", 'header: "X\\r\\nHost: evil"'), 15, "is not a header name"),
    "a value that smuggles": (
        SIGN.replace("value: $sign", 'value: "a\\r\\nHost: evil"'),
        15,
        "a control character cannot be sent",
    ),
    "the transport's header": (
        SIGN.replace("query: sign", "header: Content-Length"),
        15,
        "the header Content-Length is not for a file",
    ),
    "a cookie as a header": (SIGN.replace("query: sign", "header: Cookie"), 15, "write cookie: NAME"),
    "a cookie that smuggles": (SIGN.replace("query: sign", 'cookie: "a=1; b"'), 15, "is not the name of a cookie"),
    "a body where there is none": (
        SIGN.replace("query: sign", "body: sign"),
        7,
        "its credentials go into the body, so it needs one",
    ),
    "a nonce there is none": (SIGN.replace("  values:", "  nonce: digits_7\n  values:"), 12, "auth.nonce must be 'hex_32'"),
    "a token in the file": ("auth: {kind: bearer, token: abc}\n", 9, "a credential is not written in the file"),
    "a token that is no secret": (
        "auth: {kind: bearer, token: $config.user}\n",
        9,
        "user is a credential, so it must be declared",
    ),
    "a preset's secret in the file": (
        "auth:\n  kind: acs3\n  access_key: a\n  secret_key: b\n",
        12,
        "a credential is not written in the file",
    ),
    "a preset without its service": (
        "auth: {kind: tc3, access_key: $config.user, secret_key: $config.secret}\n",
        9,
        "service is missing",
    ),
    "a token nobody gives": (
        LOGIN.replace("token: body.token", "token: boddy.token"),
        12,
        "must start with body, header, cookie",
    ),
    "a login at no host": (LOGIN.replace("path: /login,", "path: /login, host: gate,"), 11, "there is no host 'gate'"),
    "a login with an input": (LOGIN.replace("$config.secret", "$in.number"), 11, "$in.number cannot be used here"),
    "a login by no scheme": (
        LOGIN.replace("path: /login,", "path: /login, auth: app,"),
        11,
        "there is no scheme 'app' under auths:",
    ),
    "a login that needs itself": (LOGIN.replace("path: /login,", "path: /login, auth: auth,"), 9, "auth is needed first"),
    "a session in the body": (LOGIN.replace("inject:", "recapture: true\n    inject:"), 12, "taken from a header or a cookie"),
    "an extra value named token": (
        LOGIN.replace("body.token", "body.token, also: {token: body.x}"),
        12,
        "the name token is taken",
    ),
    "a second entry's fault": (LOGIN + "  - kind: bearer\n    token: abc\n", 15, "a credential is not written in the file"),
    "a scheme called none": ("auths: {none: {kind: bearer, token: $config.secret}}\n", 9, "the name none is taken"),
    "no entry at all": ("auth: []\n", 9, "at least 1 item"),
    "a kind there is none": ("auth: {kind: sgin}\n", 9, "auth.kind must be one of 'none', 'bearer'"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_line(tmp_path: Path, name: str) -> None:
    text, line, expected = FAULTS[name]
    lines = told(tmp_path, HEAD + text)
    assert any(re.match(rf"{line}: .*{re.escape(expected)}", each) for each in lines), lines


@pytest.mark.parametrize(
    ("where", "line"),
    [('hosts: {main: "https://${config.secret}.example"}\n', 9), ("operations:\n", 8)],
    ids=["an address", "what agents see"],
)
def test_a_secret_where_it_would_be_seen(tmp_path: Path, where: str, line: int) -> None:
    if where.startswith("operations"):
        shown = 'idempotency: {none: there is nothing to send}, result: {url: "https://x/${config.secret}"}'
        text = HEAD.replace("idempotency: {none: there is nothing to send}", shown)
    else:
        text = HEAD + where
    assert f"{line}: the secret secret would be seen here" in told(tmp_path, text)


def test_what_is_right_is_taken(tmp_path: Path) -> None:
    for index, auth in enumerate((SIGN, LOGIN, SIGN.replace("value: $sign", "value: [x]").replace("[x]", "$sign"))):
        folder = tmp_path / str(index)
        folder.mkdir()
        manifest = load_manifest(sample.write_folder(folder, {"connector.yaml": HEAD + auth}) / "connector.yaml")
        assert len(manifest.auth) == 1


def test_every_kind_of_the_schema_can_be_built() -> None:
    (union, *_) = get_args(Auth)
    assert {get_args(kind.model_fields["kind"].annotation)[0] for kind in get_args(union)} == set(KINDS)
