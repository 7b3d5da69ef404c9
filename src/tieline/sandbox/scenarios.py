"""The calls that can be played, read from `scenarios.yaml` beside this file."""

from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

EventWord = Literal["queued", "ringing", "answered", "held", "resumed", "transferred", "conferenced", "ended"]
SystemWord = Literal["crm", "erp", "helpdesk", "pbx"]


class Step(BaseModel):
    """One event of a call, or one turn of a system's knobs, `at` milliseconds after the start."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: Annotated[int, Field(ge=0)]
    event: EventWord | None = None
    call: str = "a"
    linked_to: str | None = None
    caller: str | None = None
    agents: tuple[str, ...] = ()
    device: str | None = None
    queue: str | None = None
    target: str | None = None
    outcome: str | None = None
    talk_s: int | None = None
    wait_s: int | None = None
    hangup_cause: str | None = None
    recording_ref: str | None = None
    clock_s: float = 0.0
    twice: bool = False
    system: SystemWord | None = None
    knobs: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.event is None) == (self.system is None) or (self.system is None) != (self.knobs is None):
            raise ValueError("a step is an event, or a system with its knobs")
        return self


class Scenario(BaseModel):
    """One story. `to` is the line unless it says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    expect: str
    caller: str
    to: str | None = None
    direction: Literal["inbound", "outbound", "internal"] = "inbound"
    steps: tuple[Step, ...]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if list(self.steps) != sorted(self.steps, key=lambda step: step.at):
            raise ValueError("steps stand in the order of their times")
        return self


@cache
def scenarios() -> dict[str, Scenario]:
    """Return every scenario by name, in the order of the file."""
    text = files("tieline.sandbox").joinpath("scenarios.yaml").read_text("utf-8")
    return TypeAdapter(dict[str, Scenario]).validate_python(yaml.safe_load(text))
