"""Section 3 of the public contract, key by key."""

from tests.flows.house import RunningHouse


async def test_smoke(house: RunningHouse) -> None:
    import json, time
    print(json.dumps(await house.pop(agent="1001", call_id="c-1"), indent=1, ensure_ascii=False))
    async with house.screen("1001") as screen:
        t=time.monotonic()
        await house.tell("ringing", "c-2", agent="1001")
        await screen.until(lambda s: s.card["status"] == "complete")
        print([(e.kind, e.at_s-t, e.content.get("status")) for e in screen.events])
