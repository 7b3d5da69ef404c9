"""What was signed long ago proves nothing, and what was told before has no second effect (F25, F28), at the real door."""

import json
import time
import uuid
from typing import Final

import httpx
import pytest
from tests.flows.house import RunningHouse

from tieline.observability.metrics import SECURITY_EVENTS
from tieline.sandbox.access import ACCESS
from tieline.sandbox.hooks import lotus_signature

STALE: Final = "webhook_timestamp_stale"


async def told(house: RunningHouse, delivery: str, *, off_s: int = 0) -> httpx.Response:
    """Tell what the CRM tells of a case, signed by its clock, which is so many seconds off ours."""
    body = json.dumps({"event": "case.created", "case_id": "C-1", "revision": 1, "delivery": delivery}).encode()
    moment = str(int(house.clock().timestamp()) + off_s)
    headers = {"content-type": "application/json", **lotus_signature(body, moment, ACCESS["crm"]["hook_secret"])}
    return await house.client.post("/v1/webhooks/crm", content=body, headers=headers)


async def kept(house: RunningHouse) -> int:
    return int((await house.rows("SELECT count(*) FROM inbox WHERE kind = 'event'"))[0][0])


def seen(event: str) -> float:
    return float(SECURITY_EVENTS.labels(event)._value.get())


@pytest.mark.parametrize("off_s", [-301, 302, -600, 600])
async def test_a_valid_signature_of_another_time_is_refused_with_our_time_and_noted(house: RunningHouse, off_s: int) -> None:
    before = seen(STALE)
    answer = await told(house, uuid.uuid4().hex, off_s=off_s)
    assert (answer.status_code, answer.json()["code"], await kept(house)) == (401, "timestamp_stale", 0)
    assert abs(time.mktime(time.strptime(answer.headers["date"], "%a, %d %b %Y %H:%M:%S GMT")) - time.mktime(time.gmtime())) < 60
    assert seen(STALE) - before == 1


@pytest.mark.parametrize("off_s", [-290, 290])
async def test_a_clock_a_little_off_is_believed(house: RunningHouse, off_s: int) -> None:
    assert (await told(house, uuid.uuid4().hex, off_s=off_s)).status_code == 202


async def test_the_same_told_again_under_a_new_signature_is_thanked_for_and_does_nothing(house: RunningHouse) -> None:
    delivery = uuid.uuid4().hex
    answers = [await told(house, delivery, off_s=off_s) for off_s in (-100, 0, 100)]
    assert ([answer.status_code for answer in answers], await kept(house)) == ([202] * 3, 1)
