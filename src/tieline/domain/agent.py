"""The person who takes the call."""

from pydantic import BaseModel, ConfigDict


class Agent(BaseModel):
    """A person who takes calls."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    email: str | None = None
    role: str = "agent"
    team: str | None = None
    extensions: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    language: str | None = None
