"""How far each exchange's clock lags behind ours, as this process has heard; begun from what was logged before it started."""

from datetime import datetime, timedelta

from tieline.domain.call_age import FORGOTTEN_AFTER, ClockSkew
from tieline.store import call_log
from tieline.store.database import Transaction


class ExchangeClocks:
    """One estimate per exchange."""

    def __init__(self) -> None:
        self._skews: dict[str, ClockSkew] = {}

    async def hear(self, tx: Transaction, provider: str, *, at: datetime, received_at: datetime) -> None:
        """Take one event into account."""
        skew = self._skews.get(provider)
        if skew is None:
            skew = ClockSkew()
            for earlier_at, heard_at in await call_log.heard(tx, provider, since=received_at - FORGOTTEN_AFTER):
                skew.hear(at=earlier_at, received_at=heard_at)
            self._skews[provider] = skew
        skew.hear(at=at, received_at=received_at)

    def age(self, provider: str, instant: datetime, *, now: datetime) -> timedelta:
        """Return how long ago something happened, by the exchange's clock put right."""
        skew = self._skews.get(provider)
        return now - instant - (skew.lag(now) if skew is not None else timedelta(0))
