"""The way from a softphone's request to the page: a one-time code, so that no number stands in an address."""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from tieline.kit.ids import opaque_token
from tieline.store import pop_codes
from tieline.store.database import Database
from tieline.store.pop_codes import NewCode

CODE_LIFE: Final = timedelta(seconds=60)


async def address_of(database: Database, pop_id: str, *, agent: str | None, now: datetime) -> str:
    """Return the path of a pop's page with a code that opens it once, within a minute. `agent`: for whom alone, if anyone."""
    code = opaque_token()
    async with database.begin() as tx:
        await pop_codes.add(tx, NewCode(code, pop_id=pop_id, agent=agent, expires_at=now + CODE_LIFE))
    return f"/pop/{quote(pop_id, safe='')}?code={code}"
