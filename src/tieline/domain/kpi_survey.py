"""Figures from what customers answered: CSAT, NPS, CES."""

from collections.abc import Sequence

from tieline.domain.feedback import SCALES, FeedbackKind

SATISFIED_FROM = 4
PROMOTER_FROM = 9
PASSIVE_FROM = 7


def percent(part: int, whole: int) -> float | None:
    """Return `part` of `whole` in percent; None of nothing."""
    return 100 * part / whole if whole else None


def csat(scores: Sequence[int]) -> float | None:
    """Return the share of satisfied customers in percent: answers 4 and 5 of all answers, 1-5 each; None without answers.

    Raises: ValueError: a score outside 1-5.
    Source: Delighted, "How is CSAT calculated?", read 2026-11-26: https://help.delighted.com/article/240-how-is-csat-calculated
    """
    _require("csat", scores)
    return percent(sum(score >= SATISFIED_FROM for score in scores), len(scores))


def net_promoter_score(scores: Sequence[int]) -> float | None:
    """Return NPS in points, -100 to +100: percent of promoters (9, 10) less percent of detractors (0-6); None without answers.

    Raises: ValueError: a score outside 0-10.
    Source: Reichheld, "The One Number You Need to Grow", Harvard Business Review, December 2003.
    """
    _require("nps", scores)
    promoters = sum(score >= PROMOTER_FROM for score in scores)
    detractors = sum(score < PASSIVE_FROM for score in scores)
    return percent(promoters - detractors, len(scores))


def customer_effort_score(scores: Sequence[int]) -> float | None:
    """Return the mean ease, 1 (hard) to 7 (easy); None without answers.

    Raises: ValueError: a score outside 1-7.
    Source: Dixon, Toman, DeLisi, The Effortless Experience, 2013: CES 2.0, "made it easy for me to handle my issue".
    """
    _require("ces", scores)
    return sum(scores) / len(scores) if scores else None


def _require(kind: FeedbackKind, scores: Sequence[int]) -> None:
    scale = SCALES[kind]
    if any(not scale.lowest <= score <= scale.highest for score in scores):
        message = f"a score of {kind} lies outside its scale"
        raise ValueError(message)
