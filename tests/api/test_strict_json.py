import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.api.strict_json import DEEPEST, MOST_ITEMS, MOST_KEYS, read_json
from tieline.domain.errors import BodyMalformed

NESTED = b"[" * 100_000


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        pytest.param(b"", 400, "body_required", id="B01 empty"),
        pytest.param(b"{", 400, "json_malformed", id="B02 cut off"),
        pytest.param(b"{'a': 1}", 400, "json_malformed", id="B02 single quotes"),
        pytest.param(b'{"a": 1} {"b": 2}', 400, "json_malformed", id="B02 two documents"),
        pytest.param(b'{"a": 1,}', 400, "json_malformed", id="B02 trailing comma"),
        pytest.param(b'{"a": "\x01"}', 400, "json_malformed", id="B02 control character"),
        pytest.param(b'{"a": 01}', 400, "json_malformed", id="B02 leading zero"),
        pytest.param(b'{"a": 1, "a": 2}', 400, "json_duplicate_key", id="B08 twice"),
        pytest.param(b'{"x": [{"a": 1, "\\u0061": 2}]}', 400, "json_duplicate_key", id="B08 twice, one escaped, deep"),
        pytest.param(b'{"a": NaN}', 400, "json_number", id="B09 NaN"),
        pytest.param(b'{"a": -Infinity}', 400, "json_number", id="B09 -Infinity"),
        pytest.param(b'{"a": 1e999}', 400, "json_number", id="B10"),
        pytest.param(b'{"a": ' + b"9" * 5_000 + b"}", 400, "json_number", id="B11"),
        pytest.param(b'{"a": 0.' + b"9" * 5_000 + b"}", 400, "json_number", id="B11 decimal"),
        pytest.param(NESTED, 400, "json_too_deep", id="B13 arrays"),
        pytest.param(b'{"a":' * 100_000, 400, "json_too_deep", id="B13 objects"),
        pytest.param(b"[" + b"[]," * 200_000 + b"[]]", 422, "too_many_items", id="B14 many empty arrays"),
        pytest.param(b"[" + b"1," * MOST_ITEMS + b"1]", 422, "too_many_items", id="B14 items"),
        pytest.param(json.dumps({f"k{n}": 1 for n in range(MOST_KEYS + 1)}).encode(), 422, "too_many_items", id="B14 keys"),
        pytest.param(b'{"a": "\\ud800"}', 422, "text_invalid", id="B15 value"),
        pytest.param(b'{"\\udc00": 1}', 422, "text_invalid", id="B15 key"),
        pytest.param(b'{"a": ["x", {"b": "\\u0000"}]}', 422, "text_nul", id="B16 value"),
        pytest.param(b'{"a\\u0000": 1}', 422, "text_nul", id="B16 key"),
        pytest.param(b'{"a": "\xff\xfe"}', 400, "encoding_invalid", id="B17"),
        pytest.param(b'{"a": "\xed\xa0\x80"}', 400, "encoding_invalid", id="B17 surrogate in UTF-8"),
        pytest.param('{"a": 1}'.encode("utf-16"), 415, "charset_unsupported", id="B19 UTF-16 with mark"),
        pytest.param('{"a": 1}'.encode("utf-16-le"), 415, "charset_unsupported", id="B19 UTF-16 without mark"),
        pytest.param('{"a": 1}'.encode("utf-32-be"), 415, "charset_unsupported", id="B19 UTF-32"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(raw: bytes, status: int, code: str) -> None:
    with pytest.raises(BodyMalformed) as refused:
        read_json(raw)
    assert (refused.value.http_status, refused.value.code) == (status, code)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        pytest.param(b'\xef\xbb\xbf{"a": 1}', {"a": 1}, id="B18 mark of UTF-8"),
        pytest.param(b'{"a": "\\\\u0000"}', {"a": "\\u0000"}, id="an escaped backslash is no NUL"),
        pytest.param(b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}, id="a whole surrogate pair"),
        pytest.param(b'{"a": "[[[[ {{{{"}', {"a": "[[[[ {{{{"}, id="brackets in text"),
        pytest.param(b"[" * DEEPEST + b"]" * DEEPEST, json.loads("[" * DEEPEST + "]" * DEEPEST), id="as deep as allowed"),
        pytest.param(b"[" + b"1," * (MOST_ITEMS - 1) + b"1]", [1] * MOST_ITEMS, id="as many as allowed"),
        pytest.param(b'{"a": 12345678901234567890}', {"a": 12345678901234567890}, id="a long id is exact"),
        pytest.param(b' {"a": [true, null, -1.5e3]} ', {"a": [True, None, -1500.0]}, id="ordinary"),
    ],
)
def test_what_is_clear_is_read(raw: bytes, value: object) -> None:
    assert read_json(raw) == value


def test_brackets_in_a_long_text_do_not_count_as_depth() -> None:
    text = '"' + "[{" * 1_000 + '\\"' + "[" * 1_000 + '"'
    assert read_json(f'{{"a": {text}, "b": [[]]}}'.encode())["b"] == [[]]


def test_an_unending_text_full_of_brackets_is_merely_malformed() -> None:
    with pytest.raises(BodyMalformed) as refused:
        read_json(b'{"a": "' + b"[" * 1_000)
    assert refused.value.code == "json_malformed"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=30,
)


@given(JSON_VALUES)
def test_it_agrees_with_the_standard_library_on_everything_it_accepts(value: object) -> None:
    raw = json.dumps(value).encode()
    try:
        assert read_json(raw) == json.loads(raw)
    except BodyMalformed as refused:
        assert refused.code in {"text_nul", "text_invalid", "json_number"}  # noqa: PT017 - refusing is one of two right answers


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_and_nothing_else(raw: bytes) -> None:
    try:
        read_json(raw)
    except BodyMalformed as refused:
        assert refused.http_status in {400, 415, 422}  # noqa: PT017 - likewise
