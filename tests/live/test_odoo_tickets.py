"""A ticket born here lives in a real Odoo too: opened, closed there, edited on both sides at once."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from tests.flows.door import Json, patiently
from tests.flows.house import RunningHouse, open_house
from tests.flows.sandbox import Sandbox
from tests.live.odoo_server import KEY_FIELD, Odoo, OdooUnavailable, odoo

from tieline.services.webhooks.pulling import pull
from tieline.worker import run as worker

pytestmark = pytest.mark.live
LEARNS_WITHIN_S: Final = 15
SET_UP: Final = """
version: 1
connections:
  erp:
    connector: odoo
    config: {{base_url: "{url}", database: "{database}", project_id: 1}}
    secrets: {{api_key: "plain:{api_key}"}}
sources: {{customer: [erp], order: [erp], ticket: [erp]}}
tickets: {{systems: [erp], categories: [产品质量]}}
lines: {{"+861065543800": {{name: Support, country: CN, queues: [support]}}}}
agents: {{"1001": {{name: Li Wei, role: agent, extensions: ["1001"]}}}}
"""


@dataclass
class Office:
    """The house at work, and the Odoo beside it as its own people use it."""

    house: RunningHouse
    odoo: Odoo

    async def open(self, **fields: Any) -> Json:  # noqa: ANN401 - JSON
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        given = {"phone": "+8613800138003", "other_matter": True, **fields}
        answer = await self.house.client.post("/v1/tickets", json=given, headers=headers)
        assert answer.status_code == 201, answer.text
        return await self.until(answer.json()["id"], _in_sync, "it never reached Odoo")

    async def until(self, ticket_id: str, true: Callable[[Json], bool], complaint: str) -> Json:
        """Wait until something holds of a ticket. Raises: AssertionError: it never does."""
        async for _ in patiently(complaint, within_s=LEARNS_WITHIN_S):
            found: Json = (await self.house.client.get(f"/v1/tickets/{ticket_id}")).json()
            if true(found):
                return found
        raise AssertionError

    async def change(self, ticket_id: str, **fields: Any) -> None:  # noqa: ANN401 - JSON
        answer = await self.house.client.patch(f"/v1/tickets/{ticket_id}", json=fields, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text

    async def task(self, ticket: Json) -> dict[str, Any]:
        fields = ["name", "state", "priority", "partner_id", KEY_FIELD]
        return dict((await self._call("read", ids=[_id_there(ticket)], fields=fields))[0])

    async def write(self, ticket: Json, **values: str) -> None:
        await self._call("write", ids=[_id_there(ticket)], vals=values)

    async def tasks_of(self, ticket: Json) -> int:
        return int(await self._call("search_count", domain=[[KEY_FIELD, "=", f"{ticket['id']}:erp"]]))

    async def _call(self, method: str, **arguments: Any) -> Any:  # noqa: ANN401 - any JSON
        return await asyncio.to_thread(lambda: self.odoo.call("project.task", method, **arguments))


def _in_sync(ticket: Json) -> bool:
    return ticket["sync"] == "in_sync" and bool(ticket["links"])


def _id_there(ticket: Json) -> int:
    (link,) = ticket["links"]
    return int(link["external_id"])


@pytest.fixture(scope="session")
def server() -> Iterator[Odoo]:
    try:
        yield odoo()
    except OdooUnavailable as exc:
        pytest.skip(f"THE LIVE TEST AGAINST A REAL ODOO DID NOT RUN: {exc}")


@pytest.fixture
async def office(server: Odoo, database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    set_up = SET_UP.format(url=server.url, database=server.database, api_key=server.api_key)
    beside = Sandbox({}, {"erp": {"url": server.url}})
    async with open_house(database_url, tmp_path, beside, set_up=set_up, pop_deadline_ms=2000) as house:
        working = asyncio.create_task(worker.run(house.house, database_url, concurrency=4))
        try:
            yield Office(house, server)
        finally:
            working.cancel()
            await asyncio.wait([working])


async def test_a_ticket_is_in_odoo_once_and_closes_here_when_it_is_closed_there(office: Office) -> None:
    born = await office.open(subject="路由器无法联网", priority="high")
    task = await office.task(born)
    assert (task["name"], task["state"], task["priority"]) == ("路由器无法联网", "01_in_progress", "1")
    assert task["partner_id"]
    await office.change(born["id"], priority="urgent")
    await office.until(born["id"], _in_sync, "the change never reached Odoo")
    assert ((await office.task(born))["priority"], await office.tasks_of(born)) == ("2", 1)
    await office.write(born, state="1_done")
    await pull(office.house.house.webhooks, "erp", "ticket.changed")
    closed = await office.until(born["id"], lambda ticket: ticket["status"] == "closed" and _in_sync(ticket), "never closed")
    assert [(one["kind"], one["by"]) for one in closed["history"] if one["field"] == "status"] == [("synced", "erp")]


async def test_two_edits_of_one_field_are_a_question_and_the_answer_is_in_odoo(office: Office) -> None:
    born = await office.open(subject="原来的说法")
    await office.write(born, name="客户的说法")
    await office.change(born["id"], subject="坐席的说法")
    asked = await office.until(born["id"], lambda ticket: bool(ticket["conflicts"]), "no conflict")
    (conflict,) = asked["conflicts"]
    assert (conflict["base"], conflict["ours"]["value"], conflict["theirs"]["value"]) == (
        "原来的说法",
        "坐席的说法",
        "客户的说法",
    )
    assert (await office.task(born))["name"] == "客户的说法"
    decided = await office.house.client.post(f"/v1/reviews/{conflict['review_id']}/decide", json={"pick": "ours"})
    assert (decided.status_code, decided.json().get("state")) == (200, "settled"), decided.text
    await office.until(born["id"], _in_sync, "the answer never reached Odoo")
    assert (await office.task(born))["name"] == "坐席的说法"
