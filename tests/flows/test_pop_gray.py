"""New mapping rows for a tenth of the agents: the same tenth at every call, everybody else as before, and a way back."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from tests.flows.door import KNOWN, patiently
from tests.flows.house import RunningHouse

from tieline.cli.demo_setup import apply_file
from tieline.domain.errors import ConfigRefused

AGENTS = [str(number) for number in range(1001, 1041)]
A_TENTH = {"1009", "1020", "1027", "1030"}
"""Whom the lot of `crm.customer` falls on; `tests/unit/services/test_gray_release.py` holds it."""

NEW_ROWS = {"company": {"from": "segment"}}
"""Rows with an effect everybody can see: the CRM's segment stands where the company was."""


def set_up(house: RunningHouse, mapping: Mapping[str, Any] | None) -> str:
    """Return the demo's file with forty agents, and a mapping of the CRM's customers."""
    file = yaml.safe_load(apply_file(house.sandbox.places))
    file["agents"] = {agent: {"name": f"Agent {agent}", "extensions": [agent]} for agent in AGENTS}
    file["mappings"] = {} if mapping is None else {"crm": {"customer": dict(mapping)}}
    return str(yaml.safe_dump(file, allow_unicode=True))


async def companies(house: RunningHouse) -> dict[str, str | None]:
    """Ask for the same caller as each agent; return the company each is shown."""
    found = await asyncio.gather(*(company(house, agent) for agent in AGENTS))
    return dict(zip(AGENTS, found, strict=True))


async def company(house: RunningHouse, agent: str) -> str | None:
    """Return what an agent is shown once the CRM has answered; until then it is what is remembered, by whatever rows."""
    async for _ in patiently("the CRM never answered in time"):
        pop = await house.pop(KNOWN, agent=agent, call_id=f"gray-{agent}")
        if pop["blocks"]["profile"]["state"] in {"live", "cached"}:
            break
    shown: str | None = pop["customer"]["company"]
    return shown


async def served_new(house: RunningHouse) -> set[str]:
    return {agent for agent, company in (await companies(house)).items() if company == "VIP"}


async def test_a_tenth_of_the_agents_is_served_with_the_new_rows_and_keeps_them(own_house: RunningHouse) -> None:
    await own_house.apply(set_up(own_house, {"rows": NEW_ROWS, "gray": {"percent": 10}}))
    assert [await served_new(own_house), await served_new(own_house)] == [A_TENTH, A_TENTH]
    await own_house.apply(set_up(own_house, {"rows": NEW_ROWS, "gray": {"percent": 40}}))
    grown = await served_new(own_house)
    assert grown > A_TENTH
    assert len(grown) < len(AGENTS)


async def test_each_of_the_two_mappings_is_asked_for_once(own_house: RunningHouse) -> None:
    await own_house.apply(set_up(own_house, {"rows": NEW_ROWS, "gray": {"percent": 10}}))
    await companies(own_house)
    assert own_house.sandbox.asked("crm", "/v2/contacts") == 2
    assert own_house.sandbox.asked("helpdesk", "/api/tickets") == 1


async def test_the_trace_tells_which_rows_an_agent_was_served_with(own_house: RunningHouse) -> None:
    await own_house.apply(set_up(own_house, {"rows": NEW_ROWS, "gray": {"percent": 10, "release": "crm.customer"}}))
    await companies(own_house)
    releases = {agent: await release(own_house, agent) for agent in ("1009", "1001")}
    assert releases == {"1009": "crm.customer", "1001": None}


async def release(house: RunningHouse, agent: str) -> object:
    pop = (await house.trace(f"gray-{agent}"))["pops"][-1]
    (source,) = (one for one in pop["sources"] if one["block"] == "profile")
    return source["release"]


async def test_the_others_keep_the_rows_that_held_before(own_house: RunningHouse) -> None:
    await own_house.apply(set_up(own_house, {"rows": {"company": {"from": "locale"}}}))
    await own_house.apply(set_up(own_house, {"rows": NEW_ROWS, "gray": {"percent": 10}}))
    shown = await companies(own_house)
    assert {agent: company for agent, company in shown.items() if agent not in A_TENTH} == dict.fromkeys(
        sorted(set(AGENTS) - A_TENTH), "zh-CN"
    )


async def test_without_gray_the_rows_are_everybodys_and_without_rows_nobodys(own_house: RunningHouse) -> None:
    await own_house.apply(set_up(own_house, {"rows": NEW_ROWS, "gray": {"percent": 10}}))
    await own_house.apply(set_up(own_house, {"rows": NEW_ROWS}))
    assert await served_new(own_house) == set(AGENTS)
    await own_house.apply(set_up(own_house, {"rows": NEW_ROWS, "gray": {"percent": 0}}))
    await own_house.apply(set_up(own_house, None))
    assert await served_new(own_house) == set()


async def test_the_same_file_again_changes_nothing(own_house: RunningHouse) -> None:
    text = set_up(own_house, {"rows": NEW_ROWS, "gray": {"percent": 10}})
    await own_house.apply(text)
    again = await own_house.apply(text)
    assert {change.verb for change in again} == {"keep"}


@pytest.mark.parametrize("gray", [{"percent": 101}, {"percent": "ten"}, {"share": 10}, {"percent": 10, "release": ""}])
async def test_a_share_that_is_none_is_refused_with_file_and_line(house: RunningHouse, gray: dict[str, Any]) -> None:
    with pytest.raises(ConfigRefused, match=r"tieline\.yaml:\d+: mappings\.crm\.customer\.gray"):
        await house.apply(set_up(house, {"rows": NEW_ROWS, "gray": gray}))
