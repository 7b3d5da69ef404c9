"""What other systems were told of feedback, however late the end of an earlier telling is heard."""

from uuid import UUID

import pytest

from tieline.domain.feedback import Feedback
from tieline.kit.clock import utc_now
from tieline.store import feedback
from tieline.store.database import Database

ID = UUID(int=7)


@pytest.mark.parametrize(
    ("told", "stands"),
    [
        ([(1, "sending"), (1, "told")], (1, "told")),
        ([(1, "sending"), (2, "sending"), (1, "told")], (2, "sending")),
        ([(1, "sending"), (2, "sending"), (2, "told"), (1, "failed")], (2, "told")),
    ],
    ids=["the only one", "an earlier one ends first", "an earlier one ends last"],
)
async def test_the_end_of_an_earlier_telling_says_nothing_of_a_later_one(
    database: Database, told: list[tuple[int, str]], stands: tuple[int, str]
) -> None:
    now = utc_now()
    async with database.begin() as tx:
        await feedback.add(tx, Feedback(id=ID, kind="praise", channel="phone", at=now, received_at=now, received_by="x"))
        for revision, state in told:
            await feedback.note_written(tx, ID, "crm", {"state": state, "revision": revision})
        known = await feedback.find(tx, ID)
    assert known is not None
    assert (known.written["crm"]["revision"], known.written["crm"]["state"]) == stands
