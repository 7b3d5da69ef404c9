"""The text messages of Heron PBX: sent once for each reference, and kept so that a simulated customer can read them.

`GET /api/messages?number=…` is what lies on that customer's telephone, the last first; `/telephone` shows it to a person.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tieline.sandbox.screen import screen

_KEPT: Final = 1000
_ADDRESS: Final = re.compile(r"(https?://\S+)")


class MessageWish(BaseModel):
    """A message to be sent. `reference` makes a repetition harmless."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Annotated[str, Field(min_length=1)]
    text: Annotated[str, Field(min_length=1)]
    reference: Annotated[str, Field(min_length=1)]


class HeronMessages:
    """Messages by their reference. `refusal` says whether a caller is let in."""

    def __init__(self, refusal: Callable[[Request], Response | None], now: Callable[[], datetime]) -> None:
        self._refusal, self._now = refusal, now
        self._sent: dict[str, dict[str, Any]] = {}

    def routes(self) -> list[Route]:
        """Return where they are found."""
        return [
            Route("/api/messages", self.send, methods=["POST"]),
            Route("/api/messages", self.list, methods=["GET"]),
            Route("/telephone", self.telephone, methods=["GET"]),
        ]

    async def send(self, request: Request) -> Response:
        """Send a message, once for each reference."""
        if refusal := self._refusal(request):
            return refusal
        wish = MessageWish.model_validate_json(await request.body())
        known = self._sent.get(wish.reference)
        if known is not None:
            return JSONResponse({"message": known})
        at = self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        sent = {"id": f"msg-{len(self._sent) + 1}", "number": wish.number, "text": wish.text, "sentAt": at}
        self._sent[wish.reference] = sent
        while len(self._sent) > _KEPT:
            del self._sent[next(iter(self._sent))]
        return JSONResponse({"message": sent}, 201)

    async def list(self, request: Request) -> Response:
        """Return what was sent, the last first; to one number if it is asked for."""
        if refusal := self._refusal(request):
            return refusal
        return JSONResponse({"messages": self._lying_on(request.query_params.get("number"))})

    async def telephone(self, request: Request) -> Response:
        """Show the messages on a telephone, on all of them if none is named; addresses can be opened."""
        number = request.query_params.get("number")
        messages = [{**sent, "parts": _ADDRESS.split(sent["text"])} for sent in self._lying_on(number)]
        return screen("telephone.html", number=number, messages=messages)

    def _lying_on(self, number: str | None) -> Sequence[dict[str, Any]]:
        return [sent for sent in self._sent.values() if number in (None, sent["number"])][::-1]
