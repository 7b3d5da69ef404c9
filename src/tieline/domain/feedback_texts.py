"""How a ticket words the feedback that gave rise to it, in the languages of the desk."""

from collections.abc import Mapping
from typing import Final

from tieline.domain.feedback import SCALES, Feedback, FeedbackKind
from tieline.domain.match_reasons import Language

_NAMES: Final[Mapping[FeedbackKind, Mapping[Language, str]]] = {
    "csat": {"zh": "满意度", "en": "satisfaction"},
    "nps": {"zh": "推荐意愿", "en": "likelihood to recommend"},
    "ces": {"zh": "易办程度", "en": "ease"},
    "complaint": {"zh": "投诉", "en": "complaint"},
    "praise": {"zh": "表扬", "en": "praise"},
    "suggestion": {"zh": "建议", "en": "suggestion"},
}
_SCORED: Final[Mapping[Language, str]] = {
    "zh": "客户评价：{name} {score} 分（满分 {highest}）",
    "en": "Customer feedback: {name} {score} of {highest}",
}
_SAID: Final[Mapping[Language, str]] = {"zh": "客户反馈：{name}", "en": "Customer feedback: {name}"}

_CAUSES: Final[Mapping[Language, str]] = {"zh": "原因：", "en": "Causes: "}
_TAGS: Final[Mapping[Language, str]] = {"zh": "标签：", "en": "Tags: "}


def headline(feedback: Feedback, language: Language) -> str:
    """Return one line that says what kind it is and its score, and nothing the customer typed."""
    name = _NAMES[feedback.kind][language]
    if feedback.score is None:
        return _SAID[language].format(name=name)
    return _SCORED[language].format(name=name, score=feedback.score, highest=SCALES[feedback.kind].highest)


def in_words(feedback: Feedback, language: Language) -> str:
    """Return the headline with the customer's own words below it."""
    return "\n".join(part for part in (headline(feedback, language), feedback.text) if part)


def noted(feedback: Feedback, language: Language) -> str:
    """Return all of it in one piece: the headline, the customer's words, then causes and tags."""
    listed = ((_CAUSES[language], feedback.causes), (_TAGS[language], feedback.tags))
    return "\n".join([in_words(feedback, language), *(f"{name}{', '.join(words)}" for name, words in listed if words)])
