"""A house at work with a real Odoo beside it, which tells it of tasks by an automation rule, as the connector's README says."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.flows.door import Json, patiently
from tests.flows.house import RunningHouse, open_house
from tests.flows.sandbox import Sandbox
from tests.live.odoo_server import KEY_FIELD, Odoo

from tieline.services.webhooks.pulling import pull
from tieline.worker import run as worker

LEARNS_WITHIN_S: Final = 20
HOOK_SECRET: Final = "a-long-random-text"
RULE: Final = "tieline live"
SET_UP: Final = """
version: 1
connections:
  erp:
    connector: odoo
    config: {{base_url: "{url}", database: "{database}", project_id: 1}}
    secrets: {{api_key: "plain:{api_key}", hook_secret: "plain:{hook_secret}"}}
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
        """Open a ticket here, and wait until it is there."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        given = {"phone": "+8613800138003", "other_matter": True, **fields}
        answer = await self.house.client.post("/v1/tickets", json=given, headers=headers)
        assert answer.status_code == 201, answer.text
        return await self.until(answer.json()["id"], in_sync, "it never reached Odoo")

    async def until(self, ticket_id: str, true: Callable[[Json], bool], complaint: str) -> Json:
        """Wait until something holds of a ticket. Raises: AssertionError: it never does."""
        async for _ in patiently(complaint, within_s=LEARNS_WITHIN_S):
            found: Json = (await self.house.client.get(f"/v1/tickets/{ticket_id}")).json()
            if true(found):
                return found
        raise AssertionError

    async def learns(self, ticket_id: str, true: Callable[[Json], bool], complaint: str) -> Json:
        """Ask Odoo what changed until something holds of a ticket; of two who ask at once, one leaves it to the other."""
        async for _ in patiently(complaint, within_s=LEARNS_WITHIN_S):
            await pull(self.house.house.webhooks, "erp", "ticket.changed")
            found: Json = (await self.house.client.get(f"/v1/tickets/{ticket_id}")).json()
            if true(found):
                return found
            await asyncio.sleep(0.2)
        raise AssertionError

    async def until_there(self, ticket: Json, **values: object) -> None:
        """Wait until its task has these values. Raises: AssertionError: it never has; with what it has instead."""
        found: dict[str, Any] = {}
        for _ in range(LEARNS_WITHIN_S * 10):
            task = await self.task(ticket)
            found = {name: task[name] for name in values}
            if found == values:
                return
            await asyncio.sleep(0.1)
        assert found == values

    async def change(self, ticket_id: str, **fields: Any) -> None:  # noqa: ANN401 - JSON
        """Change a ticket here."""
        answer = await self.house.client.patch(f"/v1/tickets/{ticket_id}", json=fields, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text

    async def task(self, ticket: Json) -> dict[str, Any]:
        """Return its task as it stands there."""
        fields = ["name", "state", "priority", "partner_id", "date_deadline", KEY_FIELD]
        return dict((await self._call("project.task", "read", ids=[_id_there(ticket)], fields=fields))[0])

    async def write(self, ticket: Json, **values: str | bool) -> None:
        """Change its task, as somebody working there does."""
        await self._call("project.task", "write", ids=[_id_there(ticket)], vals=values)

    async def tasks_of(self, ticket: Json) -> int:
        """Count the tasks that carry our key of it."""
        return int(await self._call("project.task", "search_count", domain=[[KEY_FIELD, "=", f"{ticket['id']}:erp"]]))

    @asynccontextmanager
    async def told_by_a_rule(self) -> AsyncIterator[None]:
        """Let Odoo tell the house of every task while the block lasts."""
        address = f"{self.house.url}/v1/webhooks/erp/{HOOK_SECRET}"
        rule = await asyncio.to_thread(_add_rule, self.odoo, address)
        try:
            yield
        finally:
            await self._call("base.automation", "unlink", ids=[rule])

    async def _call(self, model: str, method: str, **arguments: Any) -> Any:  # noqa: ANN401 - any JSON
        return await asyncio.to_thread(lambda: self.odoo.call(model, method, **arguments))


def in_sync(ticket: Json) -> bool:
    """Say whether everything that is to be told was told."""
    return ticket["sync"] == "in_sync" and bool(ticket["links"])


def _id_there(ticket: Json) -> int:
    (link,) = ticket["links"]
    return int(link["external_id"])


def _add_rule(odoo: Odoo, address: str) -> int:
    (model,) = odoo.call("ir.model", "search", domain=[["model", "=", "project.task"]])
    fields = odoo.call("ir.model.fields", "search", domain=[["model", "=", "project.task"], ["name", "=", "write_date"]])
    rule = {"name": RULE, "model_id": model, "trigger": "on_create_or_write"}
    (made,) = odoo.call("base.automation", "create", vals_list=[rule])
    action = {
        "name": RULE,
        "model_id": model,
        "state": "webhook",
        "webhook_url": address,
        "webhook_field_ids": [[6, 0, fields]],
        "base_automation_id": made,
        "usage": "base_automation",
    }
    odoo.call("ir.actions.server", "create", vals_list=[action])
    return int(made)


@asynccontextmanager
async def office_beside(odoo: Odoo, database_url: str, folder: Path) -> AsyncIterator[Office]:
    """Open the house with its worker beside a running Odoo."""
    set_up = SET_UP.format(url=odoo.url, database=odoo.database, api_key=odoo.api_key, hook_secret=HOOK_SECRET)
    beside = Sandbox({}, {"erp": {"url": odoo.url}})
    async with open_house(database_url, folder, beside, set_up=set_up, pop_deadline_ms=2000) as house:
        working = asyncio.create_task(worker.run(house.house, database_url, concurrency=4))
        try:
            yield Office(house, odoo)
        finally:
            working.cancel()
            await asyncio.wait([working])
