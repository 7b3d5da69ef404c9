"""What a pop adds to the slowest system it asks: one caller at a time, the upstream asked directly in the same run."""

from dataclasses import dataclass
from statistics import median

import uvloop

from load import drive
from screen_pop import upstreams
from screen_pop.contest import WARM_UP_S, Contestant

SLICES = 5


@dataclass(frozen=True, slots=True)
class Added:
    """Milliseconds, medians over the slices: the slowest upstream asked directly, and the whole pop."""

    slowest_ms: float
    pop_ms: float

    @property
    def ours_ms(self) -> float:
        """Return what is ours."""
        return self.pop_ms - self.slowest_ms


def added(contestant: Contestant, *, upstream_port: int, seconds: float) -> Added:
    """Ask the upstreams directly and through the contestant, in turns, so that both meet the same machine."""
    slowest, pops = [], []
    with contestant.served():
        contestant.drive(callers=1, seconds=WARM_UP_S)
        for _ in range(SLICES):
            direct = (_direct_ms(upstream_port, name, seconds / SLICES / 3) for name in upstreams.ASKED)
            slowest.append(max(direct))
            pops.append(contestant.drive(callers=1, seconds=seconds / SLICES).percentile(50))
    return Added(median(slowest), median(pops))


def _direct_ms(port: int, name: str, seconds: float) -> float:
    load = uvloop.run(drive(port, lambda number: f"/{name}?phone=86138{number:08}", callers=1, seconds=seconds))
    return load.percentile(50)
