"""The ids that paths name."""

from uuid import UUID

from tieline.domain.errors import NotFound


def id_in(text: str) -> UUID:
    """Return the id that a path names. Raises: NotFound: it is none, and so nothing's."""
    try:
        return UUID(text)
    except ValueError as exc:
        raise NotFound from exc
