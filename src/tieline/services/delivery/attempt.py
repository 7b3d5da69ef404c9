"""One claim of a delivery, as it is being worked on."""

from dataclasses import dataclass, field
from typing import Final

from tieline.domain.delivery import Delivered, Delivery
from tieline.kit.deadline import Deadline

WORK_WITHIN_S: Final = 20.0
"""All that is done under one claim, which lasts 30 seconds: whoever was asleep for longer sends nothing any more."""


@dataclass(slots=True)
class Attempt:
    """`number`: the exchange under way; `told`: something may have left; `answer`: the vendor's yes, which outlives a fault."""

    delivery: Delivery
    deadline: Deadline = field(default_factory=lambda: Deadline.after(WORK_WITHIN_S))
    number: int | None = None
    told: bool = False
    answer: Delivered | None = None
