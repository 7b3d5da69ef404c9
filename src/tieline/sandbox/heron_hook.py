"""How Heron PBX tells the outside what happens on a call: one push for each event, to one URL."""

from typing import Annotated, Any, Final, Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field

from tieline.sandbox.access import ACCESS
from tieline.sandbox.event_words import Dialect, form_body, pushed_event
from tieline.sandbox.player import Told

_POST_TIMEOUT_S: Final = 5.0


class PlayWish(BaseModel):
    """What is to be played. Without `from` the scenario's own caller rings, without `to` the demo's line is called."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: str = "known"
    from_: Annotated[str | None, Field(alias="from")] = None
    to: str | None = None
    agent: str = "1001"
    target_url: str | None = None
    dialect: Dialect = "heron"
    body: Literal["json", "form"] = "json"
    speed: Annotated[float, Field(gt=0, le=1000)] = 1.0
    headers: dict[str, str] = Field(default_factory=dict)


class HookPoster:
    """Pushes events to one URL and notes what came back."""

    def __init__(self, target_url: str, wish: PlayWish, posts: list[dict[str, Any]]) -> None:
        self.client = httpx.AsyncClient(timeout=_POST_TIMEOUT_S, trust_env=False)
        self._target_url, self._wish, self._posts = target_url, wish, posts

    async def post(self, told: Told) -> None:
        """Push one event; a target that is slow, broken or gone does not stop the call."""
        pushed = pushed_event(told, self._wish.dialect)
        if pushed is None:
            return
        note: dict[str, Any] = {"event": pushed["event"], "status": None}
        self._posts.append(note)
        try:
            answer = await self.client.post(self._target_url, **self._encoded(pushed))
        except httpx.HTTPError as exc:
            note["error"] = type(exc).__name__
            return
        note["status"], note["answer"] = answer.status_code, answer.text[:500]

    def _encoded(self, pushed: dict[str, Any]) -> dict[str, Any]:
        headers = {"X-Heron-Hook": ACCESS["pbx"]["hook_secret"], **self._wish.headers}
        if self._wish.body == "json":
            return {"json": pushed, "headers": headers}
        return {"content": form_body(pushed), "headers": {"Content-Type": "application/x-www-form-urlencoded", **headers}}
