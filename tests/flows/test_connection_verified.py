"""An administrator verifies, breaks, pauses and mends a connection through the door; the cards on the desks follow."""

from tests.flows.door import KNOWN, Json, json_of, patiently
from tests.flows.house import RunningHouse

CRM = "/v1/connections/crm"


async def verify(house: RunningHouse) -> list[tuple[str, bool, str | None]]:
    steps = json_of(await house.client.post(f"{CRM}/verify"))["steps"]
    return [(step["name"], step["ok"], step["code"]) for step in steps]


async def put(house: RunningHouse, secrets: dict[str, str]) -> Json:
    read = await house.client.get(CRM)
    wish = {"connector": read.json()["connector"], "config": read.json()["config"], "secrets": secrets}
    return json_of(await house.client.put(CRM, json=wish, headers={"If-Match": read.headers["etag"]}))


async def standing(house: RunningHouse, expected: str) -> None:
    async for _ in patiently(f"the CRM never was {expected}"):
        if json_of(await house.client.get(f"{CRM}/health"))["standing"] == expected:
            return


async def test_a_connection_is_verified_with_its_sign_in(own_house: RunningHouse) -> None:
    kept = (await own_house.client.get(CRM)).json()["secrets"]
    assert kept == {"client_secret": "****", "hook_secret": "****"}
    assert await verify(own_house) == [("settings", True, None), ("addresses", True, None), ("ping", True, None)]
    await put(own_house, {"client_secret": "wrong"})
    assert await verify(own_house) == [
        ("settings", True, None),
        ("addresses", True, None),
        ("ping", False, "upstream_credentials"),
    ]


async def test_a_paused_system_is_asked_nothing_until_it_is_resumed(own_house: RunningHouse) -> None:
    assert (await own_house.pop(KNOWN))["customer"]["name"]
    await own_house.client.post(f"{CRM}/pause")
    await standing(own_house, "switched_off")
    await own_house.forget_answers()
    assert "crm" not in str((await own_house.pop(KNOWN)).get("blocks", {}).get("profile", {}).get("source"))
    assert await verify(own_house) == [("settings", True, None), ("addresses", True, None), ("ping", True, None)]
    await own_house.client.post(f"{CRM}/resume")
    await standing(own_house, "up")
    await own_house.forget_answers()
    assert (await own_house.pop(KNOWN))["customer"]["ref"].startswith("crm:")
