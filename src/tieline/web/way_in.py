"""Where to lead whoever has just signed in."""

from tieline.security.permissions import Caller
from tieline.web.page_route import BACK_TO


def way_in(to: str | None, caller: Caller) -> str:
    """Return where to lead: where they came from (`to`), else to the desk; to the reports whoever has no desk.

    Raises: NotAllowed: they may open neither.
    """
    if to == "sessions" and caller.may("sessions.end"):
        return BACK_TO[to]
    if caller.may("reports.read") and (to in BACK_TO or not caller.may("desk.open")):
        return BACK_TO["reports"]
    caller.require("desk.open")
    return "/desk"
