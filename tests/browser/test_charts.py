"""What charts and files of the reports are worked out from, in the browser it is written for."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from playwright.async_api import Browser, Page
from tests.browser.conftest import Server
from tests.browser.test_modules import run

from tieline.web.assets import assets

pytestmark = pytest.mark.browser
MESSAGES = "{ language: values[1], messagesEn: '/static/0/messages/reports.en.json', phrases: '/static/0/messages/phrases.json',"
MESSAGES += " messagesZh: '/static/0/messages/reports.zh-CN.json' }"


@pytest.fixture(scope="module")
async def page(server: Server, browser: Browser) -> AsyncIterator[Page]:
    """Any page of ours: modules may be loaded there."""
    opened = await browser.new_page(locale="en-US")
    await opened.goto(f"{server.base}/desk/sign-in")
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("values", "options", "ticks"),
    [
        ([3, 17], {}, [0, 5, 10, 15, 20]),
        ([0], {"unit": "whole"}, [0, 1]),
        ([1, 3], {"unit": "whole"}, [0, 1, 2, 3]),
        ([], {"unit": "whole"}, [0, 1]),
        ([82.5], {"domain": [0, 100]}, [0, 25, 50, 75, 100]),
        ([12], {"domain": [-100, 100]}, [-100, -50, 0, 50, 100]),
        ([290, 330], {"unit": "seconds"}, [0, 120, 240, 360]),
        ([300_000], {"unit": "seconds"}, [0, 86_400, 172_800, 259_200, 345_600]),
        ([-5, 5], {}, [-5, -2.5, 0, 2.5, 5]),
    ],
)
async def test_an_axis_stands_on_round_numbers_and_holds_every_value(
    page: Page, values: list[float], options: dict[str, Any], ticks: list[float]
) -> None:
    body = "const { ticks } = it.axis(values[0], values[1]); return ticks;"
    assert await run(page, "charts/scale.js", body, values, options) == ticks


@pytest.mark.parametrize(("value", "high", "step"), [(0, 10, 0), (10, 10, 6), (5, 10, 3), (None, 10, None), (0, 0, 0), (3, 3, 6)])
async def test_the_more_the_darker(page: Page, value: float | None, high: float, step: int | None) -> None:
    assert await run(page, "charts/scale.js", "return it.shade(values[0], [0, values[1]], 6);", value, high) == step


@pytest.mark.parametrize(("place", "band"), [(-20, 0), (0, 0), (49, 0), (50, 1), (99.9, 1), (400, 1)])
async def test_a_place_lies_in_the_nearest_band(page: Page, place: float, band: int) -> None:
    assert await run(page, "charts/scale.js", "return it.bandAt(values[0], 2, [0, 100]);", place) == band


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("  @x", "'  @x"),
        ("＋1", "'＋1"),
        ("-1", "'-1"),
        (-1, "-1"),
        (2.5, "2.5"),
        (None, ""),
        ('a "b", c', '"a ""b"", c"'),
        ("two\nlines", '"two\nlines"'),
        ("物流", "物流"),
    ],
)
async def test_no_cell_of_a_saved_table_runs(page: Page, cell: Any, written: str) -> None:  # noqa: ANN401 - a case
    assert await run(page, "reports/files.js", "return it.csvOf([[values[0]]]);", cell) == f"\ufeff{written}\r\n"


@pytest.mark.parametrize(
    ("address", "question"),
    [
        ("", {"from": "2026-11-20", "to": "2026-11-26", "compare": True, "queue": ""}),
        (
            "from=2026-11-01&to=2026-11-03&compare=no&queue=a%26b",
            {"from": "2026-11-01", "to": "2026-11-03", "compare": False, "queue": "a&b"},
        ),
        ("from=2026-11-09&to=2026-11-03", {"from": "2026-11-03", "to": "2026-11-03", "compare": True, "queue": ""}),
        ("from=yesterday&to=2026-13-40", {"from": "2026-11-20", "to": "2026-11-26", "compare": True, "queue": ""}),
    ],
)
async def test_a_question_comes_out_of_an_address_and_goes_back_in(page: Page, address: str, question: dict[str, Any]) -> None:
    body = """
        const once = it.fromAddress(new URLSearchParams(values[0]), "2026-11-26");
        const twice = it.fromAddress(it.toAddress(once, "2026-11-26"), "2026-11-26");
        return [once, JSON.stringify(once) === JSON.stringify(twice)];
    """
    found, same = await run(page, "reports/question.js", body, address)
    assert {name: found[name] for name in question} == question
    assert same


@pytest.mark.parametrize(("since", "until", "step"), [("2026-11-26",) * 2 + ("hour",), ("2026-10-01", "2026-11-26", "day")])
async def test_a_day_is_told_by_hours_and_weeks_by_days(page: Page, since: str, until: str, step: str) -> None:
    assert await run(page, "reports/question.js", "return it.stepOf({ from: values[0], to: values[1] });", since, until) == step


@pytest.mark.parametrize(
    ("value", "unit", "language", "expected"),
    [
        (82.456, "percent", "en", "82.5%"),
        (75, "seconds", "en", "1:15"),
        (0.42, "seconds", "en", "0.4 s"),
        (9_000, "seconds", "zh-CN", "2.5 小时"),
        (259_200, "seconds", "en", "3 days"),
        (-4.25, "points", "en", "-4.3"),
        (12_345, "", "en", "12,345"),
        (None, "percent", "en", "–"),
    ],
)
async def test_figures_are_written_in_their_unit(
    page: Page, value: float | None, unit: str, language: str, expected: str
) -> None:
    body = f"""
        const texts = await import('/static/0/core/texts.js');
        await texts.listen({MESSAGES});
        return it.written(values[0], values[2]);
    """
    assert await run(page, "reports/figures.js", body, value, language, unit) == expected


async def test_both_languages_say_the_same_things() -> None:
    chinese, english = (orjson.loads(assets().text(f"messages/reports.{language}.json")) for language in ("zh-CN", "en"))
    assert chinese.keys() - english.keys() == {name for name in chinese if name.startswith("formula.")}
    assert english.keys() - chinese.keys() == set()
