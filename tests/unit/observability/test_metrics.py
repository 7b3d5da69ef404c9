from tieline.observability import metrics


def test_the_exposition_holds_every_metric_by_its_name() -> None:
    metrics.POPS.labels("known", "complete").inc()
    metrics.CALL_EVENTS.labels("ringing", "duplicate").inc()
    metrics.POP_BLOCKS.labels("orders", "erp", "stale").inc()
    text = metrics.exposition().decode()
    for name in (
        "tieline_http_requests_total",
        "tieline_http_request_seconds",
        "tieline_pops_total",
        "tieline_pop_seconds",
        "tieline_pop_blocks_total",
        "tieline_call_events_total",
        "tieline_swept_calls_total",
        "tieline_security_events_total",
        "process_cpu_seconds_total",
    ):
        assert f"\n# TYPE {name.removesuffix('_total')}" in text or f"\n# TYPE {name}" in text, name


def test_the_pops_promises_are_bounds_of_its_histogram() -> None:
    metrics.POP_SECONDS.observe(0.25)
    text = metrics.exposition().decode()
    for promise in ("0.3", "0.8", "1.5", "1.7"):
        assert f'tieline_pop_seconds_bucket{{le="{promise}"}}' in text
