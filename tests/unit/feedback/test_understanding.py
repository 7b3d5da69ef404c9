"""What texts are taken to mean: the published table is true, and what must not happen to a text does not."""

import hashlib
import time

import pytest
from pydantic import ValidationError
from tests.unit.feedback.understanding_table import BEGIN, END, PAGE, labelled, table

from tieline.services.directory import Directory
from tieline.services.understanding.policy_file import CausesEntry
from tieline.services.understanding.suggesting import book_of, by_rules
from tieline.services.understanding.words import Tongue, cut, moods_of, signs_of, usual_causes

BOOK = book_of(Directory())


def test_the_published_table_is_what_is_measured() -> None:
    published = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()
    assert published == table().strip(), (
        "look at the change, then write it with `python -m tests.unit.feedback.understanding_table`"
    )


def test_the_labelled_texts_are_many_and_no_text_is_in_both_splits() -> None:
    dev, test = ({row["text"] for row in labelled(split)} for split in ("dev", "test"))
    assert (len(dev) + len(test) >= 300, dev & test) == (True, set())
    labels = {cause for split in ("dev", "test") for row in labelled(split) for cause in row["causes"].split(";") if cause}
    assert labels == {name for name, cause in BOOK.entry.causes.items() if cause.words or cause.undone}


@pytest.mark.parametrize(("split", "parity"), [("dev", 0), ("test", 1)])
def test_chance_decides_which_texts_words_are_mended_by(split: str, parity: int) -> None:
    assert {hashlib.sha256(row["text"].encode()).digest()[-1] % 2 for row in labelled(split)} == {parity}


@pytest.mark.parametrize("tongue", ["zh", "en"])
def test_every_word_that_denies_is_one_the_cutting_knows(tongue: Tongue) -> None:
    """A phrase never meets a single word, and YAML reads a bare `no` as false: such rows deny nothing."""
    denying = moods_of(tongue).negations | signs_of(tongue).undone
    assert {word for word in denying if not isinstance(word, str) or cut(word).words != (word,)} == set()


@pytest.mark.parametrize(
    "text",
    [
        *("还没解决", "问题一直没有解决", "至今未解决", "没给我处理好", "什么时候能解决", "说解决了，其实没解决"),
        *("Not resolved", "It isn't fixed", "No one could repair it", "Please fix this", "Sorted, they said. Never sorted"),
    ],
)
def test_what_is_not_solved_is_told_as_such_with_the_word_that_says_so(text: str) -> None:
    (named,) = BOOK.understand(text).causes
    assert (named.cause, ["…" in word for word in named.because]) == ("unresolved", [True])


@pytest.mark.parametrize(
    "text",
    [
        *("已经解决了", "已解决", "都处理好了", "没想到这么快就解决了", "不到十分钟就修好了", "一直没解决，今天终于搞定了"),
        *("Resolved", "It is fixed now", "No fuss, just solved", "Not fixed until Anna sorted it", "Never fixed so quickly"),
    ],
)
def test_what_is_solved_is_no_cause_for_complaint(text: str) -> None:
    assert BOOK.understand(text).causes == ()


@pytest.mark.parametrize(
    ("text", "sentiment", "causes"),
    [
        ("等了半天没人接，态度还差", "negative", {"wait", "attitude"}),
        ("不满意", "negative", set()),
        ("没有不满意", "positive", set()),
        ("Not helpful at all, rude staff", "negative", {"attitude"}),
        ("The refund came quickly, thanks!", "positive", {"refund"}),
        ("No fuss, just good", "positive", set()),
        ("", "neutral", set()),
        ("😡", "neutral", set()),
        ("<b>refund</b>", "neutral", {"refund"}),
    ],
)
def test_texts_are_understood_by_their_words(text: str, sentiment: str, causes: set[str]) -> None:
    meant = BOOK.understand(text)
    assert (meant.sentiment, {one.cause for one in meant.causes}) == (sentiment, causes)


@pytest.mark.parametrize(
    "text",
    [
        "差" * 20_000,
        "不" * 20_000,
        "not bad " * 3_000,
        "a" * 20_000,
        "😡" * 20_000,
        "挂了" * 10_000,
        "没解决" * 6_000,
        "not solved " * 2_000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    BOOK.understand("你好")
    began = time.process_time()
    BOOK.understand(text)
    assert time.process_time() - began < 0.5


def test_a_suggestion_says_why_and_by_which_tree() -> None:
    meant = by_rules(Directory(policies={"causes": usual_causes()}, policy_versions={"causes": 7}), "排队太久")
    assert meant == {"sentiment": "negative", "causes": [{"id": "wait", "because": ["排队"]}], "by": "rules:7"}
    assert by_rules(Directory(), None) is None


@pytest.mark.parametrize(
    "parents", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "nowhere"}, {"a": "b", "b": "c", "c": "d", "d": "e", "e": None}]
)
def test_causes_are_a_tree(parents: dict[str, str | None]) -> None:
    with pytest.raises(ValidationError):
        CausesEntry.model_validate(
            {"causes": {name: {"zh-CN": name, "en": name, "parent": above} for name, above in parents.items()}}
        )
