"""What customers said, as Lotus CRM keeps it: its own old answers, and what it is told under the teller's own key."""

from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tieline.sandbox.lotus_problems import problem
from tieline.sandbox.lotus_records import opinion_record
from tieline.sandbox.population import Person
from tieline.sandbox.world import World

KINDS: Final = ("CSAT", "NPS", "CES", "COMPLAINT", "PRAISE", "SUGGESTION")
_FIELDS: Final = frozenset(
    {"contact_id", "case_id", "kind", "score", "comment", "channel", "causes", "labels", "mood", "answered_at", "telephone_call"}
)


class LotusOpinions:
    """Opinions by key. `refusal` says whether a caller is let in, `person` whose contact an id is."""

    def __init__(
        self, refusal: Callable[[Request], Response | None], person: Callable[[str], Person | None], world: World
    ) -> None:
        self._refusal, self._person, self._world = refusal, person, world
        self._told: dict[str, dict[str, Any]] = {}

    def routes(self) -> list[Route]:
        """Return where they are found."""
        return [
            Route("/v2/contacts/{id}/opinions", self.of_contact, methods=["GET"]),
            Route("/v2/opinions/{key}", self.keep, methods=["PUT"]),
        ]

    async def of_contact(self, request: Request) -> Response:
        """Return a contact's opinions, those we were told of last."""
        if refusal := self._refusal(request):
            return refusal
        contact = request.path_params["id"]
        if self._person(contact) is None:
            return problem(404, "CONTACT_NOT_FOUND", "There is no such contact")
        return JSONResponse({"opinions": self.said_by(contact)})

    def said_by(self, contact: str) -> list[dict[str, Any]]:
        """Return a contact's opinions; none of somebody nobody knows."""
        person = self._person(contact)
        old = [opinion_record(opinion) for opinion in self._world.opinions_of(person.key)] if person else []
        return [*old, *(opinion for opinion in self._told.values() if opinion["contact_id"] == contact)]

    async def keep(self, request: Request) -> Response:
        """Keep one under the caller's own key; the same key again replaces it."""
        if refusal := self._refusal(request):
            return refusal
        given = await request.json()
        if not isinstance(given, dict) or set(given) - _FIELDS or given.get("kind") not in KINDS:
            return problem(422, "BAD_FIELDS", "A field is unknown or not of its kind")
        if self._person(str(given.get("contact_id"))) is None:
            return problem(422, "CONTACT_NOT_FOUND", "There is no such contact")
        key = request.path_params["key"]
        status = 200 if key in self._told else 201
        self._told[key] = {**given, "key": key}
        return JSONResponse(self._told[key], status)
