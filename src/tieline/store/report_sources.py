"""What the fact of a call, a ticket, an answer and a delivery is read from, for the ids in `:ids`.

Bound besides: `:zone`, where days begin; `:now`. Nothing outside the ids is read but by an index, so that counting one more costs
the same on any day.
"""

from typing import Final

_SALTED: Final = "left(encode(sha256((SELECT salt FROM report_state) || convert_to({who}, 'UTF8')), 'hex'), 32)"
_WHEN: Final = "{at} AS at, ({at} AT TIME ZONE :zone)::date AS day, extract(hour FROM {at} AT TIME ZONE :zone)::smallint AS hour"
_REASON: Final = """(SELECT (array_agg(t.category ORDER BY t.number))[1] FROM call_aliases AS a
        JOIN tickets AS t ON t.call_id = a.call_key WHERE a.interaction_id = {call}.id AND t.category IS NOT NULL)"""
_SHARED: Final = """(EXISTS (SELECT FROM number_marks AS m WHERE m.e164 = {number} AND m.mark IN ('shared', 'company'))
        OR EXISTS (SELECT FROM identity_keys AS k WHERE k.e164 = {number} AND k.external_kind = 'customer'
                   GROUP BY k.connection HAVING count(DISTINCT k.external_id) > 1))"""
_TIER: Final = """(SELECT max(k.tier) FROM identity_keys AS k WHERE k.connection = split_part({ref}, ':', 1)
        AND k.external_kind = 'customer' AND k.external_id = substr({ref}, strpos({ref}, ':') + 1))"""
_CAUSES: Final = """CASE WHEN f.corrected IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(f.corrected -> 'causes'))
            WHEN f.causes <> '{}' THEN f.causes
            ELSE ARRAY(SELECT jsonb_path_query(f.understood, '$.causes[*].id') #>> '{}') END"""
"""What a person says the text is about, else what was named as the cause, else what the text was taken to mean."""
COUNTED_CALL: Final = "{call}.direction = 'inbound' AND NOT {call}.internal AND {call}.state = 'ended'"
SAME_MATTER_WITHIN: Final = "interval '7 days'"
_FOLLOWED: Final = f"""EXISTS (
        SELECT FROM interactions AS o
        WHERE o.{{who}} = c.{{who}} AND o.started_at > c.started_at AND o.started_at <= c.started_at + {SAME_MATTER_WITHIN}
          AND {COUNTED_CALL.format(call="o")} AND NOT {_SHARED.format(number="o.customer_e164")}
          AND (c.reason IS NULL OR coalesce({_REASON.format(call="o")}, c.reason) = c.reason))"""

CALLS: Final = f"""
    SELECT c.id, {_WHEN.format(at="c.started_at")}, c.agent, c.queue, c.line, {_TIER.format(ref="c.customer_ref")} AS tier,
        c.reason, coalesce(c.outcome, 'unknown') AS outcome, c.wait_s, c.talk_s, c.wrap_up_s, c.judged,
        c.judged AND ({_FOLLOWED.format(who="customer_e164")} OR {_FOLLOWED.format(who="customer_ref")}) AS again,
        c.pops, c.pops_shown, {_SALTED.format(who="coalesce(c.customer_ref, c.customer_e164)")} AS customer_key
    FROM (
        SELECT i.*, {_REASON.format(call="i")} AS reason, (
            SELECT (array_agg(l.agent ORDER BY l.answered_at DESC, l.leg_key DESC))[1] FROM legs AS l
            WHERE l.interaction_id = i.id AND l.agent IS NOT NULL AND l.answered_at IS NOT NULL) AS agent, coalesce((
            SELECT floor(extract(epoch FROM w.at - i.ended_at))::int FROM call_wrap_ups AS w
            WHERE w.interaction_id = i.id AND w.at BETWEEN i.ended_at AND i.ended_at + interval '30 minutes'), 0) AS wrap_up_s,
            coalesce(i.outcome = 'served', false) AND coalesce(i.customer_ref, i.customer_e164) IS NOT NULL
                AND i.started_at + {SAME_MATTER_WITHIN} <= :now AND NOT {_SHARED.format(number="i.customer_e164")} AS judged,
            shown.pops, shown.pops_shown
        FROM interactions AS i CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE p.shown_at IS NOT NULL OR p.withdrawn_at IS NULL)::int AS pops,
                count(p.shown_at)::int AS pops_shown
            FROM pops AS p WHERE p.interaction_id = i.id AND p.agent IS NOT NULL) AS shown
        WHERE i.id = ANY(:ids) AND {COUNTED_CALL.format(call="i")}
    ) AS c
"""
TICKETS: Final = f"""
    SELECT t.id, {_WHEN.format(at="t.created_at")}, t.assignee AS agent, c.queue, c.line, t.tier, t.source AS channel,
        t.category AS reason, t.priority, t.status,
        floor(extract(epoch FROM t.responded_at - t.created_at))::int AS response_s,
        floor(extract(epoch FROM coalesce(t.resolved_at, t.closed_at) - t.created_at))::int AS resolution_s,
        t.reopened::int AS reopened, {_SALTED.format(who="coalesce(t.customer_ref, t.phone)")} AS customer_key
    FROM tickets AS t LEFT JOIN LATERAL (
        SELECT i.queue, i.line FROM call_aliases AS a JOIN interactions AS i ON i.id = a.interaction_id
        WHERE a.call_key = t.call_id ORDER BY i.started_at LIMIT 1) AS c ON true
    WHERE t.id = ANY(:ids)
"""
ANSWERS: Final = f"""
    SELECT f.id, {_WHEN.format(at="f.at")}, f.agent, c.queue, c.line,
        {_TIER.format(ref="coalesce(f.customer_ref, c.customer_ref)")} AS tier,
        f.channel, f.kind, f.score, {_CAUSES} AS causes, f.follow_up_ticket IS NOT NULL AS followed_up,
        floor(extract(epoch FROM l.closed_at - l.opened_at))::int AS loop_s,
        EXISTS (SELECT FROM feedback AS later WHERE later.ticket_id = f.follow_up_ticket AND later.received_at > f.received_at)
            AS reviewed,
        {_SALTED.format(who="coalesce(f.customer_ref, c.customer_ref, f.phone)")} AS customer_key,
        ARRAY(SELECT jsonb_array_elements_text(f.purchase -> 'products')) AS products, f.purchase ->> 'region' AS region
    FROM feedback AS f LEFT JOIN interactions AS c ON c.id = f.interaction_id
        LEFT JOIN feedback_loops AS l ON l.feedback_id = f.id
    WHERE f.id = ANY(:ids)
"""
DELIVERIES: Final = f"""
    SELECT d.id, {_WHEN.format(at="d.promised_at")}, d.connection, d.operation,
        floor(extract(epoch FROM d.state_at - d.promised_at) * 1000)::bigint AS lag_ms
    FROM deliveries AS d WHERE d.id = ANY(:ids) AND d.state = 'delivered'
"""
CALLED_BEFORE: Final = f"""
    SELECT e.id FROM interactions AS i JOIN interactions AS e ON e.started_at < i.started_at
        AND e.started_at >= i.started_at - {SAME_MATTER_WITHIN} AND e.customer_e164 = i.customer_e164
    WHERE i.id = ANY(:ids)
    UNION SELECT e.id FROM interactions AS i JOIN interactions AS e ON e.started_at < i.started_at
        AND e.started_at >= i.started_at - {SAME_MATTER_WITHIN} AND e.customer_ref = i.customer_ref
    WHERE i.id = ANY(:ids)
"""
"""The calls that a call in `:ids` may have followed: whether it did is part of their facts."""
