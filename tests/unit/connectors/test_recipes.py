"""What recipes make: every signature of the vendor notes on requests that come in, and each primitive by itself."""

from pathlib import Path
from typing import Any, get_args

import pytest

from tieline.connectors.manifest.signing import REQUEST_PARTS, Canonical, Encoding, Escape, HashName, Recipe
from tieline.connectors.signing.algorithms import ENCODINGS, ESCAPES, HASHES, MACS, equal
from tieline.connectors.signing.message import NAMED_READERS, READERS, Message
from tieline.connectors.signing.recipes import Kitchen, Scope
from tieline.domain.errors import VendorMisconfigured
from tieline.kit.yaml_lines import load_with_lines

Tree = dict[str, Any]
VECTORS: Any = load_with_lines(Path(__file__).parent / "vectors_inbound.yaml").tree
MESSAGE = Message(
    "POST", "https://x.example:8443/a%20b/c?z=1&a=%20x&a=y%2B", {"content-type": " text/plain ", "x-b": "2"}, b"body"
)


def made(recipe: Tree | str, message: Message = MESSAGE, **given: Tree) -> str | None:
    ingredient = recipe if isinstance(recipe, str) else Recipe.model_validate(recipe)
    kitchen = Kitchen(given.get("config", {}), canonical=Canonical.model_validate(given.get("spelling", {})))
    text = kitchen.compile(ingredient).render(Scope(message, given.get("values", {})))
    return None if text is None else text.decode()


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_vectors_of_requests_that_come_in(vector: Tree) -> None:
    message = Message(
        "POST",
        vector.get("url", "https://app.example.test/hook"),
        vector.get("headers", {}),
        vector.get("body", "").encode(),
    )
    recipe, spelling = vector["recipe"], vector.get("spelling", {})
    found = made(recipe, message, config=vector.get("config", {}), values=vector.get("values", {}), spelling=spelling)
    assert found == vector["expected"]


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("$request.method", "POST"),
        ("$request.url", "https://x.example:8443/a%20b/c?z=1&a=%20x&a=y%2B"),
        ("$request.host", "x.example:8443"),
        ("$request.hostname", "x.example"),
        ("$request.path", "/a%20b/c"),
        ("$request.path_decoded", "/a b/c"),
        ("$request.query", "z=1&a=%20x&a=y%2B"),
        ("$request.body", "body"),
        ("$request.canonical_query", "a=%20x&a=y%2B&z=1"),
        ("$request.canonical_form", "body="),
        ("$request.header_lines", "host:x.example:8443"),
        ("$request.header_names", "host"),
        ("$request.header.Content-Type", " text/plain "),
        ("$request.header.host", "x.example:8443"),
        ("$request.header.x-none", ""),
        ("$request.header.x-none?", None),
        ("$request.query.a", " x"),
        ("$request.query.none?", None),
        ("<${request.query.z}>", "<1>"),
        ("<${request.query.none?}>", None),
        ("$$", "$"),
    ],
)
def test_what_can_be_named_of_a_request(reference: str, text: str | None) -> None:
    assert made(reference) == text


