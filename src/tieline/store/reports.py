"""Counts for the figures of a span: of calls and of answers, in groups and in all. What they mean is in `domain/kpi_calls.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

GroupBy = Literal["day", "agent", "queue"]


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` to just before `until`, days as they are in `zone`. `agent`: only their work. `now`: when it is asked."""

    since: datetime
    until: datetime
    zone: str
    now: datetime
    agent: str | None = None
    answered_within_s: int = 20


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of one group; `group` None where there is no day, agent or queue. `is_total`: of the whole span."""

    group: str | None
    is_total: bool
    counts: Mapping[str, int]


_WINDOWS: Final = """
    of_{who} AS (PARTITION BY coalesce({who}, id::text) ORDER BY started_at
        RANGE BETWEEN interval '1 microsecond' FOLLOWING AND interval '7 days' FOLLOWING),
    same_of_{who} AS (PARTITION BY coalesce({who}, id::text), reason ORDER BY started_at
        RANGE BETWEEN interval '1 microsecond' FOLLOWING AND interval '7 days' FOLLOWING)"""
_AGAIN: Final = """
    {who} IS NOT NULL AND CASE
        WHEN reason IS NULL THEN count(*) FILTER (WHERE NOT is_shared) OVER of_{who}
        ELSE count(*) FILTER (WHERE NOT is_shared AND reason IS NULL) OVER of_{who}
           + count(*) FILTER (WHERE NOT is_shared) OVER same_of_{who} END > 0"""
"""Whether a call was followed by another of `who`: of an equal reason, or where one of the two is not known."""
_CALL_GROUPS: Final[Mapping[GroupBy, str]] = {
    "day": "to_char(started_at AT TIME ZONE :zone, 'YYYY-MM-DD')",
    "agent": "agent",
    "queue": "queue",
}
_ANSWER_GROUPS: Final[Mapping[GroupBy, str]] = {
    "day": "to_char(f.at AT TIME ZONE :zone, 'YYYY-MM-DD')",
    "agent": "f.agent",
    "queue": "i.queue",
}
# Everything about one call is looked up by an index, and who called again is seen in one pass over the calls in order: no part
# grows much faster than the number of calls, whatever the planner believes about it. In a window a call of nobody known stands
# alone: all of them as one crowd would cost the square of their number.
_CALLS: Final = f"""
    WITH told AS MATERIALIZED (
        SELECT i.id, i.started_at, i.ended_at, i.outcome, i.queue, i.customer_ref, i.customer_e164, i.talk_s, i.wait_s, (
            SELECT (array_agg(t.category ORDER BY t.number))[1] FROM call_aliases AS a JOIN tickets AS t ON t.call_id = a.call_key
            WHERE a.interaction_id = i.id AND t.category IS NOT NULL) AS reason
        FROM interactions AS i
        WHERE i.direction = 'inbound' AND NOT i.internal AND i.state = 'ended'
          AND i.started_at >= :since AND i.started_at < CAST(:until AS timestamptz) + interval '7 days'
    ), shared AS MATERIALIZED (
        SELECT e164 FROM number_marks WHERE mark IN ('shared', 'company')
        UNION SELECT called.e164 FROM (SELECT DISTINCT customer_e164 AS e164 FROM told) AS called
        WHERE EXISTS (SELECT FROM identity_keys AS k WHERE k.e164 = called.e164 AND k.external_kind = 'customer'
                      GROUP BY k.connection HAVING count(DISTINCT k.external_id) > 1)
    ), contacts AS (
        SELECT *, coalesce(customer_e164 IN (SELECT e164 FROM shared), false) AS is_shared FROM told
    ), followed AS (
        SELECT *, ({_AGAIN.format(who="customer_e164")}) OR ({_AGAIN.format(who="customer_ref")}) AS followed
        FROM contacts WINDOW {_WINDOWS.format(who="customer_e164")}, {_WINDOWS.format(who="customer_ref")}
    ), handled AS MATERIALIZED (
        SELECT f.*, (
            SELECT (array_agg(legs.agent ORDER BY legs.answered_at DESC, legs.leg_key DESC))[1] FROM legs
            WHERE legs.interaction_id = f.id AND legs.agent IS NOT NULL AND legs.answered_at IS NOT NULL) AS agent, coalesce((
            SELECT floor(extract(epoch FROM w.at - f.ended_at))::int FROM call_wrap_ups AS w
            WHERE w.interaction_id = f.id AND w.at BETWEEN f.ended_at AND f.ended_at + interval '30 minutes'), 0) AS wrap_up_s,
            outcome = 'served' AND coalesce(customer_ref, customer_e164) IS NOT NULL AND NOT is_shared
                AND started_at + interval '7 days' <= :now AS judgeable
        FROM followed AS f WHERE f.started_at < :until
    ), judged AS (
        SELECT *, judgeable AND followed AS again FROM handled WHERE CAST(:agent AS text) IS NULL OR agent = :agent
    )
    SELECT {{group}} AS group_key, grouping({{group}}) AS is_total,
        count(*) AS calls,
        count(*) FILTER (WHERE outcome = 'served') AS served,
        count(*) FILTER (WHERE outcome = 'abandoned_queue') AS abandoned,
        count(*) FILTER (WHERE outcome = 'missed_agent') AS missed,
        count(*) FILTER (WHERE outcome = 'abandoned_short') AS abandoned_short,
        count(*) FILTER (WHERE outcome = 'served' AND wait_s <= :answered_within_s) AS answered_in_time,
        count(*) FILTER (WHERE outcome = 'served' AND talk_s IS NOT NULL) AS handled,
        coalesce(sum(talk_s + wrap_up_s) FILTER (WHERE outcome = 'served'), 0) AS handled_s,
        count(*) FILTER (WHERE judgeable) AS judged,
        count(*) FILTER (WHERE again) AS called_again
    FROM judged GROUP BY GROUPING SETS (({{group}}), ()) ORDER BY is_total, group_key NULLS LAST
