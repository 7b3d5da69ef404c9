"""Which language a page speaks, and its texts: the same catalogues the scripts use."""

from collections.abc import Mapping
from functools import cache
from typing import Final

import orjson
from fastapi import Request

from tieline.web.assets import assets

LANGUAGES: Final[Mapping[str, str]] = {"zh-CN": "简体中文", "en": "English"}
OTHERWISE: Final = "en"
COOKIE: Final = "tieline_language"


def language_of(request: Request, *, preferred: str | None = None) -> str:
    """Return the language to speak: asked for, chosen before, set for the agent (`preferred`), or the browser's."""
    wishes = (request.query_params.get("lang"), request.cookies.get(COOKIE), preferred)
    for wish in (*wishes, *_accepted(request.headers.get("accept-language", ""))):
        if found := _known(wish):
            return found
    return OTHERWISE


class Texts:
    """One language's texts."""

    def __init__(self, catalogue: Mapping[str, str]) -> None:
        self._catalogue = catalogue

    def say(self, key: str) -> str:
        """Return the text `key`. Raises: KeyError: a mistake in a template."""
        return self._catalogue[key]

    def say_or(self, key: str, otherwise: str) -> str:
        """Return the text `key` if there is one."""
        return self._catalogue.get(key, otherwise)


@cache
def texts(language: str) -> Texts:
    """Return the texts of one of `LANGUAGES`."""
    return Texts(orjson.loads(assets().text(f"messages/{language}.json")))


def _known(wish: str | None) -> str | None:
    """Any Chinese is answered in the one we have, any English in English."""
    primary = (wish or "").partition("-")[0].strip().lower()
    return {"zh": "zh-CN", "en": "en"}.get(primary)


def _accepted(header: str) -> list[str]:
    """Return the languages of an Accept-Language header in the order given; browsers list them by preference."""
    return [part.partition(";")[0].strip() for part in header.split(",")]
