"""All tables in one place to import from; each group is defined in the file named for it."""

from tieline.store.tables_access import api_keys, audit_entries, sessions
from tieline.store.tables_approvals import approvals
from tieline.store.tables_batch import imports
from tieline.store.tables_calls import (
    agent_events,
    call_aliases,
    call_events,
    call_wrap_ups,
    inbox,
    interactions,
    legs,
    pop_codes,
    pops,
)
from tieline.store.tables_configuration import (
    agents,
    connection_secrets,
    connections,
    lines,
    mapping_overrides,
    policies,
    policy_versions,
    sources,
)
from tieline.store.tables_deliveries import deliveries, delivery_attempts
from tieline.store.tables_events import events, inbox_work, object_versions, pull_cursors
from tieline.store.tables_feedback import feedback
from tieline.store.tables_mappings import mapping_drafts, mapping_versions
from tieline.store.tables_metadata import metadata
from tieline.store.tables_people import identity_keys, number_choices, number_marks, review_items
from tieline.store.tables_privacy import children, consents, erased_marks, erasures, restricted_marks, restrictions
from tieline.store.tables_reports import (
    answer_days,
    answer_facts,
    call_agent_days,
    call_days,
    call_facts,
    call_hours,
    call_queue_days,
    call_queue_hours,
    delivery_days,
    delivery_facts,
    report_marks,
    report_state,
    ticket_days,
    ticket_facts,
)
from tieline.store.tables_standings import customer_standings
from tieline.store.tables_streams import stream_states
from tieline.store.tables_subscriptions import webhook_subscriptions
from tieline.store.tables_surveys import feedback_loops, surveys
from tieline.store.tables_tickets import (
    idempotency_keys,
    refund_requests,
    ticket_attachments,
    ticket_comments,
    ticket_events,
    ticket_links,
    ticket_numbers,
    tickets,
)
from tieline.store.tables_vendor_subscriptions import vendor_subscriptions

__all__ = [
    "agent_events",
    "agents",
    "answer_days",
    "answer_facts",
    "api_keys",
    "approvals",
    "audit_entries",
    "call_agent_days",
    "call_aliases",
    "call_days",
    "call_events",
    "call_facts",
    "call_hours",
    "call_queue_days",
    "call_queue_hours",
    "call_wrap_ups",
    "children",
    "connection_secrets",
    "connections",
    "consents",
    "customer_standings",
    "deliveries",
    "delivery_attempts",
    "delivery_days",
    "delivery_facts",
    "erased_marks",
    "erasures",
    "events",
    "feedback",
    "feedback_loops",
    "idempotency_keys",
    "identity_keys",
    "imports",
    "inbox",
    "inbox_work",
    "interactions",
    "legs",
    "lines",
    "mapping_drafts",
    "mapping_overrides",
    "mapping_versions",
    "metadata",
    "number_choices",
    "number_marks",
    "object_versions",
    "policies",
    "policy_versions",
    "pop_codes",
    "pops",
    "pull_cursors",
    "refund_requests",
    "report_marks",
    "report_state",
    "restricted_marks",
    "restrictions",
    "review_items",
    "sessions",
    "sources",
    "stream_states",
    "surveys",
    "ticket_attachments",
    "ticket_comments",
    "ticket_days",
    "ticket_events",
    "ticket_facts",
    "ticket_links",
    "ticket_numbers",
    "tickets",
    "vendor_subscriptions",
    "webhook_subscriptions",
]