"""  # noqa: S608 - put together from constants of this file
_ANSWERS: Final = """
    SELECT {group} AS group_key, grouping({group}) AS is_total,
        count(*) FILTER (WHERE kind = 'csat') AS csat_answers,
        count(*) FILTER (WHERE kind = 'csat' AND score >= 4) AS satisfied,
        coalesce(sum(score) FILTER (WHERE kind = 'csat'), 0) AS csat_sum,
        count(*) FILTER (WHERE kind = 'nps') AS nps_answers,
        count(*) FILTER (WHERE kind = 'nps' AND score >= 9) AS promoters,
        count(*) FILTER (WHERE kind = 'nps' AND score <= 6) AS detractors,
        count(*) FILTER (WHERE kind = 'ces') AS ces_answers,
        coalesce(sum(score) FILTER (WHERE kind = 'ces'), 0) AS ces_sum,
        count(*) FILTER (WHERE kind = 'complaint') AS complaints
    FROM feedback AS f LEFT JOIN interactions AS i ON i.id = f.interaction_id
    WHERE f.at >= :since AND f.at < :until AND (CAST(:agent AS text) IS NULL OR f.agent = :agent)
    GROUP BY GROUPING SETS (({group}), ()) ORDER BY is_total, group_key NULLS LAST
"""
_READ_CALLS: Final = {name: text(_CALLS.format(group=key)) for name, key in _CALL_GROUPS.items()}
_READ_ANSWERS: Final = {name: text(_ANSWERS.format(group=key)) for name, key in _ANSWER_GROUPS.items()}


async def calls(conn: AsyncConnection, span: Span, group_by: GroupBy) -> Sequence[Counted]:
    """Count the inbound calls that began in the span, by whoever talked last, the queue, or the day."""
    return await _counted(conn, _READ_CALLS[group_by], span)


async def answers(conn: AsyncConnection, span: Span, group_by: GroupBy) -> Sequence[Counted]:
    """Count what customers said in the span, by whose work it was about, its call's queue, or the day."""
    return await _counted(conn, _READ_ANSWERS[group_by], span)


async def _counted(conn: AsyncConnection, statement: Any, span: Span) -> Sequence[Counted]:  # noqa: ANN401 - a TextClause
    values = {name: getattr(span, name) for name in Span.__dataclass_fields__}
    bound = {name: value for name, value in values.items() if f":{name}" in statement.text}
    rows = (await conn.execute(statement, bound)).mappings()
    return [_read(row) for row in rows]


def _read(row: Mapping[Any, Any]) -> Counted:
    counts = {str(name): int(value) for name, value in row.items() if name not in {"group_key", "is_total"}}
    return Counted(row["group_key"], bool(row["is_total"]), counts)
