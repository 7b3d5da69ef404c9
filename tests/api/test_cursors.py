import base64
from datetime import UTC, datetime, timedelta

import pytest

from tieline.api.cursors import LIFE, Cursors
from tieline.domain.errors import BodyMalformed

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
CURSORS = Cursors(b"k" * 32)


def test_a_cursor_brings_back_its_place() -> None:
    text = CURSORS.write("audit", [42, "x"], now=NOW)
    assert CURSORS.read("audit", text, now=NOW + LIFE) == [42, "x"]
    assert CURSORS.read("audit", None, now=NOW) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("!!!", id="no base64"),
        pytest.param("AAAA", id="too short"),
        pytest.param(Cursors(b"o" * 32).write("audit", [42], now=NOW), id="under another key"),
        pytest.param(CURSORS.write("reviews", [42], now=NOW), id="of another list"),
        pytest.param(CURSORS.write("audit", [42], now=NOW - LIFE - timedelta(seconds=2)), id="of the day before yesterday"),
        pytest.param(CURSORS.write("audit", [42], now=NOW) + "A", id="longer"),
        pytest.param("张", id="no ASCII"),
    ],
)
def test_any_other_cursor_is_refused(text: str) -> None:
    with pytest.raises(BodyMalformed) as refused:
        CURSORS.read("audit", text, now=NOW)
    assert (refused.value.http_status, refused.value.code) == (400, "cursor_invalid")


def test_a_cursor_with_one_bit_changed_is_refused() -> None:
    text = CURSORS.write("audit", [42], now=NOW)
    raw = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    for place in range(len(raw)):
        changed = bytes(byte ^ (place == at) for at, byte in enumerate(raw))
        with pytest.raises(BodyMalformed):
            CURSORS.read("audit", base64.urlsafe_b64encode(changed).decode().rstrip("="), now=NOW)
