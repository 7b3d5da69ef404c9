"""House rules at the door: versions, conflicts, and what does not fit is refused without being repeated."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.api.front_door import FrontDoor, open_door

SCOPES = ("policies.read", "policies.edit")
CAUSES = {"causes": {"wait": {"zh-CN": "等待", "en": "Waiting", "words": {"zh-CN": ["排队"]}}}}


@pytest.fixture(scope="module")
async def door(another_database_url: str, pbx_token: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FrontDoor]:
    """A house of this module's own: what holds in it is no other test's."""
    del pbx_token
    async with open_door(another_database_url, tmp_path_factory.mktemp("policies")) as opened:
        yield opened


async def put(door: FrontDoor, kind: str, definition: Any, *, seen: str | None) -> httpx.Response:  # noqa: ANN401 - JSON
    headers = {**await door.signed(*SCOPES), **({"If-Match": f'"{seen}"'} if seen is not None else {})}
    return await door.ask("PUT", f"/v1/policies/{kind}", json={"definition": definition}, headers=headers)


async def version(door: FrontDoor, kind: str) -> str:
    answer = await door.ask("GET", f"/v1/policies/{kind}", headers=await door.signed(*SCOPES))
    assert answer.status_code == 200, answer.text
    return answer.headers["ETag"].strip('"')


async def test_every_version_is_kept_and_the_same_again_is_the_same_version(door: FrontDoor) -> None:
    before = await version(door, "causes")
    first = await put(door, "causes", CAUSES, seen=before)
    again = await put(door, "causes", CAUSES, seen=str(first.json()["version"]))
    other = await put(door, "causes", {"causes": {}}, seen=str(first.json()["version"]))
    assert [answer.status_code for answer in (first, again, other)] == [200] * 3
    assert (first.json()["version"], again.json()["version"]) == (other.json()["version"] - 1,) * 2
    listed = (await door.ask("GET", "/v1/policies/causes/versions", headers=await door.signed(*SCOPES))).json()["items"]
    assert [one["definition"] for one in listed[:2]] == [{"causes": {}}, CAUSES]
    assert listed[0]["created_by"].startswith("key:")


async def test_a_change_names_the_version_it_was_made_for(door: FrontDoor) -> None:
    missing, stale, odd = [await put(door, "surveys", {}, seen=seen) for seen in (None, "999", "x")]
    assert [(answer.status_code, answer.json()["code"]) for answer in (missing, stale, odd)] == [
        (428, "precondition_required"),
        (412, "precondition_failed"),
        (412, "precondition_failed"),
    ]


@pytest.mark.parametrize(
    ("kind", "definition", "code"),
    [
        ("surveys", {"quiet_hours": "canary-late"}, "policy_invalid"),
        ("surveys", {"ask": [{"after": "call", "template": "csat", "by": ["pigeon"]}]}, "policy_invalid"),
        ("surveys", {"ways": {"sms": {"connection": "nowhere_canary"}}}, "connection_unknown"),
        ("surveys", {"ways": {"sms": {"connection": "pbx", "values": ["{0.__class__}"]}}}, "policy_invalid"),
        ("causes", {"causes": {"a": {"zh-CN": "a", "en": "a", "parent": "a"}}}, "policy_invalid"),
        ("customers", {"rules": [{"name": "x", "tag": "y", "when": []}]}, "policy_invalid"),
        ("tickets", {"canary": 1}, "policy_invalid"),
    ],
)
async def test_rules_that_do_not_fit_are_refused(door: FrontDoor, kind: str, definition: dict[str, Any], code: str) -> None:
    answer = await put(door, kind, definition, seen=await version(door, kind))
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert "canary-late" not in answer.text


async def test_there_are_only_some_kinds_of_rules(door: FrontDoor) -> None:
    answer = await door.ask("GET", "/v1/policies/weather", headers=await door.signed(*SCOPES))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
