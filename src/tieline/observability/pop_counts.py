"""Counts what screen pops came to: found or not, whole or not, and how each source did."""

from functools import cache

from prometheus_client import Counter

from tieline.domain.screen_pop import ScreenPop
from tieline.observability.metrics import POP_BLOCKS, POP_SECONDS, POPS


def count_pop(card: ScreenPop) -> None:
    """Count one card, as it was first answered or shown."""
    _pops(card.match.state, card.status).inc()
    POP_SECONDS.observe(card.took_ms / 1000)
    for name, block in card.blocks.items():
        _blocks(name.partition("@")[0], block.source, block.state).inc()


@cache
def _pops(match: str, status: str) -> Counter:
    return POPS.labels(match, status)


@cache
def _blocks(block: str, source: str, state: str) -> Counter:
    return POP_BLOCKS.labels(block, source, state)
