"""The reports in a real browser: drawn, read by keyboard, opened to their rows, saved, printed, on a phone and on a wall."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Browser, Download, Page, Request, Route, expect
from tests.browser.conftest import Desk, Server, desk_on
from tests.browser.test_accessibility import BROKEN_REFERENCES, REPEATED_IDS, TOO_FAINT, UNNAMED

pytestmark = pytest.mark.browser

PANELS = ("volume", "service", "satisfaction", "recommendation", "handling", "causes", "heat", "agents", "queues", "ageing")
SPAN = "/reports?from=2026-11-20&to=2026-11-26"
WIDER_THAN_THE_WINDOW = """() => [...document.querySelectorAll('body *')]
    .filter((node) => node.checkVisibility() && !node.closest('.visually-hidden, .skip, .table-frame table'))
    .filter((node) => node.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map((node) => node.className?.baseVal ?? (node.className || node.tagName))"""
TOO_SMALL_TO_TAP = """() => [...document.querySelectorAll('button, a, input, select, summary')]
    .filter((node) => node.checkVisibility() && !node.closest('.skip, p, dd'))
    .map((node) => node.closest('label') ?? node)
    .filter((node) => node.offsetHeight < 24 || node.offsetWidth < 24)
    .map((node) => node.className || node.tagName)"""
UNTRANSLATED = r"""() => [...document.querySelectorAll('body *')]
    .flatMap((node) => [...node.childNodes].filter((child) => child.nodeType === 3).map((child) => child.textContent.trim()))
    .filter((text) => /^[a-z_]+\.[a-z_0-9]+$/.test(text) || /\{\w+\}/.test(text))"""
PNG = b"\x89PNG\r\n\x1a\n"


async def shown(desk: Desk, path: str = SPAN, *, locale: str = "en-US", **options: Any) -> Page:  # noqa: ANN401 - Playwright's own options
    """Open the reports and wait until every panel shows its answer."""
    page = await desk.open(path=path, locale=locale, **options)
    await expect(page.locator('.report-panel[data-state="shown"]')).to_have_count(1 if "wall" in path else len(PANELS))
    return page


def asked_by(page: Page, path: str) -> list[dict[str, list[str]]]:
    """Note what is asked of a path from now on."""
    noted: list[dict[str, list[str]]] = []

    def note(request: Request) -> None:
        if urlsplit(request.url).path == path:
            noted.append(parse_qs(urlsplit(request.url).query))

    page.on("request", note)
    return noted


@pytest.fixture(scope="module")
async def reports(server: Server, browser: Browser) -> AsyncIterator[Desk]:
    """For tests that leave the page as they found it."""
    async with desk_on(server, browser, "1001") as desk:
        yield desk


@pytest.fixture(scope="module")
async def page(reports: Desk) -> Page:
    return await shown(reports)


async def saved(page: Page, panel: str, kind: str) -> tuple[str, bytes]:
    async with page.expect_download() as waiting:
        await page.locator(f'[data-panel="{panel}"]').get_by_role("button", name=re.compile("Save")).get_by_text(kind).click()
    download: Download = await waiting.value
    path = await download.path()
    return download.suggested_filename, await asyncio.to_thread(path.read_bytes)


async def test_every_panel_is_drawn_from_our_own_server_without_a_complaint(reports: Desk, page: Page) -> None:
    for panel in set(PANELS) - {"agents"}:
        assert await page.locator(f'[data-panel="{panel}"] svg.chart > *').count() > 3, panel
    await expect(page.locator('[data-panel="heat"] .cell')).to_have_count(7 * 24)
    await expect(page.locator('[data-panel="volume"] .upright')).to_have_count(3 * 7)
    await expect(page.locator(".tile-row .tile")).to_have_count(8)
    assert reports.hosts == {urlsplit(reports.server.base).netloc}
    assert reports.complaints == []


@pytest.mark.parametrize(("locale", "title"), [("zh-CN", "主要不满原因"), ("en-US", "Worst causes")])
async def test_everything_is_said_in_the_readers_language(desk: Desk, locale: str, title: str) -> None:
    page = await shown(desk, locale=locale)
    await expect(page.get_by_role("heading", name=title)).to_be_visible()
    for details in await page.locator("summary:visible").all():
        await details.click()
    assert await page.evaluate(UNTRANSLATED) == []


async def test_the_language_changes_in_place(desk: Desk) -> None:
    page = await shown(desk)
    await page.get_by_role("button", name="中文").click()
    await expect(page.get_by_role("heading", name="坐席表现")).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


@pytest.mark.parametrize(
    ("width", "locale"), [(360, "en-US"), (360, "zh-CN"), (640, "en-US")], ids=["phone", "手机", "twice-the-size"]
)
async def test_nothing_is_wider_than_the_window(desk: Desk, width: int, locale: str) -> None:
    page = await shown(desk, locale=locale, viewport={"width": width, "height": 480})
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await page.evaluate(WIDER_THAN_THE_WINDOW) == []
    assert await page.evaluate(TOO_SMALL_TO_TAP) == []


@pytest.mark.parametrize(("path", "scheme"), [(SPAN, "light"), (SPAN, "dark"), ("/reports?wall=1", "light")])
async def test_text_stands_out_and_everything_has_a_name(desk: Desk, path: str, scheme: str) -> None:
    page = await shown(desk, path, color_scheme=scheme)
    assert await page.evaluate(TOO_FAINT) == []
    assert await page.evaluate(UNNAMED) == []
    assert await page.evaluate(REPEATED_IDS) == []
    assert await page.evaluate(BROKEN_REFERENCES) == []
    await expect(page.locator("h1:visible")).to_have_count(1)


async def test_a_chart_is_read_and_opened_by_keyboard_alone(page: Page) -> None:
    volume = page.locator('[data-panel="volume"]')
    asked = asked_by(page, "/v1/reports/kpis/rows")
    await volume.locator(".canvas").focus()
    await page.keyboard.press("ArrowRight")
    await expect(volume.locator(".reading")).to_contain_text("11/26: Served")
    await page.keyboard.press("ArrowLeft")
    await expect(volume.locator(".reading")).to_contain_text("11/25: Served")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Served · 11/25")
    await expect(dialog.locator("tbody tr")).to_have_count(50)
    assert [(one["from"], one["to"], one["measure"]) for one in asked] == [(["2026-11-25"], ["2026-11-25"], ["served"])]
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(volume.locator(".canvas")).to_be_focused()


async def test_a_figure_opens_to_its_rows_page_by_page(desk: Desk) -> None:
    page = await shown(desk, f"{SPAN}&queue=sales")
    asked = asked_by(page, "/v1/reports/kpis/rows")
    await page.locator('.tile[data-figure="service_level"] button').click()
    rows = page.locator("dialog tbody tr")
    await expect(rows).to_have_count(50)
    await page.get_by_role("button", name="Show more").click()
    await expect(rows).to_have_count(53)
    await expect(page.get_by_role("button", name="Show more")).to_be_hidden()
    assert [one["measure"] + one["queue"] + one.get("cursor", []) for one in asked] == [
        ["answered_in_time", "sales"],
        ["answered_in_time", "sales", "more"],
    ]
    await expect(rows.first).to_contain_text("Li Wei 李伟")


async def test_a_cell_of_the_week_opens_to_its_hour(page: Page) -> None:
    asked = asked_by(page, "/v1/reports/kpis/rows")
    heat = page.locator('[data-panel="heat"]')
    await heat.locator(".cell").nth(24 + 10).click()
    await expect(page.get_by_role("dialog", name="Calls · Tue 10:00")).to_be_visible()
    assert [one["weekday_hour"] for one in asked] == [["2-10"]]
    await page.keyboard.press("Escape")


async def test_what_was_said_opens_and_a_persons_word_is_sent_and_counted(desk: Desk) -> None:
    page = await shown(desk)
    await page.locator('.tile[data-figure="csat"] button').click()
    opens = page.get_by_role("button", name=re.compile("read what was said"))
    await opens.focus()
    await page.keyboard.press("Enter")
    dialog = page.locator("dialog.meaning")
    await expect(dialog.locator("blockquote")).to_have_text("<b>等了太久</b>，问题也没解决")
    await expect(dialog).to_contain_text("Displeased · Waiting (等了)")
    assert await dialog.get_by_role("checkbox", checked=True).evaluate_all("found => found.map(({ value }) => value)") == ["wait"]
    await dialog.get_by_role("checkbox", name="Goods").check()
    asked = asked_by(page, "/v1/reports/kpis")
    async with page.expect_request(lambda request: request.method == "PUT") as sent:
        await dialog.get_by_role("button", name="Confirm").click()
    told = (await sent.value).post_data_json
    assert told == {"causes": ["wait", "goods"], "sentiment": "negative"}
    await expect(dialog.get_by_role("status")).to_have_text("Kept. The reports count it this way now.")
    await expect(dialog).to_contain_text("Zhao Min 赵敏")
    await expect(page.locator('.report-panel[data-state="shown"]')).to_have_count(len(PANELS))
    assert asked, "the page counts again"


async def test_causes_are_told_by_product_with_their_change(desk: Desk) -> None:
    page = await shown(desk)
    asked = asked_by(page, "/v1/reports/causes")
    causes = page.locator('[data-panel="causes"]')
    await causes.get_by_role("combobox", name="By what").select_option("product")
    await expect(causes.locator("text.name").first).to_have_text("净水器")
    await expect(causes.locator("text.value").first).to_have_text(re.compile(r"^\d+ \((unchanged|[+−]\d+)\)$"))
    assert sorted((one["from"][0], one["group_by"][0]) for one in asked) == [
        ("2026-11-13", "product"),
        ("2026-11-20", "product"),
    ]


async def test_every_figure_says_how_it_is_worked_out_and_where_that_comes_from(page: Page) -> None:
    await page.locator(".tile-row .how summary").click()
    told = page.locator(".tile-row .formulas")
    await expect(told.locator("dt")).to_have_count(8)
    await expect(told).to_contain_text("served within the threshold / all (percent).")
    await expect(told.get_by_role("link").first).to_have_attribute("href", "https://www.icmi.com/sl")


async def test_a_table_is_ordered_by_what_is_pressed(page: Page) -> None:
    agents = page.locator('[data-panel="agents"]')
    await agents.get_by_role("button", name="Served", exact=True).click()
    first = agents.locator("tbody th").first
    await expect(first).to_have_text("Li Wei 李伟")
    await expect(agents.locator("th[aria-sort=descending]")).to_have_text("Served▼")
    await agents.get_by_role("button", name="Served", exact=True).click()
    await expect(first).to_have_text("Zhao Min 赵敏")


async def test_a_table_is_saved_as_it_is_read_and_no_cell_runs(page: Page) -> None:
    name, content = await saved(page, "causes", "CSV")
    lines = content.decode("utf-8-sig").splitlines()
    assert name == "tieline-causes-2026-11-20-2026-11-26.csv"
    assert lines[0].startswith("Cause,Let down,")
    assert [line.split(",")[0] for line in lines[1:4]] == ["物流慢", "产品质量", "等待太久"]
    assert [line for line in lines if "HYPERLINK" in line] == [lines[5]]
    assert lines[5].startswith("\"'=HYPERLINK")
    assert content.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("panel", ["volume", "heat", "causes"])
async def test_a_chart_is_saved_as_a_picture(reports: Desk, page: Page, panel: str) -> None:
    name, content = await saved(page, panel, "PNG")
    assert name.endswith("-2026-11-20-2026-11-26.png")
    assert content.startswith(PNG)
    width = int.from_bytes(content[16:20])
    drawing = await page.locator(f'[data-panel="{panel}"] svg.chart').evaluate("(chart) => chart.viewBox.baseVal.width")
    assert width == 2 * (drawing + 32)
    assert reports.complaints == []


async def test_what_a_customer_wrote_stays_text(page: Page) -> None:
    await page.locator('[data-panel="causes"] .as-table summary').click()
    await expect(page.locator('[data-panel="causes"] tbody th').last).to_have_text("<b>态度</b>")
    await expect(page.locator('[data-panel="causes"] b')).to_have_count(0)


async def test_what_cannot_be_judged_yet_is_said(desk: Desk) -> None:
    async def unjudged(route: Route) -> None:
        answer = await route.fetch()
        told = await answer.json()
        await route.fulfill(json={**told, "rows": [{**row, "fcr": None} for row in told["rows"]]})

    page = await desk.open(path="/desk/sign-in")
    await page.route(re.compile(r"/v1/reports/kpis\?.*group_by=day"), unjudged)
    await page.goto(desk.server.base + SPAN)
    await expect(page.locator('[data-panel="satisfaction"] .panel-note')).to_contain_text("known seven days after it")
    await expect(page.locator('[data-panel="service"] .panel-note')).to_be_hidden()


async def test_one_report_that_fails_leaves_the_others_standing(desk: Desk) -> None:
    page = await desk.open(path="/desk/sign-in")

    async def fail(route: Route) -> None:
        await route.fulfill(status=503, json={"code": "overloaded"}, content_type="application/problem+json")

    await page.route("**/v1/reports/causes*", fail)
    await page.goto(desk.server.base + SPAN)
    await expect(page.locator('.report-panel[data-state="shown"]')).to_have_count(len(PANELS) - 1)
    causes = page.locator('[data-panel="causes"]')
    await expect(causes).to_have_attribute("data-state", "failed")
    await expect(causes.get_by_role("status")).to_have_text("This takes too long just now. Choose fewer days or try again.")
    await expect(causes.locator("svg.chart")).to_be_hidden()


async def test_the_question_stands_in_the_address_and_comes_back(desk: Desk) -> None:
    page = await shown(desk)
    asked = asked_by(page, "/v1/reports/kpis")
    await page.get_by_role("combobox", name="Queue", exact=True).select_option("sales")
    await expect(page).to_have_url(re.compile("queue=sales"))
    await expect(page.locator('[data-panel="queues"]')).not_to_have_attribute("aria-busy", "true")
    assert {tuple(one["queue"]) for one in asked} == {("sales",)}
    await page.go_back()
    await expect(page.get_by_role("combobox", name="Queue", exact=True)).to_have_value("")
    await page.get_by_role("button", name="14 days").click()
    await expect(page.get_by_role("button", name="14 days")).to_have_attribute("aria-pressed", "true")
    await expect(page.locator('[data-panel="volume"] .upright')).to_have_count(3 * 14)


async def test_a_report_is_asked_once_however_many_panels_show_it(desk: Desk) -> None:
    page = await desk.open(path="/desk/sign-in")
    asked = asked_by(page, "/v1/reports/kpis")
    await page.goto(desk.server.base + SPAN)
    await expect(page.locator('.report-panel[data-state="shown"]')).to_have_count(len(PANELS))
    groups = sorted((one.get("group_by", ["whole"])[0], one["from"][0]) for one in asked)
    before = ("queue", "2026-11-13")
    assert groups == sorted([before, *((group, "2026-11-20") for group in ("agent", "day", "queue", "weekday_hour", "whole"))])
    assert [one["compare"] for one in asked if "group_by" not in one] == [["true"]]


async def test_the_wall_refreshes_itself_and_says_when_it_cannot(desk: Desk) -> None:
    context = await desk.context(viewport={"width": 1920, "height": 1080})
    page = await context.new_page()
    await page.clock.install()
    moments, figures = asked_by(page, "/v1/wallboard"), asked_by(page, "/v1/reports/kpis")
    await page.goto(f"{desk.server.base}/reports?wall=1")
    await expect(page.locator('[data-number="waiting"] dd')).to_have_text("3")
    await expect(page.locator('.tile[data-figure="service_level"] .tile-value')).to_contain_text("%")
    first = (len(moments), len(figures))
    await page.route("**/v1/**", lambda route: route.abort())
    await page.clock.run_for(61_000)
    await expect(page.locator('.link-state[data-state="retrying"]')).to_have_text("Not refreshed lately")
    await expect(page.locator(".wall-as-of")).to_have_text("Figures cannot be refreshed at the moment")
    assert len(moments) > first[0]
    assert len(figures) > first[1]


async def test_the_wall_fits_its_screen(desk: Desk) -> None:
    page = await shown(desk, "/reports?wall=1", viewport={"width": 1920, "height": 1080})
    assert await page.evaluate("document.documentElement.scrollHeight") <= 1080
    assert await page.evaluate(WIDER_THAN_THE_WINDOW) == []


async def test_paper_is_white_and_carries_no_controls(desk: Desk) -> None:
    page = await shown(desk, color_scheme="dark")
    await page.emulate_media(media="print", color_scheme="dark")
    await expect(page.locator(".filters")).to_be_hidden()
    await expect(page.locator(".panel-tools").first).to_be_hidden()
    await expect(page.locator("html")).to_have_css("background-color", "rgb(255, 255, 255)")
    await expect(page.locator('[data-panel="volume"] svg.chart')).to_be_visible()
    assert await page.evaluate(TOO_FAINT) == []
