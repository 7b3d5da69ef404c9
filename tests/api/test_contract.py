"""Thousands of requests drawn from the published description: no fault of ours, no answer the description does not name."""

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from tests.api.front_door import open_door

from tieline.api import wire
from tieline.kit.clock import utc_now
from tieline.security.permissions import PERMISSIONS
from tieline.settings import Settings
from tieline.wiring import app_of

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
CASES_EACH: Final = int(os.environ.get("TIELINE_CONTRACT_CASES", "40"))
"""Requests made up for each operation; more of them for a longer look."""
NOBODY: Final[Any] = SimpleNamespace(
    database=None,
    clock=utc_now,
    agent=lambda _: None,
    box=SimpleNamespace(derive=lambda _: b"k" * 32, seal=lambda *_, **__: b""),
)
DESCRIBED: Final = schemathesis.openapi.from_dict(app_of(NOBODY, Settings()).openapi()).exclude(
    operation_id="follow"  # an endless stream
)


class Served:
    """The application in a thread of its own, with its own event loop, as a separate process would have."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self._database_url = database_url
        self._folder = folder
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ready = threading.Event()
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self.key = ""

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(30), "the server did not start"

    def stop(self) -> None:
        assert self._server is not None
        self._server.should_exit = True
        self._thread.join(30)

    async def _serve(self) -> None:
        async with open_door(self._database_url, self._folder) as door:
            self.key = await door.key(*PERMISSIONS)
            self._server = Quiet(uvicorn.Config(door.app, **wire.server_options()))
            self._ready.set()
            await self._server.serve([self._listener])


class Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@pytest.fixture(scope="module")
def served(another_database_url: str, pbx_token: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    del pbx_token
    server = Served(another_database_url, tmp_path_factory.mktemp("served"))
    server.start()
    yield server
    server.stop()


@DESCRIBED.parametrize()
@settings(
    max_examples=CASES_EACH,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_keeps_its_word(case: schemathesis.Case[Any], served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.key}"}
    case.call_and_validate(base_url=served.base_url, headers=headers, checks=CHECKS)
