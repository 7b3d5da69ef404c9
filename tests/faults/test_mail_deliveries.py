"""A letter that was promised: sent again while it is certain that it did not go out, shown to a person when it may have."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
from tests.delivery.vendor import Vendor, World
from tests.faults.certificates import certificate
from tests.faults.mail_server import PASSWORD, USER, MailServer, mail_server

from tieline.connectors.connection import open_connection
from tieline.connectors.registry import Catalog
from tieline.kit.clock import utc_now
from tieline.security.egress import Egress
from tieline.services.delivery.outlets import ConnectionOutlet
from tieline.store.database import Database

LI = "li.wei@example.org"
LONG = timedelta(hours=13)


@dataclass
class Post:
    """A worker whose letters go to a server."""

    world: World
    server: MailServer

    async def promise(self) -> UUID:
        return await self.world.promise(operation="message.send", inputs={"to": LI, "subject": "Hello", "text": "Hello."})

    async def carry(self, promised: UUID) -> tuple[str, str | None]:
        await self.world.carry()
        kept = await self.world.find(promised)
        return kept.state, kept.reason


@pytest.fixture
async def post(database: Database, tmp_path: Path) -> AsyncIterator[Post]:
    async with mail_server(certificate(tmp_path, "127.0.0.1")) as server:
        authority = (tmp_path / "cert.pem").read_text()
        form = {"host": "127.0.0.1", "port": server.port, "username": USER, "sender": USER, "certificate_authority": authority}
        connection = open_connection(
            "mail",
            Catalog().find("smtp_email"),
            config=form,
            secrets={"password": PASSWORD},
            clock=utc_now,
            egress=Egress.parse(f"127.0.0.1=127.0.0.0/8:{server.port}"),
        )
        yield Post(World(database, cast("Vendor", ConnectionOutlet(connection))), server)
        await connection.aclose()


async def test_a_greylisted_letter_goes_out_later_and_once(post: Post) -> None:
    post.server.refusals = {LI: "451 4.7.1 come back later"}
    promised = await post.promise()
    assert await post.carry(promised) == ("pending", "upstream_unavailable")
    post.server.refusals = {}
    await post.world.let_pass(LONG)
    assert await post.carry(promised) == ("delivered", None)
    kept = await post.world.find(promised)
    assert post.server.letter()["message-id"] == kept.external_id
    assert str(kept.external_id).startswith("<")


async def test_a_letter_that_may_have_gone_out_is_never_sent_again_by_itself(post: Post) -> None:
    post.server.hangs_up = True
    promised = await post.promise()
    assert (await post.carry(promised))[0] == "unknown"
    post.server.hangs_up = False
    await post.world.let_pass(LONG)
    assert (await post.carry(promised))[0] == "unknown"
    assert len(post.server.letters) == 1


async def test_a_refused_letter_is_laid_aside(post: Post) -> None:
    post.server.refusals = {LI: "550 5.1.1 no such user"}
    promised = await post.promise()
    assert await post.carry(promised) == ("dead", "upstream_rejected")
    assert post.server.letters == []
