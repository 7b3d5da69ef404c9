"""A visit to the page of a survey, by whichever door: guesses are counted, what is asked is put into the visitor's language."""

from dataclasses import dataclass

from tieline.domain.errors import NotFound
from tieline.domain.survey import SurveyLanguage
from tieline.services.surveys import answering
from tieline.services.surveys.answering import Asked
from tieline.services.surveys.desk import SurveyDesk


@dataclass(frozen=True, slots=True)
class Visit:
    """The token somebody named, and where they come from."""

    token: str
    address: str


@dataclass(frozen=True, slots=True)
class Worded:
    """What a page asks, in one language."""

    kind: str
    question: str
    low: str
    high: str
    lowest: int
    highest: int
    language: SurveyLanguage
    answered: bool


async def look(desk: SurveyDesk, visit: Visit, *, language: SurveyLanguage | None) -> Worded:
    """Return what is asked. Raises: NotFound. Gone. RateLimited."""
    desk.guesses.check(visit.address)
    try:
        return worded(await answering.look(desk, visit.token), language)
    except NotFound:
        desk.guesses.miss(visit.address)
        raise


async def answer(desk: SurveyDesk, visit: Visit, *, score: int, text: str | None) -> bool:
    """Take the answer; False: it was answered before. Raises: NotFound. Gone. RequestRefused. RateLimited."""
    desk.guesses.check(visit.address)
    try:
        return await answering.answer(desk, visit.token, score=score, text=text)
    except NotFound:
        desk.guesses.miss(visit.address)
        raise


async def opt_out(desk: SurveyDesk, visit: Visit) -> None:
    """Ask this customer no more. Raises: NotFound. RateLimited."""
    desk.guesses.check(visit.address)
    try:
        await answering.opt_out(desk, visit.token)
    except NotFound:
        desk.guesses.miss(visit.address)
        raise


def worded(asked: Asked, language: SurveyLanguage | None) -> Worded:
    """Put what is asked into a language; left out, the one it was sent in."""
    spoken: SurveyLanguage = language or asked.survey.language or "zh-CN"
    template = asked.template

    def say(texts: dict[SurveyLanguage, str]) -> str:
        return texts.get(spoken) or next(iter(texts.values()))

    return Worded(
        kind=template.kind,
        question=say(template.question),
        low=say(template.low),
        high=say(template.high),
        lowest=template.scores.start,
        highest=template.scores.stop - 1,
        language=spoken,
        answered=asked.over,
    )
