"""Everything that is counted, in one place, so that names and labels are chosen once.

Labels hold words from our own tables (routes, states, connection names); never a number, a name or an id.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
SHARED_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)
disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for each count, which no scraper of this format reads

_ANSWER_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 1.5, 1.7, 2.0, 5.0)
"""The pop's own promises are among the bounds: shell 0.3, identity 0.8, complete 1.5, never later than 1.7 seconds."""

REQUESTS: Final = Counter("tieline_http_requests", "Answered requests.", ("route", "method", "status"), registry=REGISTRY)
REQUEST_SECONDS: Final = Histogram(
    "tieline_http_request_seconds", "Time to the first byte of an answer.", ("route",), buckets=_ANSWER_SECONDS, registry=REGISTRY
)
REQUESTS_IN_WORK: Final = Gauge(
    "tieline_http_requests_in_work", "Requests not yet answered.", registry=REGISTRY, multiprocess_mode="livesum"
)
LET_GO: Final = Counter("tieline_retention_rows", "Rows let go of because their term was over.", ("kind",), registry=REGISTRY)
SECURITY_EVENTS: Final = Counter(
    "tieline_security_events", "Refusals and changes that a guard wants to see.", ("event",), registry=REGISTRY
)
LOCAL_ADMINS: Final = Gauge(
    "tieline_local_admin_sessions",
    "Sessions of local administrators that are open; more than none outside of an emergency is an alarm.",
    registry=REGISTRY,
    multiprocess_mode="mostrecent",
)
POPS: Final = Counter("tieline_pops", "Screen pops by what was found.", ("match", "status"), registry=REGISTRY)
POP_SECONDS: Final = Histogram(
    "tieline_pop_seconds", "From the question to the whole pop.", (), buckets=_ANSWER_SECONDS, registry=REGISTRY
)
POP_BLOCKS: Final = Counter(
    "tieline_pop_blocks", "Blocks of pops by source and freshness.", ("block", "source", "state"), registry=REGISTRY
)
CALL_EVENTS: Final = Counter(
    "tieline_call_events",
    "Call events by what they brought about; a repeat is `duplicate`.",
    ("type", "effect"),
    registry=REGISTRY,
)
UNREADABLE_FIELDS: Final = Counter(
    "tieline_unreadable_fields",
    "Fields of vendors' records that their mapping could not read; all at once means that the vendor changed something.",
    ("connection", "record", "field"),
    registry=REGISTRY,
)
WEBHOOKS: Final = Counter(
    "tieline_webhooks",
    "Requests at the webhook door by what became of them: kept, repeat, spooled, refused, challenge.",
    ("connection", "effect"),
    registry=REGISTRY,
)
SPOOLED_BYTES: Final = Gauge(
    "tieline_webhooks_spooled_bytes",
    "Webhooks kept on disk until the database is there again, those of dead processes included.",
    registry=REGISTRY,
)
NEWS: Final = Counter(
    "tieline_news",
    "Events read: taken, old (something newer was taken), skipped, parked, unusable, quarantined, postponed.",
    ("connection", "effect"),
    registry=REGISTRY,
)
NEWS_SECONDS: Final = Histogram(
    "tieline_news_seconds",
    "From the arrival of a webhook to its having been acted on.",
    ("connection",),
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60, 600, 3600, 86_400),
    registry=REGISTRY,
)
VENDOR_SUBSCRIPTIONS: Final = Counter(
    "tieline_vendor_subscriptions",
    "What was done to keep vendors telling us: create, renew, end, and each with _failed.",
    ("connection", "effect"),
    registry=REGISTRY,
)
DELIVERIES: Final = Counter(
    "tieline_deliveries",
    "Ends of claims: delivered, pending (comes back), parked, dead, unknown; fenced: a zombie was kept out.",
    ("connection", "operation", "outcome"),
    registry=REGISTRY,
)
DELIVERY_SECONDS: Final = Histogram(
    "tieline_delivery_seconds",
    "From the promise of an effect to its being there.",
    ("connection",),
    buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60, 600, 3600, 21_600, 86_400, 270_000),
    registry=REGISTRY,
)
WORK_WAITING: Final = Gauge(
    "tieline_work_waiting",
    "Deliveries and arrivals not yet done, by state; counted when this is read.",
    ("work", "state"),
    registry=REGISTRY,
    multiprocess_mode="mostrecent",
)
OVERDUE_SECONDS: Final = Gauge(
    "tieline_work_overdue_seconds",
    "For how long the oldest delivery and arrival have been due.",
    ("work",),
    registry=REGISTRY,
    multiprocess_mode="mostrecent",
)
SWEPT_CALLS: Final = Counter("tieline_swept_calls", "Calls closed because no hang-up ever came.", registry=REGISTRY)


@contextmanager
def counted_together() -> Iterator[None]:
    """Let processes started within the block share what they count, in a folder that begins empty and goes with them.

    PROMETHEUS_MULTIPROC_DIR may name one that is kept; then it is for whoever named it to empty it before each start.
    """
    if SHARED_FOLDER in os.environ:
        yield
        return
    with TemporaryDirectory(prefix="tieline-metrics-") as folder:
        os.environ[SHARED_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[SHARED_FOLDER]


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format: those of this process, or where several are `counted_together`, of all.

    The library itself reads the variable: https://prometheus.github.io/client_python/multiprocess/ (read 2026-11-22).
    """
    if SHARED_FOLDER not in os.environ:
        return generate_latest(REGISTRY)
    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call] # the library does not annotate it
    return generate_latest(shared)
