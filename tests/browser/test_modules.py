"""Single modules, in the browser they are written for."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
async def page(server: Server, browser: Browser) -> AsyncIterator[Page]:
    """Any page of ours: modules may be loaded there."""
    opened = await browser.new_page(locale="en-US")
    await opened.goto(f"{server.base}/desk/sign-in")
    yield opened
    await opened.close()


async def run(page: Page, module: str, body: str, *values: Any) -> Any:  # noqa: ANN401 - JSON both ways
    script = f"async (values) => {{ const it = await import('/static/0/{module}'); {body} }}"
    return await page.evaluate(script, list(values))


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["id: 7\r\nevent: pop.show\r\ndata: {}\r\n\r\n"], [["7", "pop.show", "{}"]]),
        (["id: 7\nevent: pop.show\ndata: {}\n\n"], [["7", "pop.show", "{}"]]),
        (["da", "ta: {", '"a":1}', "\r", "\n\r", "\n"], [[None, "message", '{"a":1}']]),
        ([": ping\n\n", ":\n\n"], []),
        (["data: one\ndata: two\n\n"], [[None, "message", "one\ntwo"]]),
        (["event: lonely\n\n", "data: x\n\n"], [[None, "message", "x"]]),
        (["data:no space\nunknown: field\nid\n\n"], [["", "message", "no space"]]),
        (["data: 你", "好\n\n"], [[None, "message", "你好"]]),
        (["data: cut off"], []),
    ],
)
async def test_a_stream_is_cut_into_events_wherever_it_was_torn(page: Page, pieces: list[str], expected: list[Any]) -> None:
    body = """
        const found = [];
        const reader = new it.EventReader(({ id, kind, data }) => found.push([id, kind, data]));
        values[0].forEach((piece) => reader.take(piece));
        return found;
    """
    assert await run(page, "core/feed.js", body, pieces) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("exact number, one person", "zh-CN", "号码完全一致，仅一人"),
        ("号码完全一致，仅一人", "en", "exact number, one person"),
        ("5 people share this number", "zh-CN", "5 人共用此号码"),
        ("Call 3 in 26 min, last with Li Wei", "zh-CN", "26 分钟内第 3 次来电，上次由 Li Wei 接听"),
        ("order data is stale", "zh-CN", "订单数据已过期"),
        ("an administrator's own words", "zh-CN", "an administrator's own words"),
        ("", "zh-CN", ""),
        ("{count} people share this number", "zh-CN", "{count} 人共用此号码"),
    ],
)
async def test_a_sentence_is_said_again_in_the_agents_language(page: Page, text: str, language: str, expected: str) -> None:
    body = "await it.learn('/static/0/messages/phrases.json'); return it.retell(values[0], values[1]);"
    assert await run(page, "core/phrases.js", body, text, language) == expected


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://crm.example.com/c/1", True),
        ("http://127.0.0.1:9000/c/1", True),
        ("http://crm.example.com/c/1", False),
        ("https://user:secret@crm.example.com/", False),
        ("javascript:alert(1)", False),
        ("JAVASCRIPT:alert(1)", False),
        ("\tjavascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//crm.example.com", False),
        ("/relative", False),
        ("", False),
    ],
)
async def test_only_safe_addresses_become_links(page: Page, address: str, safe: bool) -> None:  # noqa: FBT001 - a case
    assert (await run(page, "core/links.js", "return it.safeAddress(values[0]);", address) is not None) == safe


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ({"amount": "1288.00", "currency": "CNY"}, "CN¥1,288.00"),
        ({"amount": "9007199254740993.55", "currency": "EUR"}, "€9,007,199,254,740,993.55"),
        ({"amount": "12.5", "currency": "??"}, "12.5 ??"),
        (None, ""),
    ],
)
async def test_money_keeps_every_digit(page: Page, amount: dict[str, str] | None, expected: str) -> None:
    addresses = "{ language: 'en', messagesEn: '/static/0/messages/en.json', phrases: '/static/0/messages/phrases.json' }"
    body = f"await it.listen({addresses}); return it.money(values[0]);"
    assert await run(page, "core/texts.js", body, amount) == expected
