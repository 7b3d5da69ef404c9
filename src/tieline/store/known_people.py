"""Every number and record of a customer that the database knows, for whoever holds them against a list of stand-ins."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.references import ExternalRef
from tieline.store import driver_rows

_NUMBERS: Final = """
    SELECT customer_e164 FROM interactions WHERE customer_e164 IS NOT NULL
    UNION SELECT e164 FROM identity_keys UNION SELECT e164 FROM number_marks
    UNION SELECT phone FROM tickets WHERE phone IS NOT NULL UNION SELECT phone FROM feedback WHERE phone IS NOT NULL
    UNION SELECT phone FROM surveys WHERE phone IS NOT NULL
"""
_RECORDS: Final = """
    SELECT connection || ' ' || external_kind || ' ' || external_id FROM identity_keys
    UNION SELECT split_part(ref, ':', 1) || ' customer ' || substr(ref, strpos(ref, ':') + 1) FROM (
        SELECT customer_ref AS ref FROM interactions UNION SELECT customer_ref FROM tickets
        UNION SELECT customer_ref FROM feedback UNION SELECT customer_ref FROM surveys
    ) AS named WHERE ref LIKE '%%:%%'
"""


async def numbers(tx: AsyncConnection) -> list[str]:
    """Return every number, as it is kept."""
    return await driver_rows.column(tx, _NUMBERS, {})


async def records(tx: AsyncConnection) -> list[ExternalRef]:
    """Return every customer's record."""
    parts = (text.split(" ", 2) for text in await driver_rows.column(tx, _RECORDS, {}))
    return [ExternalRef(connection=connection, kind=kind, id=record_id) for connection, kind, record_id in parts]
