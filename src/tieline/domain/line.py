"""A called number: whose brand it is and how numbers that reach it are written."""

from pydantic import BaseModel, ConfigDict


class Line(BaseModel):
    """One line (DNIS). Durations in seconds; numbers E.164. Defaults are the rule book's; the deadline's is the deployment's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: str
    name: str
    country: str = "CN"
    language: str = "zh"
    queues: tuple[str, ...] = ()
    outside_prefixes: tuple[str, ...] = ()
    minimum_external_digits: int = 6
    area_code: str | None = None
    direct_dial: bool = True
    pop_deadline_ms: int | None = None
    repeat_window_s: int = 1800
    open_issue_window_s: int = 86400
