from tieline.domain.screen_pop import Block, Match, ScreenPop, ShownPhone
from tieline.observability.metrics import POP_BLOCKS, POP_SECONDS, POPS, REGISTRY
from tieline.observability.pop_counts import count_pop


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_card_counts_once_with_its_match_its_time_and_each_block() -> None:
    card = ScreenPop(
        pop_id="p-1",
        phone=ShownPhone(e164="+8613800138000"),
        match=Match(state="known"),
        status="partial",
        blocks={
            "orders": Block(state="live", source="erp"),
            "orders@shop": Block(state="stale", source="shop"),
            "tickets": Block(state="unavailable", source="helpdesk", error="upstream_timeout"),
        },
        took_ms=250,
    )
    before = value("tieline_pops_total", match="known", status="partial"), value("tieline_pop_seconds_sum")
    count_pop(card)
    assert value("tieline_pops_total", match="known", status="partial") - before[0] == 1
    assert round(value("tieline_pop_seconds_sum") - before[1], 6) == 0.25
    assert value("tieline_pop_blocks_total", block="orders", source="erp", state="live") >= 1
    assert value("tieline_pop_blocks_total", block="orders", source="shop", state="stale") >= 1
    assert value("tieline_pop_blocks_total", block="tickets", source="helpdesk", state="unavailable") >= 1


def test_no_label_holds_a_number() -> None:
    """Labels alone are read: what was counted and how long it took is a number of its own, with any digits in it."""
    count_pop(
        ScreenPop(pop_id="p-2", phone=ShownPhone(e164="+8613800138000"), match=Match(state="none"), status="complete", took_ms=1)
    )
    labels = {
        text
        for metric in (POPS, POP_SECONDS, POP_BLOCKS)
        for found in metric.collect()
        for sample in found.samples
        for text in sample.labels.values()
    }
    assert "none" in labels
    assert not any("138" in text for text in labels)
