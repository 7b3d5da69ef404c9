"""Tables of the figures: what is still to be counted, one fact for each thing counted, and totals by day and hour."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Date, Identity, Index, Integer, LargeBinary, SmallInteger, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from tieline.store import report_measures as measures
from tieline.store.tables_metadata import Instant, Words, metadata

report_marks = Table(
    "report_marks",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Words, nullable=False),
    Column("fact_id", UUID(as_uuid=True), nullable=False),
    Column("due_at", Instant, nullable=False, server_default=text("'-infinity'")),
    Column("marked_at", Instant, nullable=False, server_default=text("clock_timestamp()")),
    Index("report_marks_due_at_idx", "kind", "due_at", "id"),
)
"""What changed and is to be counted anew, written by triggers in the transaction that changed it."""

report_state = Table(
    "report_state",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("salt", LargeBinary, nullable=False),
    Column("zone", Words),
)
"""`salt`: what pseudonyms of customers are made with. `zone`: where the days that were counted begin."""


def _fact_table(name: str, *columns: Column[Any]) -> Table:
    return Table(
        name,
        metadata,
        Column("id", UUID(as_uuid=True), primary_key=True),
        Column("at", Instant, nullable=False),
        Column("day", Date, nullable=False),
        Column("hour", SmallInteger, nullable=False),
        *columns,
        Index(f"{name}_at_idx", "at", "id"),
    )


def _whose() -> Iterable[Column[Any]]:
    return (Column(name, Words) for name in ("agent", "queue", "line", "tier"))


call_facts = _fact_table(
    "call_facts",
    *_whose(),
    Column("reason", Words),
    Column("outcome", Words, nullable=False),
    Column("wait_s", Integer),
    Column("talk_s", Integer),
    Column("wrap_up_s", Integer, nullable=False),
    Column("judged", Boolean, nullable=False),
    Column("again", Boolean, nullable=False),
    Column("pops", Integer, nullable=False),
    Column("pops_shown", Integer, nullable=False),
    Column("customer_key", Words),
)
ticket_facts = _fact_table(
    "ticket_facts",
    *_whose(),
    Column("channel", Words, nullable=False),
    Column("reason", Words),
    Column("priority", Words, nullable=False),
    Column("status", Words, nullable=False),
    Column("response_s", Integer),
    Column("resolution_s", Integer),
    Column("reopened", Integer, nullable=False),
    Column("customer_key", Words),
)
answer_facts = _fact_table(
    "answer_facts",
    *_whose(),
    Column("channel", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("score", SmallInteger),
    Column("causes", ARRAY(Text), nullable=False),
    Column("followed_up", Boolean, nullable=False),
    Column("loop_s", Integer),
    Column("reviewed", Boolean, nullable=False),
    Column("customer_key", Words),
    Column("products", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("region", Words),
)
Index("answer_facts_day_idx", answer_facts.c.day)
delivery_facts = _fact_table(
    "delivery_facts",
    Column("connection", Words, nullable=False),
    Column("operation", Words, nullable=False),
    Column("lag_ms", BigInteger, nullable=False),
)

_TYPES: Final[dict[str, Any]] = {"day": Date, "hour": SmallInteger}


def _totals_table(name: str, groups: tuple[str, ...], counted: Iterable[str]) -> Table:
    kept_for_ever = {"day", "hour"}
    return Table(
        name,
        metadata,
        *(Column(group, _TYPES.get(group, Words), nullable=group not in kept_for_ever) for group in groups),
        *(Column(measure, BigInteger, nullable=False, server_default=text("0")) for measure in counted),
        Index(f"{name}_key", *groups, unique=True, postgresql_nulls_not_distinct=True),
    )


WHOSE: Final = ("agent", "queue", "line", "tier")
call_days = _totals_table("call_days", ("day", *WHOSE), measures.CALLS)
call_hours = _totals_table("call_hours", ("day", "hour", "agent", "queue", "line"), measures.CALLS)
ticket_days = _totals_table("ticket_days", ("day", *WHOSE, "channel"), measures.TICKETS)
answer_days = _totals_table("answer_days", ("day", *WHOSE, "channel"), measures.ANSWERS)
delivery_days = _totals_table("delivery_days", ("day", "connection"), measures.DELIVERIES)
"""Sums of measures; what a group cannot say is null, and null is a group of its own."""
Index("call_days_agent_idx", call_days.c.agent, call_days.c.day)
Index("call_hours_agent_idx", call_hours.c.agent, call_hours.c.day)

call_agent_days = _totals_table("call_agent_days", ("day", "agent"), measures.CALLS)
call_queue_days = _totals_table("call_queue_days", ("day", "queue", "line", "tier"), measures.CALLS)
call_queue_hours = _totals_table("call_queue_hours", ("day", "hour", "queue", "line"), measures.CALLS)
"""Sums of `call_days` and `call_hours`, which the database keeps by itself as those move."""
