"""The house behind the door, as routes reach it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request

from tieline.api.cursors import Cursors
from tieline.services.house import House


def house_of(request: Request) -> House:
    """Return the house this application was built for."""
    house: House = request.app.state.house
    return house


def cursors_of(request: Request) -> "SignedCursors":
    """Return what makes and reads cursors at this moment."""
    return SignedCursors(request.app.state.cursors, house_of(request).clock())


class SignedCursors:
    """Cursors of one request, with its instant."""

    def __init__(self, cursors: Cursors, now: datetime) -> None:
        self._cursors = cursors
        self._now = now

    def read(self, kind: str, text: str | None) -> list[Any] | None:
        """Return the place a caller wants to go on from; None: the beginning. Raises: BodyMalformed."""
        return self._cursors.read(kind, text, now=self._now)

    def write(self, kind: str, place: Sequence[Any] | None) -> str | None:
        """Return the text of the next place; None: there is none."""
        return None if place is None else self._cursors.write(kind, place, now=self._now)


HouseOfRequest = Annotated[House, Depends(house_of)]
CursorsOfRequest = Annotated[SignedCursors, Depends(cursors_of)]
