"""A backup from before an erasure is restored with Postgres's own tools, made to forget, and serves nothing of the erased."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.conftest import address_of, run_on_server
from tests.flows.door import KNOWN, REGULAR
from tests.flows.house import RunningHouse, open_house
from tests.flows.test_erasing import CANARIES, SENIOR, WHY, hits, import_everybody, post, tell_of_case, write_about_her

from tieline.connectors.registry import Catalog
from tieline.security.permissions import Caller
from tieline.services.privacy import reapplying
from tieline.store.embedded_programs import find_programs
from tieline.wiring import house_of

OFFICER: Final = Caller("dpo", "dpo", frozenset())


@pytest.fixture
def restored_url(postgres_url: str, database_url: str) -> Iterator[str]:
    """An empty database to restore into."""
    name = f"{database_url.rpartition('/')[2]}_restored"
    run_on_server(postgres_url, "CREATE DATABASE {}", name)
    yield address_of(postgres_url, name)
    run_on_server(postgres_url, "DROP DATABASE {} WITH (FORCE)", name)


async def tool(name: str, *words: str) -> None:
    program = find_programs(Path("none")).path(name)
    done = await asyncio.to_thread(subprocess.run, [program, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


async def test_a_backup_from_before_the_erasure_serves_nothing_of_the_erased(
    own_house: RunningHouse, restored_url: str, tmp_path: Path
) -> None:
    ref = await write_about_her(own_house)
    dump = str(tmp_path / "backup.dump")
    await tool("pg_dump", "--format=custom", f"--file={dump}", own_house.database_url)
    await post(own_house.client, "/v1/privacy/erase", {"phone": REGULAR, **WHY})
    await post(own_house.client, "/v1/privacy/restrict", {"phone": KNOWN, **WHY})
    marks = await reapplying.marks(own_house.house.desk)

    await tool("pg_restore", "--no-owner", f"--dbname={restored_url}", dump)
    async with house_of(own_house.settings, restored_url, Catalog(), clock=own_house.clock) as not_serving:
        counts = await reapplying.reapply(not_serving.desk, not_serving.box, marks, caller=OFFICER)
        assert set(counts) >= {"identity_keys", "interactions", "tickets", "feedback"}, "the backup did hold her"

    async with open_house(restored_url, own_house.folder, own_house.sandbox) as served:
        assert await hits(served) == {}
        card = await served.pop(REGULAR, agent=SENIOR)
        assert (card["match"]["state"], card["customer"]) == ("none", None)
        answers = [await served.client.get(path) for path in (f"/v1/customers/{ref}", "/v1/tickets", "/v1/feedback")]
        assert [word for word in CANARIES for answer in answers if word in answer.text] == []
        assert [one["view"] for one in (await served.pop(KNOWN, agent=SENIOR))["narrowed"]] == ["restricted"]

        await import_everybody(served.house, tmp_path, ref)
        await tell_of_case(served, ref)
        await served.settle()
        assert await hits(served) == {}, "neither a full import nor a webhook brings her back"
