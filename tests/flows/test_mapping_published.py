"""An administrator changes a mapping without code: previewed on the real system, published to every replica, taken back."""

from typing import Any

from tests.flows.door import KNOWN, Json, json_of, patiently
from tests.flows.house import RunningHouse

from tieline.connectors.registry import Catalog
from tieline.services.house import House
from tieline.wiring import house_of

ROWS = {"customer": {"rows": {"company": {"from": "segment"}}}}
MAPPING = "/v1/mappings/crm"


async def change(house: RunningHouse, method: str, target: str, **options: Any) -> Json:  # noqa: ANN401 - httpx takes many kinds
    tag = (await house.client.get(MAPPING)).headers["etag"]
    return json_of(await house.client.request(method, f"{MAPPING}{target}", headers={"If-Match": tag}, **options))


async def company(house: RunningHouse) -> str | None:
    await house.forget_answers()
    found: str | None = (await house.pop(KNOWN))["customer"]["company"]
    return found


async def test_rows_are_previewed_published_everywhere_and_taken_back(own_house: RunningHouse) -> None:
    before = await company(own_house)
    await change(own_house, "PUT", "/draft", json={"kinds": ROWS})
    wish = {"live": {"operation": "customer.find", "inputs": {"phone": KNOWN}}}
    shown = json_of(await own_house.client.post(f"{MAPPING}/preview", json=wish))
    assert [field["result"] for field in shown["records"][0] if field["field"] == "company"] == ["VIP"]
    assert await company(own_house) == before

    async with house_of(own_house.settings, own_house.database_url, Catalog()) as replica:
        await change(own_house, "POST", "/publish")
        await until_read_from(replica, ("segment",))
        await until_shown(own_house, "VIP")
        await change(own_house, "POST", "/rollback", json={"version": 1})
        await until_read_from(replica, ("org",))
        await until_shown(own_house, before)


async def until_read_from(replica: House, paths: tuple[str, ...]) -> None:
    async for _ in patiently("the other replica never heard of it"):
        row = replica.directory.trial("crm").book["customer"].rows["company"]
        if row.reads_from == paths:
            return


async def until_shown(house: RunningHouse, expected: str | None) -> None:
    async for _ in patiently(f"{expected} was never shown"):
        if await company(house) == expected:
            return
