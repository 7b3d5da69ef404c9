"""Scores and their scales, and what must be answered."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from tieline.domain.errors import RequestRefused
from tieline.domain.feedback import Feedback, FeedbackKind, asks_for_an_answer, checked_score, is_low
from tieline.domain.feedback_texts import headline, in_words

AT = datetime(2026, 11, 26, tzinfo=UTC)


def said(kind: FeedbackKind, **fields: Any) -> Feedback:  # noqa: ANN401 - any field
    return Feedback(id=UUID(int=1), kind=kind, channel="ivr", at=AT, received_at=AT, received_by="test", **fields)


@pytest.mark.parametrize(("kind", "lowest", "highest"), [("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7)])
def test_a_score_lies_on_its_scale(kind: FeedbackKind, lowest: int, highest: int) -> None:
    assert [checked_score(kind, score) for score in (lowest, highest)] == [lowest, highest]
    for outside in (lowest - 1, highest + 1):
        with pytest.raises(RequestRefused) as caught:
            checked_score(kind, outside)
        assert caught.value.code == "score_range"


def test_scores_belong_to_scales_and_words_to_words() -> None:
    with pytest.raises(RequestRefused) as missing:
        checked_score("nps", None)
    with pytest.raises(RequestRefused) as surplus:
        checked_score("complaint", 1)
    assert (missing.value.code, surplus.value.code, checked_score("praise", None)) == ("score_required", "score_unexpected", None)


@pytest.mark.parametrize(("kind", "low"), [("csat", 2), ("nps", 6), ("ces", 3)])
def test_low_ends_where_it_should(kind: FeedbackKind, low: int) -> None:
    assert (is_low(kind, low), is_low(kind, low + 1), is_low("praise", None)) == (True, False, False)


@pytest.mark.parametrize(
    ("one", "reachable", "asks"),
    [
        (said("csat", score=1), True, True),
        (said("csat", score=5), True, False),
        (said("csat", score=1), False, False),
        (said("csat", score=1, text="太慢"), False, True),
        (said("complaint"), True, True),
        (said("suggestion", text="少放音乐"), True, False),
    ],
)
def test_who_was_let_down_is_answered_if_there_is_anything_to_go_by(one: Feedback, reachable: bool, asks: bool) -> None:  # noqa: FBT001 - a table
    assert asks_for_an_answer(one, reachable=reachable) is asks


def test_a_ticket_says_it_in_the_language_of_the_desk() -> None:
    one = said("csat", score=1, text="等了太久 😡")
    assert headline(one, "zh") == "客户评价：满意度 1 分（满分 5）"
    assert in_words(one, "en") == "Customer feedback: satisfaction 1 of 5\n等了太久 😡"
    assert headline(said("complaint"), "en") == "Customer feedback: complaint"
