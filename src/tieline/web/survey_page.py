"""The page a customer opens from a message: one question, one answer, no name, no script, no cookie.

Whatever is wrong with a link, the page says the same; only the status tells programs apart what it was.
"""

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response

from tieline.domain.errors import Gone, NotFound, RateLimited, RequestRefused
from tieline.domain.survey import SurveyLanguage
from tieline.security.client_address import client_address
from tieline.security.declarations import public
from tieline.services.surveys import page
from tieline.services.surveys.answering import LONGEST_TEXT
from tieline.services.surveys.page import Visit
from tieline.web.painter import Painter

if TYPE_CHECKING:
    from tieline.services.surveys.desk import SurveyDesk

LONGEST_FORM_BYTES: Final = 32 * 1024
"""The longest text of characters that take nine bytes each in a form, and the rest of it."""
FORM: Final = "application/x-www-form-urlencoded"
WHOEVER_HAS_THE_LINK: Final = public("whoever was sent the link answers; nothing of the customer is shown")
_LANGUAGES: Final[dict[str, SurveyLanguage]] = {"zh-CN": "zh-CN", "zh": "zh-CN", "en": "en"}
_STATUS: Final[tuple[tuple[type[Exception], str], ...]] = ((NotFound, "none"), (Gone, "none"), (RateLimited, "busy"))


def survey_router() -> APIRouter:
    """Return the routes of the page."""
    shown = SurveyPage(Painter(scripts=False))
    router = APIRouter(include_in_schema=False, dependencies=[WHOEVER_HAS_THE_LINK])
    router.add_api_route("/s/{token}", shown.show, methods=["GET"])
    router.add_api_route("/s/{token}", shown.take, methods=["POST"])
    router.add_api_route("/s/{token}/stop", shown.ask_to_stop, methods=["GET"])
    router.add_api_route("/s/{token}/stop", shown.stop, methods=["POST"])
    return router


class SurveyPage:
    """The endpoints, with the painter they share."""

    def __init__(self, painter: Painter) -> None:
        self._painter = painter

    async def show(self, request: Request, token: str) -> Response:
        """Show the question; what was answered before is over."""
        return await self._question(request, token, trouble=None)

    async def take(self, request: Request, token: str) -> Response:
        """Take the answer; again, thank again."""
        fields = await _fields(request)
        if fields is None:
            return await self._question(request, token, trouble="long", status=413)
        score, text = fields.get("score", ""), fields.get("text", "").replace("\r\n", "\n").replace("\0", "").strip()
        if len(text) > LONGEST_TEXT:
            return await self._question(request, token, trouble="long", status=422)
        if not (score.isascii() and score.isdecimal() and len(score) <= 2):  # noqa: PLR2004 - no scale has scores of three digits
            return await self._question(request, token, trouble="choose", status=422)
        try:
            await page.answer(_desk(request), _visit(request, token), score=int(score), text=text or None)
        except (NotFound, Gone, RateLimited) as exc:
            return self._refused(request, exc)
        except RequestRefused:
            return await self._question(request, token, trouble="choose", status=422)
        return self._paint(request, "survey_said.html", said="thanks")

    async def ask_to_stop(self, request: Request, token: str) -> Response:
        """Ask whether the customer means it: programs that look at links before people do must not decide this."""
        try:
            await page.look(_desk(request), _visit(request, token), language=None)
        except (NotFound, Gone, RateLimited) as exc:
            return self._refused(request, exc)
        return self._paint(request, "survey_stop.html", token=token)

    async def stop(self, request: Request, token: str) -> Response:
        """Ask this customer no more."""
        try:
            await page.opt_out(_desk(request), _visit(request, token))
        except (NotFound, RateLimited) as exc:
            return self._refused(request, exc)
        return self._paint(request, "survey_said.html", said="out")

    async def _question(self, request: Request, token: str, *, trouble: str | None, status: int = 200) -> Response:
        try:
            asked = await page.look(_desk(request), _visit(request, token), language=_asked_language(request))
        except (NotFound, Gone, RateLimited) as exc:
            return self._refused(request, exc)
        if asked.answered:
            return self._refused(request, Gone())
        scores = range(asked.lowest, asked.highest + 1)
        return self._paint(
            request,
            "survey.html",
            status=status,
            language=asked.language,
            asked=asked,
            scores=scores,
            token=token,
            trouble=trouble,
            longest=LONGEST_TEXT,
        )

    def _refused(self, request: Request, exc: NotFound | Gone | RateLimited) -> Response:
        said = next(word for kind, word in _STATUS if isinstance(exc, kind))
        answer = self._paint(request, "survey_said.html", status=exc.http_status, said=said)
        if isinstance(exc, RateLimited):
            answer.headers["Retry-After"] = str(int(exc.retry_after_s) + 1)
        return answer

    def _paint(
        self, request: Request, template: str, *, status: int = 200, language: str | None = None, **values: object
    ) -> Response:
        return self._painter.page(request, template, status=status, language=_asked_language(request) or language, **values)


def _desk(request: Request) -> "SurveyDesk":
    desk: SurveyDesk = request.app.state.house.surveys
    return desk


def _visit(request: Request, token: str) -> Visit:
    return Visit(token[:200], client_address(request))


def _asked_language(request: Request) -> SurveyLanguage | None:
    return _LANGUAGES.get(request.query_params.get("lang", ""))


async def _fields(request: Request) -> dict[str, str] | None:
    """Return the form's fields; None: it is longer than any honest one. What is no form of ours has none."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return {}
    body = await request.body()
    if len(body) > LONGEST_FORM_BYTES:
        return None
    try:
        return dict(parse_qsl(body.decode("ascii", "replace"), max_num_fields=10, keep_blank_values=True))
    except ValueError:
        return {}
