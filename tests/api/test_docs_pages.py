"""The description of the interface: complete, and readable in a browser that reaches nothing but this server."""

import asyncio
import contextlib
import re
import shutil
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
import uvicorn
from playwright.async_api import Browser, Page, Request, async_playwright
from tests.api.front_door import FrontDoor

from tieline.api import wire

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CLOSED_NETWORK = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
IDLE_MS = 60_000


class Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@pytest.fixture
async def address(open_house: FrontDoor) -> AsyncIterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = Quiet(uvicorn.Config(open_house.app, **wire.server_options()))
    serving = asyncio.create_task(server.serve([listener]))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await serving


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("BROWSER TESTS WERE NOT RUN: NO CHROMIUM IS INSTALLED HERE")
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=CLOSED_NETWORK)
        yield opened
        await opened.close()


class Visit:
    """A page, and everything it asked for or complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.answered: set[str] = set()
        self.elsewhere: set[str] = set()
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("requestfinished", self._note)

    def _note(self, request: Request) -> None:
        (self.answered if re.match(r"(http://127\.0\.0\.1|data:|blob:)", request.url) else self.elsewhere).add(request.url)


@pytest.mark.browser
async def test_docs_render_in_a_closed_network(address: str, browser: Browser) -> None:
    visit = Visit(await browser.new_page())
    await visit.page.goto(f"{address}/docs")
    operation = visit.page.locator(".opblock", has_text="Who is calling?").first
    await operation.locator(".opblock-summary-control").click(timeout=IDLE_MS)
    await operation.get_by_text("Try it out").wait_for(timeout=IDLE_MS)
    assert await visit.page.locator(".opblock").count() >= 20
    assert (visit.elsewhere, visit.complaints) == (set(), [])


@pytest.mark.browser
async def test_redoc_renders_in_a_closed_network(address: str, browser: Browser) -> None:
    visit = Visit(await browser.new_page())
    await visit.page.goto(f"{address}/redoc")
    await visit.page.get_by_role("heading", name="Who is calling?").first.wait_for(timeout=IDLE_MS)
    assert visit.elsewhere == set()
    strange = [text for text in visit.complaints if "cdn.redoc.ly/redoc/logo-mini.svg" not in text]
    assert strange == [], "only Redoc's own logo may be missing; our policy keeps it out"


async def test_every_operation_is_told_in_full(door: FrontDoor) -> None:
    wrong = []
    for path, item in door.app.openapi()["paths"].items():
        for method, operation in item.items():
            told = f"{method} {path}"
            lacking = {key for key in ("summary", "description", "operationId", "tags") if not operation.get(key)}
            statuses = set(operation["responses"])
            needed = {"400", "414", "421", "431", "500", "503"} | ({"401", "403"} if "security" in operation else set())
            needed |= {"408", "413", "415", "422"} if "requestBody" in operation else set()
            wrong += [(told, lacking)] if lacking else []
            wrong += [(told, needed - statuses)] if needed - statuses else []
            wrong += [(told, status) for status in statuses if status >= "400" and not is_problem(operation, status)]
    assert wrong == []


def is_problem(operation: dict[str, dict[str, dict[str, object]]], status: str) -> bool:
    content = operation["responses"][status].get("content", {})
    return "application/problem+json" in str(content) or (status == "503" and "Ready" in str(content))


async def test_names_of_operations_are_ours_and_each_is_used_once(door: FrontDoor) -> None:
    names = [operation["operationId"] for item in door.app.openapi()["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", name) for name in names), names


async def test_what_is_required_to_be_sent_comes_with_an_example(door: FrontDoor) -> None:
    schema = door.app.openapi()
    wrong = []
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                name = content["schema"].get("$ref", "").rsplit("/", 1)[-1]
                model = schema["components"]["schemas"].get(name, {})
                if media == "application/json" and not (content.keys() & {"example", "examples"} or "example" in str(model)):
                    wrong.append(f"{method} {path}")
    assert wrong == []


async def test_no_schema_is_left_over_and_none_is_missing(door: FrontDoor) -> None:
    text = (await door.ask("GET", "/openapi.json", headers=await door.signed("docs.read"))).text
    schemas = door.app.openapi()["components"]["schemas"]
    used = set(re.findall(r"#/components/schemas/([\w.-]+)", text))
    assert used == set(schemas)


async def test_the_description_is_for_those_who_may_read_it(door: FrontDoor) -> None:
    for target in ("/openapi.json", "/docs", "/redoc"):
        assert (await door.ask("GET", target)).status_code == 401
        assert (await door.ask("GET", target, headers=await door.signed("docs.read"))).status_code == 200
