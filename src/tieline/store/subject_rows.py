"""How the rows of one person are found, table by table: by their numbers, their records, and what hangs on those."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.data_subject import DataSubject
from tieline.domain.references import ExternalRef
from tieline.store import driver_rows
from tieline.store.patience import take_time

_BODY: Final = r"regexp_replace(encode(body, 'escape'), '\\[0-7]{3}', '?', 'g')"
"""A raw body as text in which every byte outside of ASCII is a question mark, so that no digits are made up."""
_REFS: Final = "(SELECT * FROM unnest(%(ref_connections)s::text[], %(ref_kinds)s::text[], %(ref_ids)s::text[]))"
_OF_TICKET: Final = "ticket_id = ANY(%(tickets)s::uuid[])"
_OF_CALL: Final = "interaction_id = ANY(%(calls)s::uuid[])"

OF_SUBJECT: Final[Mapping[str, str]] = {
    "interactions": "id = ANY(%(calls)s::uuid[])",
    "call_events": _OF_CALL,
    "call_wrap_ups": _OF_CALL,
    "pops": "id = ANY(%(pops)s::text[])",
    "agent_events": "at <= %(until)s AND (pop_id = ANY(%(pops)s::text[]) OR payload::text ~ %(pattern)s)",
    "inbox": f"""received_at <= %(until)s AND body <> '' AND ({_BODY} ~ %(pattern)s OR EXISTS (
        SELECT FROM unnest(%(id_connections)s::text[], %(id_patterns)s::text[]) AS sought(place, pattern)
        WHERE inbox.connection = sought.place AND {_BODY} ~ sought.pattern))""",
    "events": """recorded_at <= %(until)s
        AND (subject = ANY(%(refs)s::text[]) OR subject = ANY(%(ids)s::text[]) OR fields::text ~ %(pattern)s)""",
    "identity_keys": f"e164 = ANY(%(numbers)s::text[]) OR (connection, external_kind, external_id) IN {_REFS}",
    "number_marks": "e164 = ANY(%(numbers)s::text[]) OR remembered_ref = ANY(%(refs)s::text[])",
    "number_choices": "e164 = ANY(%(numbers)s::text[]) OR ref = ANY(%(refs)s::text[])",
    "review_items": """first_at <= %(until)s AND (subject_key = ANY(%(numbers)s::text[]) OR subject_key = ANY(%(ids)s::text[])
        OR (suggestions::text || coalesce(decision::text, '')) ~ %(pattern)s)""",
    "tickets": "id = ANY(%(tickets)s::uuid[])",
    "ticket_links": _OF_TICKET,
    "ticket_events": _OF_TICKET,
    "ticket_comments": _OF_TICKET,
    "ticket_attachments": _OF_TICKET,
    "refund_requests": _OF_TICKET,
    "idempotency_keys": """taken_at <= %(until)s AND (answer::text ~ %(pattern)s OR EXISTS (
        SELECT FROM unnest(%(ids)s::text[]) AS own(id) WHERE position(own.id IN answer::text) > 0))""",
    "deliveries": """promised_at <= %(until)s
        AND (object_id = ANY(%(ids)s::text[]) OR (inputs::text || coalesce(sent::text, '')) ~ %(pattern)s)""",
    "feedback": "id = ANY(%(feedback)s::uuid[])",
    "surveys": f"""proposed_at <= %(until)s AND (phone = ANY(%(numbers)s::text[]) OR customer_ref = ANY(%(refs)s::text[])
        OR {_OF_CALL} OR {_OF_TICKET})""",
    "customer_standings": "phone = ANY(%(numbers)s::text[]) OR customer_ref = ANY(%(refs)s::text[])",
    "feedback_loops": f"feedback_id = ANY(%(feedback)s::uuid[]) OR {_OF_TICKET}",
}
"""Table → condition. What hangs on these rows by a key of theirs (legs, attempts, codes) is found with them."""

_CALLS: Final = """
    SELECT id::text FROM interactions WHERE started_at <= %(until)s
    AND (customer_e164 = ANY(%(numbers)s::text[]) OR customer_ref = ANY(%(refs)s::text[]))
    AND (settled_at IS NOT NULL OR last_event_at <= %(lost)s OR %(under_way)s)
