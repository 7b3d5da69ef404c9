"""The other system did it and we never heard: after any such end there is one copy, whatever keeps a repetition from doubling it.

The CRM knows our key by search alone (T2), the helpdesk by header (T1). Fault F42, for tickets.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from tests.faults.proxy import Exchange, Rule, proxy
from tests.flows.house_fixtures import sandbox
from tests.flows.sandbox import Sandbox
from tests.flows.test_tickets import Office, opened

__all__ = ["sandbox"]
LOSES: Final = ("POST /v2/cases ", "POST /api/tickets.xml ", "PATCH /v2/cases/", "PUT /api/tickets/", "POST /v2/cases/")
ROUNDS: Final = 3


def losing_answers(lost: list[str]) -> Rule:
    """Let the system have each write, and lose the answer the first time it is told."""
    told: set[bytes] = set()

    async def rule(exchange: Exchange) -> None:
        line = exchange.head.split(b"\r\n", 1)[0]
        await exchange.forward()
        if line.decode().startswith(LOSES) and line + exchange.body not in told:
            told.add(line + exchange.body)
            lost.append(line.decode())
            exchange.reset()
            return
        await exchange.answer(exchange.reply)

    return rule


@asynccontextmanager
async def behind(sandbox: Sandbox, names: Mapping[str, Rule]) -> AsyncIterator[Sandbox]:
    """Put a proxy before some of the systems."""
    places = {name: dict(place) for name, place in sandbox.places.items()}
    async with proxy(_port(places["crm"]), names["crm"]) as crm, proxy(_port(places["helpdesk"]), names["helpdesk"]) as helpdesk:
        places["crm"]["url"], places["helpdesk"]["url"] = f"http://127.0.0.1:{crm.port}", f"http://127.0.0.1:{helpdesk.port}"
        yield Sandbox(sandbox.gates, places)


def _port(place: Mapping[str, str]) -> int:
    return int(place["url"].rpartition(":")[2])


@pytest.fixture
def lost() -> list[str]:
    return []


async def test_a_lost_answer_makes_no_second_copy_and_loses_no_change(
    database_url: str, tmp_path: Path, sandbox: Sandbox, lost: list[str]
) -> None:
    rules = {"crm": losing_answers(lost), "helpdesk": losing_answers(lost)}
    async with behind(sandbox, rules) as between, opened(database_url, tmp_path, between, told=False) as office:
        made = [await office.open() for _ in range(ROUNDS)]
        for one in made:
            await _settled(office, one["id"])
            await office.change(one["id"], priority="urgent")
        for one in made:
            whole = await _settled(office, one["id"])
            number, case_id = office.ids(whole)
            assert (await office.helpdesk.ticket(number))["prio"] == "1"
            cases = await office.crm.cases(correlation=f"{one['id']}:crm")
            assert [(case["id"], case["grade"]) for case in cases] == [(case_id, "P1")]
            same = [there for there in await office.helpdesk.tickets() if there.findtext("subject") == one["subject"]]
            assert [there.get("id") for there in same] == [number]
            assert whole["conflicts"] == []
    told = [line.split("/")[0] + line.split(" ")[1].split("/")[2].split(".")[0] for line in lost]
    assert {word: told.count(word) for word in set(told)} == {
        "POST cases": ROUNDS,
        "POST tickets": ROUNDS,
        "PATCH cases": ROUNDS,
        "PUT tickets": ROUNDS,
    }


async def _settled(office: Office, ticket_id: str) -> dict[str, object]:
    """Wait out the ladder: a second until the CRM's search must know, up to five until the helpdesk is told again."""
    for _ in range(5):
        try:
            return await office.in_sync(ticket_id)
        except AssertionError:
            continue
    return await office.in_sync(ticket_id)
