"""Applying a file judges every address it names, before anything of it is written."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.connectors import sample

from tieline.connectors.registry import Catalog
from tieline.domain.errors import ConfigRefused
from tieline.services.apply import Applying, apply
from tieline.settings import Settings
from tieline.store import configuration
from tieline.store.configuration import Configuration
from tieline.wiring import applying

ON_PREMISE: Final = "erp.acme.example=10.2.0.0/16:443"
SET_UP: Final = """
version: 1
connections:
  public: {{connector: ./acme_helpdesk, config: {{base_url: "https://8.8.8.8"}}, secrets: {{token: plain:t}}}}
  erp: {{connector: ./acme_helpdesk, config: {{base_url: "{url}"}}, secrets: {{token: plain:t}}, paused: {paused}}}
lines: {{"+861065543800": {{name: Support}}}}
"""


@pytest.fixture
async def tools(database_url: str, tmp_path: Path) -> AsyncIterator[Applying]:
    sample.write_folder(tmp_path)
    settings = Settings(data_dir=tmp_path, private_networks=ON_PREMISE)
    async with applying(settings, database_url, Catalog()) as opened:
        yield opened


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two names lead where the tests want them to, and one nowhere."""
    known = {"erp.acme.example": "10.2.0.7", "www.acme.example": "10.2.0.7"}
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *rest: Any, **more: Any) -> Any:  # noqa: ANN401 - as the real one takes
        if host == "gone.acme.example":
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return real(known.get(host, host), port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


async def applied(tools: Applying, folder: Path, url: str, *, dry_run: bool = False, paused: bool = False) -> Configuration:
    """Apply the file and return what is set up then."""
    file = folder / "tieline.yaml"
    file.write_text(SET_UP.format(url=url, paused=str(paused).lower()))
    await apply(tools, file, dry_run=dry_run)
    return await set_up(tools)


async def set_up(tools: Applying) -> Configuration:
    async with tools.database.read() as conn:
        return await configuration.read(conn)


@pytest.mark.parametrize(
    "url",
    [
        "https://10.2.0.7",
        "https://169.254.169.254",
        "https://[::1]",
        "http://8.8.8.8",
        "https://8.8.8.8:8443",
        "https://erp.acme.example:444",
        "https://intranet",
        "https://www.acme.example",
    ],
)
@pytest.mark.parametrize("wish", [{}, {"dry_run": True}, {"paused": True}], ids=["for good", "dry run", "paused"])
@pytest.mark.usefixtures("names")
async def test_an_address_that_may_not_be_called_is_refused_by_name_and_nothing_is_written(
    tools: Applying, tmp_path: Path, url: str, wish: dict[str, bool]
) -> None:
    with pytest.raises(ConfigRefused) as caught:
        await applied(tools, tmp_path, url, **wish)
    assert (caught.value.code, caught.value.where) == ("url_forbidden", "connections.erp")
    assert "TIELINE_PRIVATE_NETWORKS" in caught.value.hint
    assert await set_up(tools) == Configuration()


@pytest.mark.parametrize("url", ["https://erp.acme.example", "https://8.8.4.4", "https://gone.acme.example"])
@pytest.mark.usefixtures("names")
async def test_what_is_permitted_public_or_not_known_at_this_moment_is_written(tools: Applying, tmp_path: Path, url: str) -> None:
    present = await applied(tools, tmp_path, url)
    assert present.connections["erp"].config == {"base_url": url}
