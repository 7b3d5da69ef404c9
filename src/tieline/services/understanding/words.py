"""Texts cut into words, and lists of words as patterns. Chinese is cut by rjieba, everything else at what is no letter."""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import Any, Final, Literal

import rjieba
import yaml

from tieline.domain.understanding import Cut, Moods
from tieline.domain.understanding_causes import Signs

Tongue = Literal["zh", "en"]
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_WORD: Final = re.compile(r"[a-z0-9/]+(?:'[a-z]+)?")
_STOP: Final = re.compile(r"[，。！？；：,.!?;:…\n]")
NEVER: Final = re.compile(r"(?!)")
LONGEST: Final = 2_000
"""Characters that are looked at: moods and causes stand at the beginning."""


def tongue_of(text: str) -> Tongue:
    """Return which words to look for: Chinese as soon as there is a Chinese character."""
    return "zh" if _HAN.search(text) else "en"


def cut(text: str) -> Cut:
    """Cut a text into words."""
    shown = text[:LONGEST]
    if tongue_of(shown) == "en":
        lower = shown.lower().replace("\u2019", "'")
        found = list(_WORD.finditer(lower))
        return Cut(lower, tuple(match[0] for match in found), tuple(match.start() for match in found))
    words = tuple(rjieba.cut(shown))
    begins = accumulate((len(word) for word in words[:-1]), initial=0)
    return Cut(shown, words, tuple(begins))


def warm() -> None:
    """Load the dictionary, which takes most of a second the first time."""
    cut("你好")


def pattern_of(words: Iterable[str], tongue: Tongue) -> re.Pattern[str]:
    """Return what finds any of some words, the longest first. In English `*` stands for any ending."""
    listed = sorted({word.lower() if tongue == "en" else word for word in words}, key=lambda word: (-len(word), word))
    if not listed:
        return NEVER
    if tongue == "zh":
        return re.compile("|".join(map(re.escape, listed)))
    return re.compile(r"(?<![\w'])(?:" + "|".join(re.escape(word).replace(r"\*", r"\w*") for word in listed) + r")(?![\w])")


@cache
def moods_of(tongue: Tongue) -> Moods:
    """Return the words with a mood of one language, as they come with the software."""
    listed = _file("lexicon.yaml")[tongue]
    return Moods(
        positive=pattern_of((word for line in listed["positive"] for word in line), tongue),
        negative=pattern_of((word for line in listed["negative"] for word in line), tongue),
        negations=frozenset(listed["negations"]),
        contrast=pattern_of(listed["contrast"], tongue),
        ends=_STOP,
    )


@cache
def signs_of(tongue: Tongue) -> Signs:
    """Return what tells in one language whether a deed is done, as it comes with the software."""
    listed = _file("lexicon.yaml")[tongue]
    return Signs(
        undone=frozenset([*listed["negations"], *listed["undone"]]),
        done=re.compile(rf"\s*(?:{pattern_of(listed['done'], tongue).pattern})"),
        ends=re.compile(f"{_STOP.pattern}|{pattern_of([*listed['contrast'], *listed['clauses']], tongue).pattern}"),
    )


@cache
def usual_causes() -> dict[str, Any]:
    """Return the document of causes that comes with the software."""
    document: dict[str, Any] = _file("causes.yaml")
    return document


def _file(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(files("tieline.services.understanding").joinpath(name).read_text("utf-8"))
    return document
