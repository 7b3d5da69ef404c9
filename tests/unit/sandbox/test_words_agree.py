"""What the simulated PBX pushes means, through the connector, exactly what the canonical events of the same story say."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tieline.connectors.connection import VendorConnection, assemble
from tieline.connectors.inbound.request import InboundRequest
from tieline.connectors.recordings.replay import RecordedWire
from tieline.connectors.registry import Catalog
from tieline.domain.call import CallEvent
from tieline.sandbox import demo
from tieline.sandbox.access import ACCESS
from tieline.sandbox.event_words import canonical_events, form_body, pushed_event
from tieline.sandbox.player import Ring, Stage, Told, play
from tieline.sandbox.scenarios import scenarios

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def pbx() -> VendorConnection:
    settled = {"base_url": "http://heron.example", **ACCESS["pbx"]}
    return assemble("pbx", Catalog().find("heron_pbx"), settled, wire=RecordedWire(()), clock=lambda: NOON)


async def story(name: str) -> list[Told]:
    told: list[Told] = []

    async def post(event: Told) -> None:
        told.append(event)

    async def turn(_system: str, _knobs: Mapping[str, Any]) -> None:
        pass

    async def wait(_seconds: float) -> None:
        pass

    scenario = scenarios()[name]
    await play(scenario, Ring(scenario.caller, demo.line(), "1001", "x"), Stage(post, turn, lambda: NOON, wait))
    return told


def pushed(told: Told, *, form: bool) -> InboundRequest:
    push = pushed_event(told, "heron")
    assert push is not None
    body, content_type = (form_body(push), FORM) if form else (json.dumps(push), "application/json")
    return InboundRequest("POST", {"x-heron-hook": ACCESS["pbx"]["hook_secret"]}, "", content_type, body.encode())


def comparable(event: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what only one side has: our event ids, leg ids that repeat the agent, causes in each side's own words."""
    told = CallEvent.model_validate(event).model_dump(mode="json", exclude_none=True)
    return {name: value for name, value in told.items() if name not in {"event_id", "leg_id", "hangup_cause", "data"}}


@pytest.mark.parametrize("form", [False, True], ids=["json", "form"])
@pytest.mark.parametrize("name", list(scenarios()))
async def test_both_languages_tell_the_same_story(pbx: VendorConnection, name: str, *, form: bool) -> None:
    for told in await story(name):
        inbound = pbx.translate(pushed(told, form=form))
        assert (inbound.refused, inbound.ignored) == (None, "")
        assert [comparable(event) for event in inbound.events] == [comparable(event) for event in canonical_events(told)]
