"""Certificates of machines through the real fronts: verified by haproxy and by nginx, and passed on by nobody else."""

import asyncio
import base64
import contextlib
import shutil
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Final

import httpx
import pytest
import uvicorn
from tests.api.conftest import copied
from tests.api.front_door import PBX_TOKEN, ROOT, FrontDoor, open_door
from tests.flows.door import patiently
from tests.flows.replicas import Program
from tests.front.authority import Authority, Issued
from tests.ports import free_port

from tieline.services import api_keys
from tieline.services.api_keys import KeyWish

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
ELSEWHERE: Final = "/usr/sbin:/usr/local/sbin:/usr/bin"
SPIFFE: Final = "spiffe://acme.cn/pbx/shanghai"
MACHINES, STRANGERS, SITE = Authority("Machines"), Authority("Strangers"), Authority("Site")
PBX: Final = MACHINES.issue("pbx", uris=(SPIFFE,))
FORGED: Final = STRANGERS.issue("pbx", uris=(SPIFFE,))
Configuration = Callable[[Path, int, int], tuple[str, ...]]


def haproxy(folder: Path, front: int, app: int) -> tuple[str, ...]:
    """The configuration of `deploy/` with the line for TLS that its comment names."""
    text = (DEPLOY / "haproxy.cfg").read_text()
    plain = 'bind "${TIELINE_FRONT-:8080}"'
    assert plain in text
    secured = f"bind 127.0.0.1:{front} ssl crt {folder}/site.pem ca-file {folder}/clients.pem verify optional"
    text = text.replace(plain, secured).replace('"${TIELINE_APP1-app1:8000}"', f"127.0.0.1:{app}")
    kept = [line for line in text.splitlines() if "TIELINE_APP2" not in line]
    (folder / "haproxy.cfg").write_text("\n".join(kept) + "\n")
    return ("-f", str(folder / "haproxy.cfg"))


def nginx(folder: Path, front: int, app: int) -> tuple[str, ...]:
    """The configuration of `deploy/`, its commented lines in use, inside the least that nginx wants around it."""
    text = (DEPLOY / "nginx.conf").read_text()
    changes = {
        "server app1:8000": f"server 127.0.0.1:{app}",
        "    server app2:8000 max_fails=1 fail_timeout=2s;\n": "",
        "listen 443 ssl": f"listen 127.0.0.1:{front} ssl",
        "/etc/nginx/tieline.pem": f"{folder}/site.pem",
        "/etc/nginx/tieline.key": f"{folder}/site.pem",
        "# ssl_client_certificate /etc/nginx/clients.pem": f"ssl_client_certificate {folder}/clients.pem",
        "# ssl_verify_client optional": "ssl_verify_client optional",
        "/var/log/nginx/tieline.log": f"{folder}/access.log",
        "server_name tieline.example": "server_name 127.0.0.1",
    }
    for before, after in changes.items():
        assert before in text, before
        text = text.replace(before, after)
    places = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    around = f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}} http {{ {places}\n{text}\n}}"
    (folder / "nginx.conf").write_text(around)
    return ("-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log"))


FRONTS: Final[Mapping[str, Configuration]] = {"haproxy": haproxy, "nginx": nginx}


@pytest.fixture(scope="module")
async def app(postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[int]:
    """The application behind the fronts, which knows one machine; yields its port."""
    with copied(postgres_url, template_database) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIELINE_TEST_PBX_TOKEN", PBX_TOKEN)
        async with open_door(url, tmp_path_factory.mktemp("app"), client_cert_proxies="127.0.0.1") as door:
            await _know_the_machine(door)
            async with _served(door) as port:
                yield port


@pytest.fixture(scope="module", params=FRONTS)
async def front(
    request: pytest.FixtureRequest, app: int, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[str, Path]]:
    """One of the fronts; yields its address and a folder with what it trusts."""
    program = shutil.which(request.param, path=ELSEWHERE)
    if program is None:
        pytest.skip(f"there is no {request.param} on this machine")
    folder, port = tmp_path_factory.mktemp(request.param), free_port()
    SITE.issue("front", address="127.0.0.1").bundle(folder / "site.pem")
    (folder / "clients.pem").write_bytes(MACHINES.root().pem)
    (folder / "site-authority.pem").write_bytes(SITE.root().pem)
    running = Program({}, folder / "front.log", (program,))
    await running.launch(*FRONTS[request.param](folder, port, app))
    try:
        async for _ in patiently(f"the front never answered, see {folder}"):
            with contextlib.suppress(httpx.TransportError):
                if (await ask(f"https://127.0.0.1:{port}", folder, target="/readyz")).is_success:
                    break
        yield f"https://127.0.0.1:{port}", folder
    finally:
        await running.kill()


async def ask(
    base: str, folder: Path, shown: Issued | None = None, *, target: str = "/v1/agents", **headers: str
) -> httpx.Response:
    trusted = folder / "site-authority.pem"
    context = shown.context(trusted, folder) if shown else ssl.create_default_context(cafile=trusted)
    async with httpx.AsyncClient(verify=context, trust_env=False, base_url=base) as client:
        return await client.get(target, headers={name.replace("_", "-"): value for name, value in headers.items()})


async def _know_the_machine(door: FrontDoor) -> None:
    wish = KeyWish("exchange", ("agents.read",), certificates=(SPIFFE,), certificate_alone=True)
    await api_keys.create(door.house.database, wish, asker=ROOT, now=door.house.clock())


@contextlib.asynccontextmanager
async def _served(door: FrontDoor) -> AsyncIterator[int]:
    server = uvicorn.Server(uvicorn.Config(door.app, host="127.0.0.1", port=free_port(), log_level="warning"))
    serving = asyncio.create_task(server.serve())
    async for _ in patiently("the application never started"):
        if server.started:
            break
    yield server.config.port
    server.should_exit = True
    await serving


async def test_a_machine_comes_in_by_its_certificate(front: tuple[str, Path]) -> None:
    base, folder = front
    answer = await ask(base, folder, PBX)
    assert answer.status_code == 200, answer.text


async def test_nobody_comes_in_without_one_or_by_writing_the_header_themselves(front: tuple[str, Path]) -> None:
    """Neither beside no certificate nor beside another machine's, under no spelling that a front could let through."""
    base, folder = front
    assert (await ask(base, folder)).status_code == 401
    header = f":{base64.b64encode(PBX.der).decode()}:"
    other = MACHINES.issue("other")
    for shown in (None, other):
        for name in ("Client_Cert", "client_cert", "CLIENT_CERT"):
            assert (await ask(base, folder, shown, **{name: header})).status_code == 401
    async with httpx.AsyncClient(
        verify=other.context(folder / "site-authority.pem", folder), trust_env=False, base_url=base
    ) as client:
        twice = await client.get(
            "/v1/agents", headers=[("Client-Cert", header), ("client-cert", header), ("Client_Cert", header)]
        )
    assert twice.status_code == 401


async def test_a_certificate_of_another_authority_does_not_get_past_the_front(front: tuple[str, Path]) -> None:
    base, folder = front
    try:
        answer = await ask(base, folder, FORGED)
    except (httpx.TransportError, ssl.SSLError):
        return  # haproxy ends the handshake; nginx answers 400 by itself
    assert answer.status_code == 400
