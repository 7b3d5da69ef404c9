import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.api.front_door import PBX_TOKEN, FrontDoor, open_door
from tests.conftest import address_of, run_on_server
from tests.sign_in.idp import CLIENT_ID, CLIENT_SECRET, Idp, identity_provider

PROVIDERS = """
version: 1
providers:
  company:
    kind: oidc
    title: Company account
    issuer: {issuer}
    client_id: {client}
    client_secret: env:TIELINE_TEST_OIDC_SECRET
    acr: [mfa]
    roles: {{claim: groups, values: {{cc-leads: supervisor, cc-agents: agent}}}}
  directory:
    kind: oidc
    title: Without groups
    issuer: {issuer}
    client_id: {client}
    client_secret: env:TIELINE_TEST_OIDC_SECRET
    agents: {{zhangsan: "1002"}}
"""


@pytest.fixture(scope="session")
def sign_in_database_url(postgres_url: str, template_database: str) -> Iterator[str]:
    name = f"tieline_sign_in_{uuid.uuid4().hex[:12]}"
    run_on_server(postgres_url, "CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log", name, template_database)
    yield address_of(postgres_url, name)
    run_on_server(postgres_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(scope="session")
async def idp() -> AsyncIterator[Idp]:
    async with identity_provider() as running:
        yield running


@pytest.fixture(scope="session")
async def door(sign_in_database_url: str, idp: Idp, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FrontDoor]:
    """The application with a scripted provider that people sign in by."""
    folder = tmp_path_factory.mktemp("sign_in")
    file = folder / "sign_in.yaml"
    file.write_text(PROVIDERS.format(issuer=idp.issuer, client=CLIENT_ID))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIELINE_TEST_PBX_TOKEN", PBX_TOKEN)
        patch.setenv("TIELINE_TEST_OIDC_SECRET", CLIENT_SECRET)
        async with open_door(
            sign_in_database_url,
            folder,
            sign_in_file=file,
            public_url="http://127.0.0.1",
            sign_ins_per_minute=0,
            private_networks=f"127.0.0.1=127.0.0.0/8:{idp.port}",
        ) as opened:
            yield opened
