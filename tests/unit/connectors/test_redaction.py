import base64
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest

from tieline.connectors.engine.redaction import MASK, Redactor

SECRET = 'k/y+ "ü&='


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        f"https://x.example/?key={quote(SECRET, safe='')}",
        f"https://x.example/{quote(SECRET)}",
        f"a={quote_plus(SECRET)}&b=1",
        urlencode({"key": SECRET}),
        json.dumps({"key": SECRET}),
        json.dumps({"key": SECRET}, ensure_ascii=False),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(SECRET.encode()).decode().rstrip("="),
    ],
)
def test_a_secret_is_hidden_however_it_is_written(written: str) -> None:
    hidden = Redactor([SECRET]).text(written)
    assert MASK in hidden
    assert Redactor([SECRET]).text(hidden) == hidden


def test_a_secret_inside_a_longer_one_does_not_uncover_it() -> None:
    assert Redactor(["abc", "abcdef"]).text("abcdef abc") == f"{MASK} {MASK}"


def test_trees_are_searched_keys_and_all() -> None:
    tree = {"s3cr3t": ["s3cr3t", 1, None, {"a": "x s3cr3t"}]}
    assert Redactor(["s3cr3t"]).tree(tree) == {MASK: [MASK, 1, None, {"a": f"x {MASK}"}]}


def test_empty_and_tiny_secrets_do_not_blank_everything() -> None:
    assert Redactor(["", "a", "ab"]).text("abab") == "abab"


def test_headers_that_carry_credentials_are_hidden_whole() -> None:
    shown = Redactor([]).headers({"Authorization": "Bearer x", "Set-Cookie": "y", "x-rate": "5"})
    assert shown == {"Authorization": MASK, "Set-Cookie": MASK, "x-rate": "5"}


def test_the_redactor_does_not_show_what_it_hides() -> None:
    assert "s3cr3t" not in repr(Redactor(["s3cr3t"]))
