"""Whose data is only kept, as this process knows: nobody is asked about them, and what is kept is not shown or used."""

from collections.abc import Iterable
from typing import Final

from tieline.domain.narrowing import SET_ASIDE, Narrowed
from tieline.domain.references import ExternalRef
from tieline.services.privacy.marked import Marked

LABEL: Final = Narrowed(view=SET_ASIDE, because="processing is restricted")
"""What is told where somebody's data is not shown."""


class Restricted(Marked):
    """The people whose processing is restricted."""

    def any_of(self, written: Iterable[object]) -> bool:
        """Say whether any of these names a restricted person: numbers as the stores write them, records as `crm:003xx`."""
        return bool(self) and any(self._names(one) for one in written if isinstance(one, str))

    def _names(self, written: str) -> bool:
        if written.startswith("+"):
            return self.number(written)
        try:
            return self.ref(ExternalRef.parse(written))
        except ValueError:
            return False
