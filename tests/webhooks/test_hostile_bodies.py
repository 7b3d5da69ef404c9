"""An authentic sender's hostile body at the door and before the reader: thanked for, kept as it came, laid aside alone.

Rows W of the bad-input book: numbers, depth, keys told twice, texts no database keeps; the neighbour is acted on all the same.
"""

import pytest
from tests.webhooks.shop import Shop, order

ORDER = b'{"events": [{"kind": "order", "version": 1, "order": {"id": "SO-1", "state": %s}}]}'
LAID_ASIDE = {
    "B02w broken": b'{"events": [',
    "B03w a list": b"[1]",
    "B08w a used key twice": b'{"events": [{"kind": "order", "version": 1, "version": 2, "order": {"id": "SO-1"}}]}',
    "B09w NaN": ORDER % b"NaN",
    "B10w 1e999": ORDER % b"1e999",
    "B11w 5000 digits": ORDER % (b"9" * 5000),
    "B13w depth": ORDER % (b"[" * 100_000 + b"]" * 100_000),
    "B15w half a pair": ORDER % b'"\\ud800"',
    "B16w NUL": ORDER % b'"a\\u0000b"',
    "B17w no UTF-8": ORDER % b'"\xff"',
}
READ = {
    "B08w an unused key twice": ORDER.replace(b'{"events"', b'{"sent_by": 1, "sent_by": 2, "events"') % b'"new"',
    "B18w a byte order mark": b"\xef\xbb\xbf" + ORDER % b'"new"',
    "B80w markup": ORDER % b'"<script>"',
}


@pytest.mark.parametrize("row", LAID_ASIDE)
async def test_an_authentic_body_that_cannot_be_used_is_laid_aside_and_its_neighbour_is_not(shop: Shop, row: str) -> None:
    assert (await shop.post(LAID_ASIDE[row])).status_code == 202
    assert (await shop.tell(order("SO-2"))).status_code == 202
    await shop.read()
    kept = {bytes(body): state for body, state in await shop.rows("SELECT body, state FROM inbox WHERE kind = 'event'")}
    assert kept.pop(LAID_ASIDE[row]) == "unusable"
    assert list(kept.values()) == ["done"]
    assert await shop.rows("SELECT kind, state FROM review_items") == [("unusable_webhook", "open")]
    assert [news.event.external_id for news in shop.acted] == ["SO-2"]


@pytest.mark.parametrize("row", READ)
async def test_what_is_only_odd_is_read(shop: Shop, row: str) -> None:
    assert (await shop.post(READ[row])).status_code == 202
    await shop.read()
    assert await shop.rows("SELECT DISTINCT state FROM inbox") == [("done",)]
    assert [news.event.external_id for news in shop.acted] == ["SO-1"]
