"""Where somebody is signed in, and ending it; for administrators, where everybody is. It runs no script of its own."""

from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from tieline.domain.errors import BodyMalformed, NotFound
from tieline.security.permissions import Caller
from tieline.services import sessions
from tieline.services.house import House
from tieline.services.sessions import Held
from tieline.store.sessions import SessionRow
from tieline.web.forms import form_of
from tieline.web.languages import language_of
from tieline.web.page_route import APPROVALS, SESSIONS
from tieline.web.painter import Painter
from tieline.web.provider_door import SignedIn
from tieline.web.standing import local_admin_inside

LONGEST_FORM_BYTES: Final = 512
OTHERS: Final = "others"


class SessionsPage:
    """The endpoints, with the painter they share. Another site's form is turned away before it gets here."""

    def __init__(self, painter: Painter) -> None:
        self._painter = painter

    def add_to(self, router: APIRouter) -> None:
        """Add the routes."""
        router.add_api_route(SESSIONS, self.show, methods=["GET"])
        router.add_api_route(SESSIONS, self.end, methods=["POST"])

    async def show(self, request: Request, caller: SignedIn) -> Response:
        """Show one's own sessions, and to whoever manages keys everybody else's."""
        house: House = request.app.state.house
        held = await sessions.held(house.database, _token(request), asker=caller, now=house.clock())
        reader = house.agent(caller.agent) if caller.agent else None
        language = language_of(request, preferred=reader.language if reader else None)
        return self._painter.page(
            request,
            "sessions.html",
            language=language,
            mine=[_told(house, row, held) for row in held.mine],
            others=[_told(house, row, held) for row in held.others],
            administers=sessions.administers(caller),
            has_desk=caller.may("desk.open"),
            approvals=APPROVALS if caller.may("approvals.decide") else None,
            action=SESSIONS,
            local_admin_inside=await local_admin_inside(request),
        )

    async def end(self, request: Request, caller: SignedIn) -> Response:
        """End one session by its id, or all of one's own but this; and show what is left."""
        wanted = (await form_of(request, longest_bytes=LONGEST_FORM_BYTES)).get("end", "")
        if not wanted:
            raise BodyMalformed
        await _end(request, wanted, caller)
        return RedirectResponse(f"{SESSIONS}?lang={language_of(request)}", status_code=303, headers={"Cache-Control": "no-store"})


async def _end(request: Request, wanted: str, caller: Caller) -> None:
    house: House = request.app.state.house
    now = house.clock()
    if wanted == OTHERS:
        await sessions.end_others(house.database, _token(request), asker=caller, now=now)
        return
    try:
        await sessions.end_by_id(house.database, wanted, asker=caller, now=now)
    except NotFound:
        return  # Somebody else was quicker, or it idled out while the page stood open.


def _token(request: Request) -> str:
    return request.cookies.get(request.app.state.session_cookie, "")


def _told(house: House, row: SessionRow, held: Held) -> dict[str, object]:
    """Return one row of the page, its times in the company's own zone."""
    zone = house.tickets.policy.zone
    agent = house.agent(row.agent) if row.agent else None
    provider = house.sign_in.provider_of(row.issuer)
    return {
        "id": row.id,
        "who": agent.name if agent else (row.admin or row.agent),
        "actor": row.actor.partition(":")[2],
        "here": row.id == held.current,
        "device": row.device,
        "address": row.address,
        "by": house.sign_in.providers[provider].title if provider else None,
        "way": "sessions.by_local_admin" if row.admin else "sessions.by_key",
        "since": row.created_at.astimezone(zone),
        "seen": row.last_seen_at.astimezone(zone),
    }
