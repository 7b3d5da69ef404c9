"""A vendor's lock that refuses an old version is no dead end: what is told is prepared anew from what stands there now."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from tieline.domain.delivery import Delivery, Footing
from tieline.domain.delivery_ladder import after_error, next_step
from tieline.domain.errors import VendorConflict

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def claimed(operation: str, **fields: Any) -> Delivery:  # noqa: ANN401 - any field
    given: dict[str, Any] = dict.fromkeys(Delivery.__dataclass_fields__)
    given |= dict.fromkeys(("position", "attempts", "failures", "held_back", "faults", "crashes", "fence"), 0)
    given |= {"id": UUID(int=1), "operation": operation, "state": "claimed", "state_at": NOW, "due_at": NOW, "promised_at": NOW}
    return Delivery(**{**given, "inputs": {}, "priority": "live", "blocks": False, **fields})


@pytest.mark.parametrize("sent_at", [None, NOW])
def test_a_refused_version_is_prepared_anew_not_repeated(sent_at: datetime | None) -> None:
    ending = after_error(claimed("ticket.update", sent_at=sent_at), VendorConflict(), Footing("T1"), chance=0.5)
    assert (ending.state, ending.doubt) == ("pending", False)
    assert next_step(claimed("ticket.update"), Footing("T1")) == "send"


def test_a_conflict_elsewhere_is_final() -> None:
    assert after_error(claimed("ticket.create"), VendorConflict(), Footing("T1"), chance=0.5).state == "dead"
