"""What is to be done for events to come: asked for where a vendor sends none, and kept subscribed where subscriptions end."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from tieline.connectors.manifest.part import Part


class Poll(Part):
    """Ask for what changed, as the only source of events or as a net under a webhook that may get lost.

    The operation takes `$in.since` and brings what changed since, oldest first; each record becomes an event of its name.
    `overlap_s` is asked for again each time, because vendors' clocks and indexes lag; never less than five minutes are.
    One that is not listed is asked for every five minutes.
    """

    operation: Annotated[str, Field(min_length=1)]
    every_s: Annotated[int, Field(ge=60, le=86_400)]
    overlap_s: Annotated[int, Field(ge=0, le=86_400)] = 60


class Subscription(Part):
    """A subscription that ends by itself: `lifetime_s` is asked for, and renewed `renew_before_s` before its end."""

    create: str = "event.subscribe"
    renew: str | None = None
    end: str | None = None
    lifetime_s: Annotated[int, Field(ge=60, le=31_536_000)]
    renew_before_s: Annotated[int, Field(ge=10)]

    @model_validator(mode="after")
    def _renewed_in_time(self) -> Self:
        if self.renew_before_s >= self.lifetime_s:
            raise ValueError("renew_before_s must be less than lifetime_s")
        return self

    @property
    def operations(self) -> Iterator[tuple[str, str]]:
        """What it needs, by the key that names it."""
        named = {"create": self.create, "renew": self.renew, "end": self.end}
        return ((key, operation) for key, operation in named.items() if operation is not None)
