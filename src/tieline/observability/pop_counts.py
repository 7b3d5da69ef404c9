"""Counts what screen pops came to: found or not, whole or not, and how each source did."""

from tieline.domain.screen_pop import ScreenPop
from tieline.observability.metrics import POP_BLOCKS, POP_SECONDS, POPS


def count_pop(card: ScreenPop) -> None:
    """Count one card, as it was first answered or shown."""
    POPS.labels(card.match.state, card.status).inc()
    POP_SECONDS.observe(card.took_ms / 1000)
    for name, block in card.blocks.items():
        POP_BLOCKS.labels(name.partition("@")[0], block.source, block.state).inc()
