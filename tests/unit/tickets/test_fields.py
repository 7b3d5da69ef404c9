"""The fields a person may set are the fields that are merged."""

from typing import get_args

from tieline.domain.ticket_hub import SYNCED
from tieline.services.tickets.fields import FIELDS, SyncedField


def test_every_merged_field_can_be_checked_and_named() -> None:
    assert get_args(SyncedField) == SYNCED
    assert tuple(FIELDS) == SYNCED
