"""`values`: the vendor's words for ours, compiled for both directions. `spec` tells how they are written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tieline.mapping.exact import exact_text
from tieline.mapping.fields import CanonicalField, FieldKind
from tieline.mapping.refusals import Unreadable, Unwritable, WordsRefused
from tieline.mapping.spec import ANY_OTHER, OnlyWritten, Row, Word

_YES_AND_NO: Final = frozenset({"true", "false"})
_WORDED: Final = frozenset({FieldKind.TEXT, FieldKind.WORD, FieldKind.BOOL, FieldKind.INT, FieldKind.TEXTS})


@dataclass(slots=True)
class Words:
    """Their word (as text) to ours, and ours to theirs; `…_other` is for any word not listed, None if that is refused."""

    to_ours: dict[str, str] = field(default_factory=dict)
    other_to_ours: str | None = None
    to_theirs: dict[str, Word] = field(default_factory=dict)
    other_to_theirs: Word | None = None

    def read(self, value: object) -> str:
        """Return our word. Raises: Unreadable: a word that is not listed."""
        ours = self.to_ours.get(value if value.__class__ is str else exact_text(value) or "", self.other_to_ours)
        if ours is None:
            raise Unreadable("a word that `values` does not list")
        return ours

    def write(self, value: object) -> Word:
        """Return their word, with the type it has in the file. Raises: Unwritable: none is listed for ours."""
        theirs = self.to_theirs.get(exact_text(value) or "", self.other_to_theirs)
        if theirs is None:
            raise Unwritable("`values` lists no word of theirs for this one of ours")
        return theirs


def compile_words(row: Row, canonical: CanonicalField) -> Words | None:
    """Compile `values`; None: the row has none. Raises: WordsRefused."""
    if not row.values:
        return None
    if canonical.kind not in _WORDED:
        raise WordsRefused(f"`values` translates words, and this field holds {canonical.kind}", key="")
    build = _ours_to_theirs if row.writes_to is not None else _theirs_to_ours
    return build(row, _our_words(canonical))


def _our_words(canonical: CanonicalField) -> Callable[[str], bool]:
    """Return a test for our words; a field of free text takes any, one that counts takes whole numbers."""
    if canonical.kind is FieldKind.INT:
        return lambda word: word.removeprefix("-").isdecimal()
    allowed = _YES_AND_NO if canonical.kind is FieldKind.BOOL else canonical.words
    return allowed.__contains__ if allowed else lambda _: True


def _theirs_to_ours(row: Row, is_ours: Callable[[str], bool]) -> Words:
    words = Words()
    for theirs, listed in row.values.items():
        if isinstance(listed, OnlyWritten):
            raise WordsRefused("a row that only reads writes nothing, so {to: …} says nothing", key=theirs)
        ours = exact_text(listed[0]) or ""
        if len(listed) > 1 or ours == ANY_OTHER or not is_ours(ours):
            raise WordsRefused("a row that only reads lists their word: our word", key=theirs)
        _check_spelled(theirs, theirs)
        if theirs == ANY_OTHER:
            words.other_to_ours = ours
        else:
            words.to_ours[theirs] = ours
    return words


def _ours_to_theirs(row: Row, is_ours: Callable[[str], bool]) -> Words:
    words = Words()
    for ours, listed in row.values.items():
        if ours != ANY_OTHER and not is_ours(ours):
            raise WordsRefused("a row that can write lists our word: their word", key=ours)
        if isinstance(listed, OnlyWritten):
            _check_spelled(_spelling(listed.to), ours)
            words.to_theirs[ours] = listed.to
        else:
            _add(words, ours, listed, reads=bool(row.reads_from))
    return words


def _add(words: Words, ours: str, listed: tuple[Word, ...], *, reads: bool) -> None:
    if ours == ANY_OTHER:
        if listed[1:] or listed[0] == ANY_OTHER:
            raise WordsRefused('"*" stands for any other word of ours, and one word of theirs is written for it', key=ours)
        words.other_to_theirs = listed[0]
        return
    if listed[0] != ANY_OTHER:
        words.to_theirs[ours] = listed[0]
    for theirs in map(_spelling, listed):
        _check_spelled(theirs, ours)
        if reads and (theirs in words.to_ours or (theirs == ANY_OTHER and words.other_to_ours is not None)):
            raise WordsRefused("one word of theirs stands for two of ours, so it cannot be read", key=ours)
        if theirs == ANY_OTHER:
            words.other_to_ours = ours
        else:
            words.to_ours[theirs] = ours


def _spelling(word: Word) -> str:
    return exact_text(word) or ""


def _check_spelled(theirs: str, key: str) -> None:
    if not theirs:
        raise WordsRefused("an empty value is no word; `default` says what holds when nothing is there", key=key)
