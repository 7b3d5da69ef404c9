import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.api.strict_query import read_query
from tieline.domain.errors import BodyMalformed


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        pytest.param(b"n=1&n=2", "param_repeated", id="B34"),
        pytest.param(b"n=1&%6e=2", "param_repeated", id="B34 one escaped"),
        pytest.param(b"a=%00", "param_encoding", id="B35 NUL"),
        pytest.param(b"a=%ff%fe", "param_encoding", id="B35 no UTF-8"),
        pytest.param(b"a=%", "param_encoding", id="B35 lone percent"),
        pytest.param(b"a=%zz", "param_encoding", id="B35 no hexadecimal"),
        pytest.param(b"%=a", "param_encoding", id="B35 in the name"),
        pytest.param(b"a=\xff", "param_encoding", id="B35 raw byte"),
        pytest.param(b"a=%ed%a0%80", "param_encoding", id="B35 surrogate"),
    ],
)
def test_what_is_ambiguous_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(BodyMalformed) as refused:
        read_query(raw)
    assert (refused.value.http_status, refused.value.code) == (400, code)


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b"", {}),
        (b"&&", {}),
        (b"a", {"a": ""}),
        (b"a=1&b=x%20y+z", {"a": "1", "b": "x y z"}),
        (b"a=b=c", {"a": "b=c"}),
        ("a=%E5%BC%A0&b=张".encode(), {"a": "张", "b": "张"}),
        (b"phone=+8613800138000&other=+1", {"phone": "+8613800138000", "other": " 1"}),
        (b"phone=%2B8613800138000", {"phone": "+8613800138000"}),
        (b"phone=%208613800138000", {"phone": " 8613800138000"}),
        (b"phone=138+0013+8000", {"phone": "138 0013 8000"}),
    ],
)
def test_what_is_clear_is_read(raw: bytes, fields: dict[str, str]) -> None:
    assert read_query(raw) == fields


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused_and_nothing_else(raw: bytes) -> None:
    try:
        read_query(raw)
    except BodyMalformed as refused:
        assert refused.code in {"param_repeated", "param_encoding"}  # noqa: PT017 - refusing is one of two right answers
