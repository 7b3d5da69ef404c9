"""What somebody sees who opens a contact in Lotus CRM: who it is, what they said, which cases they have."""

from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tieline.sandbox.lotus_cases import LotusCases
from tieline.sandbox.lotus_opinions import LotusOpinions
from tieline.sandbox.lotus_problems import problem
from tieline.sandbox.screen import screen

_UNSAID: Final = {"score": None, "comment": None, "channel": None, "causes": (), "labels": (), "mood": None, "answered_at": ""}


class LotusScreens:
    """Where `_links.web` of a contact leads. `record`: a contact as the API shows it; None: there is none of this id."""

    def __init__(
        self, record: Callable[[str, Request], dict[str, Any] | None], opinions: LotusOpinions, cases: LotusCases
    ) -> None:
        self._record, self._opinions, self._cases = record, opinions, cases

    def routes(self) -> list[Route]:
        """Return where they are found."""
        return [Route("/app/contacts/{id}", self.contact), Route("/app/cases/{id}", self.case)]

    async def contact(self, request: Request) -> Response:
        """Show a contact."""
        return self._shown(request, request.path_params["id"])

    async def case(self, request: Request) -> Response:
        """Show the contact a case is about."""
        return self._shown(request, self._cases.contact_of(request.path_params["id"]))

    def _shown(self, request: Request, contact: str | None) -> Response:
        record = self._record(contact, request) if contact else None
        if contact is None or record is None:
            return problem(404, "CONTACT_NOT_FOUND", "There is no such contact")
        opinions = [{**_UNSAID, **one} for one in self._opinions.said_by(contact)]
        newest = sorted(opinions, key=lambda one: str(one["answered_at"]), reverse=True)
        return screen("contact.html", contact=record, opinions=newest, cases=self._cases.of_contact(contact))
