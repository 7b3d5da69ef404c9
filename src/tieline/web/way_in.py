"""Where to lead whoever has just signed in."""

from collections.abc import Mapping
from typing import Final

from tieline.security.permissions import Caller
from tieline.web.page_route import BACK_TO

_OWN_RIGHT: Final[Mapping[str, str]] = {"sessions": "sessions.end", "approvals": "approvals.decide"}
"""Pages with a right of their own, beside the desk and the reports."""


def way_in(to: str | None, caller: Caller) -> str:
    """Return where to lead: where they came from (`to`), else to the desk; to the reports whoever has no desk.

    Raises: NotAllowed: they may open neither.
    """
    if to is not None and (room := _OWN_RIGHT.get(to)) and caller.may(room):
        return BACK_TO[to]
    if caller.may("reports.read") and (to in BACK_TO or not caller.may("desk.open")):
        return BACK_TO["reports"]
    caller.require("desk.open")
    return "/desk"