@pytest.mark.parametrize(
    ("recipe", "text"),
    [
        ({"of": ["b", "a", "B"]}, "baB"),
        ({"of": ["b", "a", "B"], "sort": True, "join": "|"}, "B|a|b"),
        ({"of": ["a", "$x?", "b"], "join": "\n"}, "a\nb"),
        ({"of": ["a", "$x", "b"], "join": "\n"}, "a\n\nb"),
        ({"of": ["a", {"of": "$x", "optional": True}, "b"], "join": "\n"}, "a\nb"),
        ({"of": "$x?"}, None),
        ({"of": "a b/*~中", "escape": "rfc3986"}, "a%20b%2F%2A~%E4%B8%AD"),
        ({"of": "a b/*~", "escape": "path"}, "a%20b/%2A~"),
        ({"of": "a b/*~.-_", "escape": "form"}, "a+b%2F*%7E.-_"),
        ({"of": "a=b=c", "after": "="}, "c"),
        ({"of": "abc", "after": "="}, "abc"),
        ({"of": "AAEC", "read": "base64", "as": "hex"}, "000102"),
        ({"of": "0a0b", "read": "hex", "as": "HEX"}, "0A0B"),
        ({"of": "abc", "xor": " "}, "ABC"),
        ({"of": "abcd", "xor": " !"}, "ACCE"),
        ({"of": "??>", "as": "base64url"}, "Pz8-"),
        ({"of": "", "hash": "md5"}, "d41d8cd98f00b204e9800998ecf8427e"),
        ({"of": "abc", "hash": "sha1"}, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        # GB/T 32905-2016, example 1.
        ({"of": "abc", "hash": "sm3", "as": "HEX"}, "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0"),
        # RFC 2202, test case 2.
        ({"of": "what do ya want for nothing?", "hmac": "md5", "key": "Jefe"}, "750c783e6ab0b503eaa86e310a5db738"),
        ({"of": "what do ya want for nothing?", "hmac": "sha1", "key": "Jefe"}, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        (
            {"of": "what do ya want for nothing?", "hmac": "sha256", "key": "Jefe"},  # RFC 4231, test case 2.
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            {"hmac": "sha1", "key": {"of": "0b" * 20, "read": "hex", "as": "raw"}, "of": "Hi There"},  # RFC 2202, test case 1.
            "b617318655057264e28bc0b6fb378c8ef146be00",
        ),
    ],
)
def test_primitives(recipe: Tree, text: str | None) -> None:
    assert made(recipe, values={"x": None}) == text


def test_spellings_of_a_query() -> None:
    assert made("$request.canonical_query", spelling={"query": {"sort": "as_sent"}}) == "z=1&a=%20x&a=y%2B"
    assert made("$request.canonical_query", spelling={"query": {"escape": "form", "exclude": ["z"]}}) == "a=+x&a=y%2B"
    plain = {"sort": "plain", "escape": "none", "pair": "", "join": ""}
    assert made("$request.canonical_query", spelling={"query": plain}) == "a xay+z1"


def test_spellings_of_headers() -> None:
    message = Message(
        "GET", "https://x.example/", {"x-acs-b": " B ", "x-acs-a": "a/1", "accept": "*/*", "content-type": "T"}, b""
    )
    lines = {"headers": {"names": ["Host", "x-acs-*", "content-type", "absent"]}}
    assert made("$request.header_lines", message, spelling=lines) == "content-type:T\nhost:x.example\nx-acs-a:a/1\nx-acs-b:B"
    assert made("$request.header_names", message, spelling=lines) == "content-type;host;x-acs-a;x-acs-b"
    lower = {"headers": {"names": ["content-type"], "values": "lower"}}
    assert made("$request.header_lines", message, spelling=lower) == "content-type:t"
    escaped = {"headers": {"names": ["x-acs-a"], "values": "rfc3986"}}
    assert made("$request.header_lines", message, spelling=escaped) == "x-acs-a:a%2F1"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://X.example/", "x.example"),
        ("https://x.example:443/", "x.example"),
        ("http://x.example:443/", "x.example:443"),
        ("https://[::1]:8443/", "[::1]:8443"),
    ],
)
def test_the_host_is_written_as_the_transport_writes_it(url: str, host: str) -> None:
    assert Message("GET", url, {}, b"").host == host


def test_an_empty_credential_is_told_when_the_recipe_is_compiled() -> None:
    with pytest.raises(VendorMisconfigured) as caught:
        made("$config.secret", config={"secret": None})
    assert caught.value.code == "secret_missing"
    assert made("$config.secret?", config={"secret": None}) is None


def test_what_is_not_base64_is_told_without_its_contents() -> None:
    with pytest.raises(VendorMisconfigured) as caught:
        made({"of": "canary!", "read": "base64"})
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("ingredient", "may_be_shown"),
    [
        ("$config.open", "yes"),
        ("$config.hidden", "redacted"),
        ({"of": ["a", "$config.hidden"]}, "redacted"),
        ({"of": ["$config.hidden"], "hash": "md5"}, "no"),
        ({"of": ["$config.hidden"], "as": "base64"}, "no"),
        ({"of": ["$config.open"], "hash": "md5"}, "yes"),
        ({"of": ["$config.open"], "hmac": "md5", "key": "$config.hidden"}, "no"),
        ({"of": ["a", {"of": ["$config.hidden"], "hash": "md5"}]}, "no"),
        ({"of": ["x"], "hmac": "md5", "key": "$earlier"}, "no"),
    ],
)
def test_it_is_known_what_may_be_shown(ingredient: Tree | str, may_be_shown: str) -> None:
    kitchen = Kitchen({"open": "o", "hidden": "h"}, frozenset({"hidden"}), hidden=frozenset({"earlier"}))
    compiled = kitchen.compile(ingredient if isinstance(ingredient, str) else Recipe.model_validate(ingredient))
    assert ("no" if compiled.secret else "redacted" if compiled.tells else "yes") == may_be_shown


def test_every_name_of_the_manifest_has_its_primitive() -> None:
    assert set(get_args(HashName)) == set(HASHES) == set(MACS)
    assert set(get_args(Encoding)) == set(ENCODINGS)
    assert {*get_args(Escape), "none"} == set(ESCAPES)
    assert {*READERS, *NAMED_READERS} == REQUEST_PARTS


def test_comparison_takes_anything() -> None:
    assert equal("中", "中".encode())
    assert not equal("\udce4", b"x")
