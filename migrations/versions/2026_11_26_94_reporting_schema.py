"""The schema `reporting`: views for BI tools. Their columns are a promise: within a major version they are only added to."""

from alembic import op

revision = "2026112694"
down_revision = "2026112692"
branch_labels = None
depends_on = None

VIEWS = """
CREATE SCHEMA reporting;

CREATE VIEW reporting.fact_call AS SELECT
    id AS call_id, at AS called_at, day AS date_key, hour, agent AS agent_id, queue, line, tier, reason, outcome,
    (outcome = 'served')::int AS served, wait_s, talk_s, wrap_up_s, judged::int AS judged, again::int AS called_again,
    pops AS cards, pops_shown AS cards_shown, customer_key
FROM call_facts;

CREATE VIEW reporting.fact_ticket AS SELECT
    id AS ticket_id, at AS created_at, day AS date_key, hour, agent AS agent_id, queue, line, tier, channel, reason,
    priority, status, response_s, resolution_s, reopened AS times_reopened, customer_key
FROM ticket_facts;

CREATE VIEW reporting.fact_feedback AS SELECT
    id AS feedback_id, at AS answered_at, day AS date_key, hour, agent AS agent_id, queue, line, tier, channel, kind, score,
    array_to_string(causes, ';') AS causes, followed_up::int AS followed_up, loop_s, reviewed::int AS asked_again, customer_key
FROM answer_facts;

CREATE VIEW reporting.fact_delivery AS SELECT
    id AS delivery_id, at AS promised_at, day AS date_key, hour, connection, operation, lag_ms
FROM delivery_facts;

CREATE VIEW reporting.call_day AS SELECT
    day AS date_key, agent AS agent_id, queue, line, tier, calls, served, abandoned, missed, abandoned_short,
    within_20 AS served_in_20_s, handled, handled_s, judged, called_again, pops AS cards, pops_shown AS cards_shown
FROM call_days;

CREATE VIEW reporting.ticket_day AS SELECT
    day AS date_key, agent AS agent_id, queue, line, tier, channel, tickets, responded, response_s, resolved, resolution_s,
    ever_resolved, reopened
FROM ticket_days;

CREATE VIEW reporting.feedback_day AS SELECT
    day AS date_key, agent AS agent_id, queue, line, tier, channel, csat_answers, satisfied, csat_sum, nps_answers, promoters,
    detractors, ces_answers, ces_sum, complaints, complaints_resolved, complaints_reviewed, loops, loops_closed, loop_s
FROM answer_days;

CREATE VIEW reporting.dim_date AS SELECT
    day::date AS date_key, extract(year FROM day)::int AS year, extract(quarter FROM day)::int AS quarter,
    extract(month FROM day)::int AS month, to_char(day, 'IYYY-"W"IW') AS week, extract(isodow FROM day)::int AS weekday,
    (extract(isodow FROM day) > 5)::int AS is_weekend
FROM generate_series(timestamp '2020-01-01', timestamp '2039-12-31', interval '1 day') AS day;

CREATE VIEW reporting.dim_agent AS SELECT
    id AS agent_id, definition ->> 'team' AS team, coalesce(definition ->> 'role', 'agent') AS role
FROM agents;

CREATE VIEW reporting.dim_queue AS SELECT DISTINCT queue FROM call_days WHERE queue IS NOT NULL;
"""
TOLD = {
    "call_id": "one call, by our own id / 通话编号",
    "ticket_id": "one ticket, by our own id / 工单编号",
    "feedback_id": "one answer, by our own id / 反馈编号",
    "delivery_id": "one effect in another system, by our own id / 同步编号",
    "called_at": "when the call began / 来电时间",
    "created_at": "when the ticket was created / 创建时间",
    "answered_at": "when the customer answered / 反馈时间",
    "promised_at": "when the effect was promised / 承诺时间",
    "date_key": "the day where the company is; joins dim_date / 日期",
    "hour": "the hour of that day, 0-23 / 小时",
    "agent_id": "whose work it is; null: of nobody; joins dim_agent / 坐席",
    "queue": "queue; null: none / 队列",
    "line": "the number of ours that was called / 被叫线路",
    "tier": "tier of the customer / 客户等级",
    "channel": "the way it came by / 渠道",
    "reason": "category of the ticket it led to / 原因",
    "outcome": "served, abandoned_queue, missed_agent, abandoned_short, ... / 结果",
    "priority": "low, normal, high, urgent / 优先级",
    "status": "status of the ticket now / 状态",
    "kind": "csat, nps, ces, complaint, praise, suggestion / 类型",
    "score": "1-5, 0-10 or 1-7 by kind; null: none / 分数",
    "causes": "causes given, parted by semicolons / 原因标签",
    "connection": "the connected system / 系统",
    "operation": "what was done there / 操作",
    "served": "1: a person of ours talked; in totals: their number / 已接听",
    "wait_s": "seconds from the beginning to the answer / 等待秒数",
    "talk_s": "seconds of talk, hold included / 通话秒数",
    "wrap_up_s": "seconds of work after the call / 话后处理秒数",
    "judged": "1: counts for first contact resolution; in totals: their number / 计入首次解决",
    "called_again": "1: followed within 7 days about the same; in totals: their number / 七日内重复来电",
    "cards": "cards promised to agents / 应弹屏数",
    "cards_shown": "cards shown to agents / 已弹屏数",
    "customer_key": "the customer as a salted digest, the same in every table / 客户假名",
    "response_s": "seconds to the first answer; in totals: their sum / 首次响应秒数",
    "resolution_s": "seconds to the resolution; in totals: their sum / 解决秒数",
    "times_reopened": "how often it was reopened / 重开次数",
    "followed_up": "1: a ticket came of it / 已转工单",
    "loop_s": "seconds from the answer to the resolution of that ticket; in totals: their sum / 闭环秒数",
    "asked_again": "1: the customer answered again afterwards / 已回访",
    "lag_ms": "milliseconds from promise to confirmation / 同步延迟毫秒",
    "calls": "inbound calls / 呼入量",
    "abandoned": "given up in the queue / 排队放弃",
    "missed": "rang and was not taken / 未接",
    "abandoned_short": "given up within 5 s / 短时放弃",
    "served_in_20_s": "served within 20 s / 20秒内接听",
    "handled": "served calls whose talk is known / 计入处理时长的通话",
    "handled_s": "their talk and wrap-up, seconds / 处理总秒数",
    "tickets": "tickets created / 工单数",
    "responded": "tickets answered / 已响应",
    "resolved": "tickets resolved now / 已解决",
    "ever_resolved": "tickets that were resolved at least once / 曾解决",
    "reopened": "tickets that were reopened / 曾重开",
    "csat_answers": "CSAT answers / 满意度答复数",
    "satisfied": "of them 4 or 5 / 满意数",
    "csat_sum": "sum of CSAT scores / 满意度总分",
    "nps_answers": "NPS answers / NPS答复数",
    "promoters": "of them 9 or 10 / 推荐者",
    "detractors": "of them 0 to 6 / 贬损者",
    "ces_answers": "CES answers / 费力度答复数",
    "ces_sum": "sum of CES scores / 费力度总分",
    "complaints": "complaints / 投诉数",
    "complaints_resolved": "complaints whose ticket is resolved / 已解决投诉",
    "complaints_reviewed": "of them asked again and answered / 已回访投诉",
    "loops": "answers that became a ticket / 闭环数",
    "loops_closed": "of them resolved / 已闭环数",
    "year": "year / 年",
    "quarter": "quarter, 1-4 / 季度",
    "month": "month, 1-12 / 月",
    "week": "ISO week / 周",
    "weekday": "1 Monday to 7 Sunday / 星期",
    "is_weekend": "1: Saturday or Sunday / 周末",
    "team": "team the agent is in now / 班组",
    "role": "role of the agent now / 角色",
}
COLUMNS = "SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(VIEWS)
    found = op.get_bind().exec_driver_sql(f"{COLUMNS} WHERE c.relnamespace = 'reporting'::regnamespace").all()
    for view, column in found:
        op.execute(f"COMMENT ON COLUMN reporting.{view}.{column} IS '{TOLD[column]}'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP SCHEMA reporting CASCADE")
