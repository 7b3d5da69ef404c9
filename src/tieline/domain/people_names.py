"""When two names are one person's: Chinese and Latin names, titles, surnames alone, masked names."""

import re
import unicodedata
from functools import lru_cache
from typing import Literal, NamedTuple

_COMPOUND = (
    "欧阳司马上官诸葛东方皇甫尉迟公羊赫连澹台公冶宗政濮阳太叔申屠公孙仲孙轩辕令狐钟离宇文长孙慕容鲜于闾丘司徒司空亓官司寇巫马"
    "公西颛孙漆雕乐正宰父谷梁拓跋夹谷段干百里呼延东郭南门羊舌微生梁丘左丘西门南宫独孤端木夏侯闻人万俟纳兰第五达奚褚师"
    "歐陽司馬諸葛東方尉遲申屠軒轅鍾離長孫鮮于閭丘南宮獨孤聞人納蘭"
)
COMPOUND_SURNAMES = frozenset(_COMPOUND[place : place + 2] for place in range(0, len(_COMPOUND), 2))
"""Chinese surnames of two characters that are in use, with their traditional forms."""

_REMARK = re.compile(r"[(\[（【].*?[)\]）】]")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WORD = re.compile(r"[^\W\d_]+")
_APOSTROPHES = str.maketrans(dict.fromkeys("\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}ʻʼ`´′", "'"))
_WITHIN_A_WORD = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")
_TITLES_AFTER = re.compile(r"(?:先生|女士|小姐|太太|夫人|老师|师傅|老板|经理|主任|医生|同学|大爷|阿姨|总)$")
_TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "madam", "herr", "frau", "mme", "mlle", "sr", "sra"})


class NameKey(NamedTuple):
    """A name made comparable. `partial`: only a surname, a single word or initials are known."""

    script: Literal["han", "other"]
    words: tuple[str, ...]
    partial: bool


@lru_cache(maxsize=4096)
def name_key(name: str | None) -> NameKey | None:
    """Return what can be compared of a name; None if nothing can."""
    # Apostrophes first: NFKC takes some that typewriters made, such as U+00B4, apart into a space and an accent.
    text = _REMARK.sub("", unicodedata.normalize("NFKC", (name or "").translate(_APOSTROPHES))).strip()
    return _han(text) if _HAN.search(text) else _other(text)


def same_name(one: NameKey | None, other: NameKey | None) -> bool:
    """Say whether two complete names are the same."""
    return one is not None and one == other and not one.partial


def fits(one: NameKey | None, other: NameKey | None) -> bool:
    """Say whether one may be the short form of the other: `张先生` and `张三`, `J. Smith` and `Smith, John`."""
    if one is None or other is None or one.script != other.script:
        return False
    if one.script == "han":
        shorter, longer = sorted((one.words[0], other.words[0]), key=len)
        return (one.partial or other.partial) and longer.startswith(shorter)
    fewer, more = sorted((one.words, other.words), key=len)
    return (one.partial or other.partial) and all(_has_word(more, word) for word in fewer)


def contradict(one: NameKey | None, other: NameKey | None) -> bool:
    """Say whether two names cannot be one person's. Names in different scripts never contradict: nobody can compare them."""
    if one is None or other is None or one.script != other.script:
        return False
    return one.words != other.words and not fits(one, other)


def surname_of(name: str) -> str:
    """Return the surname of a Chinese name: two characters if they are a compound surname and more follows, else one."""
    return name[:2] if len(name) > 2 and name[:2] in COMPOUND_SURNAMES else name[:1]  # noqa: PLR2004 - a surname is two characters at most


def _han(text: str) -> NameKey:
    masked = "*" in text
    letters = "".join(_WORD.findall(text))
    bare = _TITLES_AFTER.sub("", letters) or letters
    partial = masked or len(bare) == 1 or bare in COMPOUND_SURNAMES
    return NameKey("han", (bare.casefold(),), partial)


def _other(text: str) -> NameKey | None:
    plain = "".join(character for character in unicodedata.normalize("NFKD", text) if not unicodedata.combining(character))
    joined = _WITHIN_A_WORD.sub("", plain.casefold())  # O'Neill is one word, and no initial with a surname.
    words = tuple(sorted(word for word in _WORD.findall(joined) if word not in _TITLES))
    if not words:
        return None
    return NameKey("other", words, partial=len(words) == 1 or any(len(word) == 1 for word in words))


def _has_word(words: tuple[str, ...], wanted: str) -> bool:
    return any(word == wanted or (1 in {len(word), len(wanted)} and word[0] == wanted[0]) for word in words)
