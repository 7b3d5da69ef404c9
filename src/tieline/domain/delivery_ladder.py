"""What happens next to a delivery: before it is sent, and after an attempt failed. Pure decisions.

The ladder for what may have happened (behaviour: faults, "exactly-once-effect ladder"): a vendor that knows our key (T1) is
simply told again; one that can be searched (T2) is searched twice before it is told again; for any other (T3) a person decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tieline.domain import delivery_schedule as schedule
from tieline.domain import errors
from tieline.domain.delivery import Delivery, DeliveryState, Footing
from tieline.domain.errors import ConnectorError, ErrorKind, TielineError

Step = Literal["send", "repeat", "look", "wait_to_look", "finish", "lay_aside", "ask"]
Verdict = Literal["again", "stale", "held_back", "doubt", "parked", "dead", "fault"]

_HELD_BACK: Final = (errors.CircuitOpen, errors.CapacityExhausted, errors.VendorThrottled, errors.Overloaded)
"""The vendor was not told, or said itself that it did nothing."""
_UNCLEAR_UNKEYED: Final = (errors.VendorUnavailable, errors.VendorTimeout, errors.VendorBadAnswer)
"""For a vendor that does not know our key, these prove nothing."""
_BY_KIND: Final[Mapping[ErrorKind, Verdict]] = {
    "transient": "again",
    "config": "parked",
    "permanent": "dead",
    "internal": "fault",
    "unknown": "doubt",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How one claim ends. `in_s`: seconds until the next look, for `pending`. `doubt`: whether it may have happened."""

    state: DeliveryState
    code: str
    in_s: float = 0.0
    doubt: bool = False
    absent: bool = False
    failures: int = 0
    held_back: int = 0
    faults: int = 0


def next_step(delivery: Delivery, footing: Footing) -> Step:
    """Say what a claimed delivery is due. `state_at` of a claimed one is the instant of the claim, by the database's clock."""
    if delivery.crashes >= schedule.MOST_CRASHES:
        return "lay_aside"
    if delivery.sent_at is None:
        return "send"
    if delivery.confirmed_at is not None:
        return "finish"
    if footing.tier == "T2":
        return "look" if delivery.state_at >= delivery.sent_at + footing.index_lag else "wait_to_look"
    return "repeat" if footing.tier == "T1" else "ask"


def look_later(delivery: Delivery, footing: Footing) -> Ending:
    """Say how a claim ends that came too early to look: it comes back when the vendor's search must know."""
    known_at = (delivery.sent_at or delivery.state_at) + footing.index_lag
    return Ending(state="pending", code="outcome_open", in_s=(known_at - delivery.state_at).total_seconds(), doubt=True)


def after_error(delivery: Delivery, error: TielineError, footing: Footing, *, chance: float) -> Ending:
    """Say how a claim ends whose attempt failed. `chance` is drawn from 0 to 1."""
    verdict = _verdict(delivery, error, footing)
    hint_s = error.retry_after_s if isinstance(error, ConnectorError) else None
    match verdict:
        case "parked":
            return Ending(state="parked", code=error.code, doubt=delivery.doubtful)
        case "dead":
            unclear = delivery.doubtful and footing.tier == "T2"  # Not even the search was answered.
            return Ending(state="unknown" if unclear else "dead", code=error.code, doubt=unclear, failures=1)
        case "doubt":
            return _in_doubt(delivery, error.code, footing, chance=chance)
        case "fault":
            return after_fault(delivery, error.code, chance=chance)
        case "held_back":
            in_s = schedule.held_back_s(delivery.failures + delivery.held_back + 1, chance=chance, hint_s=hint_s)
            ending = Ending(state="pending", code=error.code, in_s=in_s, held_back=1, doubt=delivery.doubtful)
            return _unless_exhausted(delivery, ending, footing)
        case _:
            in_s = schedule.wait_s(1 if verdict == "stale" else delivery.failures + 1, chance=chance, hint_s=hint_s)
            doubt = verdict != "stale" and (footing.tier == "T1" or delivery.doubtful)
            ending = Ending(state="pending", code=error.code, in_s=in_s, failures=1, doubt=doubt)
            return _unless_exhausted(delivery, ending, footing)


def after_fault(delivery: Delivery, code: str, *, chance: float) -> Ending:
    """Say how a claim ends that our own code failed at."""
    if delivery.faults + 1 >= schedule.MOST_FAULTS:
        return Ending(state="dead", code=code, faults=1, doubt=delivery.doubtful)
    in_s = schedule.wait_s(delivery.faults + 1, chance=chance)
    return Ending(state="pending", code=code, in_s=in_s, faults=1, doubt=delivery.doubtful)


def after_absence(delivery: Delivery) -> Ending | None:
    """Say how a claim ends whose delivery was looked for and not found; None: it is certain, send it again."""
    if delivery.absent_at is not None and delivery.state_at - delivery.absent_at >= schedule.ABSENT_TWICE_WITHIN:
        return None
    return Ending(
        state="pending",
        code="not_found_once",
        in_s=schedule.ABSENT_TWICE_WITHIN.total_seconds(),
        doubt=True,
        absent=True,
    )


def _verdict(delivery: Delivery, error: TielineError, footing: Footing) -> Verdict:
    if isinstance(error, errors.VendorConflict) and footing.tier == "T1" and delivery.operation.endswith(".update"):
        return "stale"  # Somebody changed it between our look and our word; what is told is prepared anew from what stands there.
    if isinstance(error, _HELD_BACK):
        return "held_back"
    if isinstance(error, errors.VendorDuplicate) and footing.tier == "T2":
        return "doubt"  # It has it: let us look what it calls it.
    if isinstance(error, _UNCLEAR_UNKEYED) and footing.tier == "T2":
        return "doubt"
    return _BY_KIND[error.kind]


def _in_doubt(delivery: Delivery, code: str, footing: Footing, *, chance: float) -> Ending:
    if footing.tier == "T3":
        return Ending(state="unknown", code=code, doubt=True, failures=1)
    wait_s = schedule.wait_s(delivery.failures + 1, chance=chance)
    in_s = wait_s if footing.tier == "T1" else footing.index_lag.total_seconds()
    return _unless_exhausted(delivery, Ending(state="pending", code=code, in_s=in_s, failures=1, doubt=True), footing)


def _unless_exhausted(delivery: Delivery, ending: Ending, footing: Footing) -> Ending:
    tried_for = delivery.state_at - (delivery.first_tried_at or delivery.state_at)
    spent = schedule.is_exhausted(
        failures=delivery.failures + ending.failures, held_back=delivery.held_back + ending.held_back, tried_for=tried_for
    )
    if not spent:
        return ending
    unclear = ending.doubt and footing.tier != "T1"
    return Ending(
        state="unknown" if unclear else "dead",
        code=ending.code,
        doubt=ending.doubt,
        failures=ending.failures,
        held_back=ending.held_back,
    )