"""
_CALL_KEYS: Final = "SELECT call_key FROM call_aliases WHERE interaction_id = ANY(%(calls)s::uuid[])"
_POPS: Final = """
    SELECT id FROM pops WHERE promised_at <= %(until)s AND (
        interaction_id = ANY(%(calls)s::uuid[])
        OR (interaction_id IS NULL AND (chosen_ref = ANY(%(refs)s::text[]) OR trace::text ~ %(pattern)s)))
"""
_TICKETS: Final = """
    SELECT id::text FROM tickets WHERE created_at <= %(until)s AND (
        customer_ref = ANY(%(refs)s::text[]) OR phone = ANY(%(numbers)s::text[])
        OR (customer_ref IS NULL AND phone IS NULL AND call_id = ANY(%(call_keys)s::text[])))
"""
_FEEDBACK: Final = """
    SELECT id::text FROM feedback WHERE received_at <= %(until)s AND (
        customer_ref = ANY(%(refs)s::text[]) OR phone = ANY(%(numbers)s::text[])
        OR interaction_id = ANY(%(calls)s::uuid[]) OR ticket_id = ANY(%(tickets)s::uuid[]))
"""
_COMMENTS: Final = f"SELECT id::text FROM ticket_comments WHERE {_OF_TICKET}"  # noqa: S608 - constants of this file
_REFUNDS: Final = f"SELECT id::text FROM refund_requests WHERE {_OF_TICKET}"  # noqa: S608 - likewise
_DELIVERIES: Final = f"SELECT id::text FROM deliveries WHERE {OF_SUBJECT['deliveries']}"  # noqa: S608 - likewise
_ELSEWHERE: Final = f"""
    SELECT connection || ' ticket ' || external_id FROM ticket_links WHERE {_OF_TICKET} AND external_id IS NOT NULL
    UNION SELECT origin || ' feedback ' || external_id FROM feedback
    WHERE id = ANY(%(feedback)s::uuid[]) AND origin IS NOT NULL AND external_id IS NOT NULL
"""  # noqa: S608 - likewise


@dataclass(frozen=True, slots=True)
class Sought:
    """What the conditions are given. `until`: what was written later is not meant."""

    values: Mapping[str, Any] = field(repr=False)


async def seek(tx: AsyncConnection, subject: DataSubject, *, until: datetime, lost: datetime, under_way: bool = False) -> Sought:
    """Find what hangs on a person's numbers and records.

    A call not settled and heard of since `lost` counts only if `under_way`.
    """
    await take_time(tx)
    ids = list(subject.ids_within())
    values: dict[str, Any] = {
        "numbers": subject.keys,
        "refs": subject.names,
        "ref_connections": [ref.connection for ref in subject.refs],
        "ref_kinds": [ref.kind for ref in subject.refs],
        "ref_ids": [ref.id for ref in subject.refs],
        "id_connections": [connection for connection, _ in ids],
        "id_patterns": [pattern for _, pattern in ids],
        "pattern": subject.pattern,
        "until": until,
        "lost": lost,
        "under_way": under_way,
    }
    for name, statement in (
        ("calls", _CALLS),
        ("call_keys", _CALL_KEYS),
        ("pops", _POPS),
        ("tickets", _TICKETS),
        ("feedback", _FEEDBACK),
    ):
        values[name] = await driver_rows.column(tx, statement, values)
    values["ids"] = [*values["calls"], *values["tickets"], *values["feedback"]]
    for statement in (_COMMENTS, _REFUNDS, _DELIVERIES):
        values["ids"] = [*values["ids"], *await driver_rows.column(tx, statement, values)]
    return Sought(values)


async def elsewhere(tx: AsyncConnection, sought: Sought) -> list[ExternalRef]:
    """Return what of theirs came from, or went to, other systems: tickets and answers to surveys."""
    found = await driver_rows.column(tx, _ELSEWHERE, sought.values)
    parts = (text.split(" ", 2) for text in found)
    return [ExternalRef(connection=connection, kind=kind, id=record_id) for connection, kind, record_id in parts]
