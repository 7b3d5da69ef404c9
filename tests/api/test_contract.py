"""Thousands of requests drawn from the published description: no fault of ours, no answer the description does not name."""

import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
import schemathesis
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from tests.api.sent_requests import SentRequests
from tests.flows.house_fixtures import new_database
from tests.flows.mask_crawl import Guarded, open_guarded
from tests.flows.sandbox import open_sandbox

from tieline.doors import app_of
from tieline.kit.clock import utc_now
from tieline.settings import Settings

CHECKS: Final = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
PASSING: Final = {502, 503, 504}
"""Right to say when somebody else is late or the machine too busy; the long look, which no other test disturbs, allows none."""
CASES_EACH: Final = int(os.environ.get("TIELINE_CONTRACT_CASES", "20"))
"""Requests made up for each operation, beside those at the edges of what it describes; more of them for a longer look."""
WANTED: Final = int(os.environ.get("TIELINE_CONTRACT_REQUESTS", "0"))
"""How many must really have been sent to all operations together; `make contract` wants 20,000."""
PATIENCE_S: Final = 60
STREAM: Final = "follow"
"""Has no end, and so no answer to look at."""
NOBODY: Final[Any] = SimpleNamespace(
    database=None,
    clock=utc_now,
    agent=lambda _: None,
    box=SimpleNamespace(derive=lambda _: b"k" * 32, seal=lambda *_, **__: b""),
)
DESCRIBED: Final = schemathesis.openapi.from_dict(app_of(NOBODY, Settings()).openapi()).exclude(operation_id=STREAM)


TAKES_APART: Final = {
    ("DELETE", "/v1/connections/{name}"),
    ("PUT", "/v1/connections/{name}"),
    ("DELETE", "/v1/webhook-subscriptions/{subscription_id}"),
}
"""Left to names of nothing: what comes after would find nothing there."""


@asynccontextmanager
async def open_served(url: str, folder: Path) -> AsyncIterator[Guarded]:
    async with open_sandbox() as sandbox, open_guarded(url, folder, sandbox) as guarded:
        exchange, told = sandbox.places["pbx"]["url"], {"target_url": f"{guarded.house.url}/v1/cti/pbx"}
        (await guarded.house.client.put(f"{exchange}/target", json=told)).raise_for_status()
        yield guarded


@pytest.fixture(scope="module")
def served(postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A house where everything has happened once, in a thread with an event loop of its own, as a separate process would have."""
    with (
        new_database(postgres_url, template_database) as url,
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(open_served(url, tmp_path_factory.mktemp("served"))) as guarded,
    ):
        yield guarded


@pytest.fixture(scope="module")
def sent() -> SentRequests:
    return SentRequests()


def name_what_is_there(case: schemathesis.Case[Any], known: Mapping[str, list[str]]) -> None:
    """Put an id that stands for something into the path, and leave what is changed as it may be."""
    if (case.method, case.operation.path) in TAKES_APART:
        return
    for name in case.path_parameters.keys() & known.keys():
        case.path_parameters[name] = known[name][0]
    if any(header.name == "If-Match" for header in case.operation.headers):
        case.headers["If-Match"] = "*"


@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")  # The house draws in its own thread.
@DESCRIBED.parametrize()
@settings(
    max_examples=CASES_EACH,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_keeps_its_word(case: schemathesis.Case[Any], served: Guarded, sent: SentRequests) -> None:
    if sent.of(case.operation.label) % 2 == 1:
        name_what_is_there(case, served.ids_of(case.operation.path))
    answer = case.call(base_url=served.house.url, headers={"Authorization": f"Bearer {served.key}"}, timeout=PATIENCE_S)
    sent.note(case.operation.label, answer)
    assert answer.status_code < 500 or answer.status_code in PASSING
    case.validate_response(answer, checks=CHECKS)


def described() -> Iterator[str]:
    for path, methods in DESCRIBED.raw_schema["paths"].items():
        yield from (f"{method.upper()} {path}" for method, each in methods.items() if each["operationId"] != STREAM)


def test_as_many_were_sent_as_are_said_to_be(sent: SentRequests, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{sent.told()}\n")
    assert sent.operations == set(described())
    assert sent.total >= WANTED
    assert not (WANTED and sent.server_errors)
