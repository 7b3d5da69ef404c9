"""Figures from answers, on hand-made cases whose results are known."""

from collections.abc import Callable, Sequence

import pytest

from tieline.domain.kpi_survey import csat, customer_effort_score, net_promoter_score

Figure = Callable[[Sequence[int]], float | None]


def test_csat_is_the_share_of_fours_and_fives() -> None:
    assert csat([5, 5, 4, 3, 1]) == 60.0
    assert (csat([5]), csat([1, 2, 3]), csat([])) == (100.0, 0.0, None)


def test_nps_is_promoters_less_detractors() -> None:
    assert net_promoter_score([10, 9, 8, 7, 6, 0, 9, 10, 3, 8]) == 10.0
    assert (net_promoter_score([9, 10]), net_promoter_score([6, 0]), net_promoter_score([7, 8])) == (100.0, -100.0, 0.0)
    assert net_promoter_score([]) is None


def test_ces_is_the_mean_of_ease() -> None:
    assert (customer_effort_score([7, 4, 1]), customer_effort_score([])) == (4.0, None)


@pytest.mark.parametrize(("figure", "scores"), [(csat, [0]), (csat, [6]), (net_promoter_score, [11]), (net_promoter_score, [-1])])
@pytest.mark.parametrize("beside", [[], [5]])
def test_scores_off_the_scale_are_a_fault(figure: Figure, scores: list[int], beside: list[int]) -> None:
    with pytest.raises(ValueError, match="outside"):
        figure([*beside, *scores])


@pytest.mark.parametrize("scores", [[0], [8]])
def test_ease_off_the_scale_is_a_fault(scores: list[int]) -> None:
    with pytest.raises(ValueError, match="ces"):
        customer_effort_score(scores)
