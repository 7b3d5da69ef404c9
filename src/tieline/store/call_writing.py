"""Writes an interaction and its legs as they are told now, in one statement."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.interaction import Interaction
from tieline.store import driver_rows

CALL_COLUMNS: Final = (
    "call_key", "direction", "customer_raw", "customer_e164", "customer_national", "customer_extension", "withheld", "internal",
    "line", "queue", "state", "outcome", "id_quality", "started_at", "answered_at", "ended_at", "talk_s", "wait_s",
    "hangup_cause", "recording_ref",
)  # fmt: skip
LEG_COLUMNS: Final[Mapping[str, str]] = {
    "leg_key": "text",
    "agent": "text",
    "extension": "text",
    "queue": "text",
    "kind": "text",
    "state": "text",
    "outcome": "text",
    "rang_at": "timestamptz",
    "answered_at": "timestamptz",
    "ended_at": "timestamptz",
    "talk_s": "int",
}


def _statement() -> str:
    """Return the upsert of one interaction and its legs; legs that stay as they are are not touched."""
    told = ", ".join(f"%({name})s" for name in CALL_COLUMNS)
    renewed = ", ".join(f"{name} = excluded.{name}" for name in CALL_COLUMNS)
    legs = ", ".join(LEG_COLUMNS)
    arrays = ", ".join(f"%(legs_{name})s::{kind}[]" for name, kind in LEG_COLUMNS.items())
    changing = [name for name in LEG_COLUMNS if name != "leg_key"]
    before, after = (", ".join(f"{where}.{name}" for name in changing) for where in ("legs", "excluded"))
    return f"""
        WITH told AS (
            INSERT INTO interactions (id, provider, last_event_at, {", ".join(CALL_COLUMNS)})
            VALUES (%(id)s, %(provider)s, %(heard_at)s, {told})
            ON CONFLICT (id) DO UPDATE SET
                last_event_at = greatest(interactions.last_event_at, excluded.last_event_at), {renewed}
        ), gone AS (
            DELETE FROM legs WHERE interaction_id = %(id)s AND leg_key <> ALL(%(legs_leg_key)s::text[])
        )
        INSERT INTO legs (id, interaction_id, {legs})
        SELECT gen_random_uuid(), %(id)s, {legs} FROM unnest({arrays}) AS given({legs})
        ON CONFLICT (interaction_id, leg_key) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in changing)}
        WHERE ({before}) IS DISTINCT FROM ({after})
    """  # noqa: S608 - put together from constants of this file


_WRITE: Final = _statement()


async def write(tx: AsyncConnection, interaction_id: UUID, story: Interaction, *, provider: str, heard_at: datetime) -> None:
    """Write the interaction and its legs. What people decided about it (customer, level) is left alone.

    `customer_raw` of an internal call is the agent who dialled; a withheld caller leaves nothing of the number.
    """
    legs = {f"legs_{name}": [getattr(leg, _FIELD.get(name, name)) for leg in story.legs] for name in LEG_COLUMNS}
    values = {"id": interaction_id, "provider": provider, "heard_at": heard_at, **_call(story), **legs}
    await driver_rows.execute(tx, _WRITE, values)


_FIELD: Final = {"leg_key": "key"}


def _call(story: Interaction) -> dict[str, Any]:
    phone = story.customer
    shown = phone if phone is not None and not phone.withheld else None
    who = (story.caller or "") if story.internal else story.customer_raw
    over = story.state == "ended"
    own = {name: getattr(story, name) for name in CALL_COLUMNS if not name.startswith("customer") and name != "withheld"}
    return own | {
        "customer_raw": "" if phone is not None and phone.withheld else who,
        "customer_e164": shown.e164 if shown else None,
        "customer_national": shown.national if shown else None,
        "customer_extension": shown.extension if shown else None,
        "withheld": phone is not None and phone.withheld,
        "talk_s": story.talk_s if over else None,
    }
