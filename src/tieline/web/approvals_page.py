"""What waits for a second person, decided by people: one list, two buttons. It runs no script of its own."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Annotated, Any, Final, cast
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from tieline.domain.errors import BodyMalformed, NotFound, StateConflict
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services import approvals
from tieline.services.approvals import may_decide
from tieline.services.house import House
from tieline.store.approvals import ApprovalRow, Verdict
from tieline.web.forms import form_of
from tieline.web.languages import language_of
from tieline.web.page_route import APPROVALS
from tieline.web.painter import Painter
from tieline.web.standing import local_admin_inside

Decider = Annotated[Caller, permit("approvals.decide")]
LONGEST_FORM_BYTES: Final = 512
VERDICTS: Final = ("approved", "refused")


class ApprovalsPage:
    """The endpoints, with the painter they share. Another site's form is turned away before it gets here."""

    def __init__(self, painter: Painter) -> None:
        self._painter = painter

    def add_to(self, router: APIRouter) -> None:
        """Add the routes."""
        router.add_api_route(APPROVALS, self.show, methods=["GET"])
        router.add_api_route(APPROVALS, self.decide, methods=["POST"])

    async def show(self, request: Request, caller: Decider) -> Response:
        """Show what waits for whoever looks, and what they asked themselves."""
        house: House = request.app.state.house
        rows = await approvals.waiting(house.desk, by=caller)
        reader = house.agent(caller.agent) if caller.agent else None
        return self._painter.page(
            request,
            "approvals.html",
            language=language_of(request, preferred=reader.language if reader else None),
            rows=[_told(house, row, caller) for row in rows],
            has_desk=caller.may("desk.open"),
            action=APPROVALS,
            local_admin_inside=await local_admin_inside(request),
        )

    async def decide(self, request: Request, caller: Decider) -> Response:
        """Decide one, and show what is left."""
        form = await form_of(request, longest_bytes=LONGEST_FORM_BYTES)
        verdict = next((word for word in VERDICTS if word in form), "")
        house: House = request.app.state.house
        with suppress(NotFound, StateConflict):  # Somebody was quicker, or its time ended while the page stood open.
            await approvals.decide(house.desk, _id(form.get(verdict, "")), cast("Verdict", verdict), by=caller)
        address = f"{APPROVALS}?lang={language_of(request)}"
        return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as exc:
        raise BodyMalformed from exc


def _told(house: House, row: ApprovalRow, caller: Caller) -> dict[str, object]:
    """Return one row of the page, its times in the company's own zone."""
    zone = house.tickets.policy.zone
    kind, _, name = row.asked_by.partition(":")
    agent = house.agent(name) if kind == "agent" else None
    return {
        "id": row.id,
        "action": f"approvals.{row.action}",
        "details": " · ".join(_words(row.details)),
        "who": f"{agent.name} ({row.asked_by})" if agent else row.asked_by,
        "state": f"approvals.{row.verdict or 'waiting'}",
        "asked": row.asked_at.astimezone(zone),
        "until": row.expires_at.astimezone(zone),
        "may_decide": may_decide(row, by=caller),
    }


def _words(details: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is told of it, each by its name; what is listed names itself."""
    for name, value in sorted(details.items()):
        yield from value if isinstance(value, list) else [f"{name}: {value}"]
