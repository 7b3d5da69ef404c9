"""After a backup was restored: erase again whoever was erased since, and restrict who was, by a list that names nobody."""

from collections.abc import Sequence

from tieline.domain.data_subject import DataSubject, number_mark, record_mark
from tieline.domain.phone_normalise import normalise
from tieline.security.permissions import Caller
from tieline.security.secret_box import SecretBox
from tieline.services.pop_desk import PopDesk
from tieline.services.privacy.erasing import erase_subject
from tieline.services.privacy.marked import KIND
from tieline.services.privacy.restricting import restrict_again
from tieline.store import erasures, known_people, restrictions
from tieline.store.patience import take_time

REASON = "restored from a backup"
RESTRICTED = "restricted:"
"""What stands before a mark of somebody whose data is kept and not processed."""


async def marks(desk: PopDesk) -> Sequence[str]:
    """Return the stand-ins of everybody erased or restricted, to be kept where a restored backup does not overwrite them."""
    async with desk.database.read() as conn:
        aside = [RESTRICTED + token for token in await restrictions.marks(conn)]
        return sorted([*await erasures.marks(conn), *aside])


async def reapply(desk: PopDesk, box: SecretBox, kept: Sequence[str], *, caller: Caller) -> dict[str, int]:
    """Erase whoever is known again and stands in a list of marks, restrict who stands there so; return what went, by table.

    The marks are put back for all of them, known here or not. Raises: Overloaded: it could not be written down.
    """
    aside = [mark.removeprefix(RESTRICTED) for mark in kept if mark.startswith(RESTRICTED)]
    if aside:
        await restrict_again(desk, aside, REASON, caller=caller)
    erased = [mark for mark in kept if not mark.startswith(RESTRICTED)]
    subject = await _known_among(desk, frozenset(erased))
    _, counts = await erase_subject(desk, box, subject, REASON, caller=caller, marks=erased)
    return counts


async def _known_among(desk: PopDesk, kept: frozenset[str]) -> DataSubject:
    line = desk.directory.now.line_of(None)
    async with desk.database.begin() as tx:
        await take_time(tx)
        numbers, records = await known_people.numbers(tx), await known_people.records(tx)
    return DataSubject(
        numbers=tuple(normalise(one, line=line) for one in numbers if desk.pseudonyms.of(KIND, number_mark(one)) in kept),
        refs=tuple(one for one in records if desk.pseudonyms.of(KIND, record_mark(one.connection, one.kind, one.id)) in kept),
    )
