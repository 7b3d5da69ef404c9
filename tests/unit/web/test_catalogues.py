"""Both languages say the same things, and say everything the scripts and the domain may ask of them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import orjson
import pytest

from tieline.domain.actions import LOCK_REASONS
from tieline.domain.call import CallEventType, CallOutcome
from tieline.domain.contract import ContractStatus
from tieline.domain.customer import Tier
from tieline.domain.errors import ConnectorError
from tieline.domain.hint_texts import HINT_TEXTS
from tieline.domain.invoice import InvoiceStatus
from tieline.domain.match_reasons import REASONS
from tieline.domain.order import OrderStatus
from tieline.domain.phone import NumberKind
from tieline.domain.pop_blocks import BLOCK_KINDS
from tieline.domain.screen_pop import BlockState, IdentityLevel, MatchState
from tieline.domain.ticket import TicketPriority, TicketStatus
from tieline.domain.ticket_hub import SYNCED
from tieline.services.tickets.reading import LinkStanding
from tieline.web.assets import FOLDER, assets
from tieline.web.languages import LANGUAGES
from tieline.web.phrases import phrases

DESK, REPORTS = (
    {language: orjson.loads(assets().text(f"messages/{page}{language}.json")) for language in LANGUAGES}
    for page in ("", "reports.")
)
CATALOGUES = {language: {**DESK[language], **REPORTS[language]} for language in LANGUAGES}
SCRIPTS = sorted(FOLDER.rglob("*.js"))
TEMPLATES = sorted((FOLDER.parent / "templates").glob("*.html"))
ASKED = re.compile(r"""\b(?:say|say_or|sayOr)\(\s*["']([\w.]*\w)["']""")
COMPOSED = re.compile(r"""[`'"]([a-z_]+)\.(?:[a-z]+_)?(?:\$\{|['"] ~|\{)|(?:word|row\.status)\(["'](\w+)["']""")
"""`family.${word}` in a script, 'family.' ~ word in a template, f"family.{word}" in Python, word("family", …)."""
NOT_SHOWN = {"unknown", "other"}
"""A kind of number nobody can name is left out of the card."""


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def errors_below(kind: type[ConnectorError]) -> Iterator[str]:
    for child in kind.__subclasses__():
        if child.__module__ == kind.__module__:  # what lines and outlets add is never a block's
            yield child.code
            yield from errors_below(child)


def test_every_text_exists_in_every_language() -> None:
    plural = {key for key in CATALOGUES["en"] if key.endswith("_one")}
    told_by_the_server = {key for key in CATALOGUES["zh-CN"] if key.startswith("formula.")}  # in English there
    assert set(CATALOGUES["en"]) == set(CATALOGUES["zh-CN"]) - told_by_the_server
    assert plural == {key for key in plural if key.removesuffix("_one") in CATALOGUES["en"]}


def test_a_translation_asks_for_the_same_values() -> None:
    differing = {key for key, text in CATALOGUES["en"].items() if placeholders(text) != placeholders(CATALOGUES["zh-CN"][key])}
    assert {key for key in differing if not key.endswith("_one")} == set()


def test_chinese_is_chinese() -> None:
    latin = {key for key, text in CATALOGUES["zh-CN"].items() if not re.search(r"[\u4e00-\u9fff]", text)}
    assert latin == {"title.quiet", "fresh.both", "kind.csat", "kind.nps", "kind.ces"}


@pytest.mark.parametrize("source", [*SCRIPTS, *TEMPLATES], ids=lambda path: path.name)
def test_every_text_asked_for_exists(source: Path) -> None:
    missing = {key for key in ASKED.findall(source.read_text("utf-8")) if key not in CATALOGUES["en"]}
    assert missing == set()


def test_no_text_is_kept_that_nobody_asks_for() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in [*SCRIPTS, *TEMPLATES, *FOLDER.parent.glob("*.py")])
    families = tuple(f"{name}." for found in COMPOSED.findall(sources) for name in found if name)
    kept = (key.removesuffix("_one") for key in CATALOGUES["en"])
    unused = [key for key in kept if not re.search(rf"[\"']{re.escape(key)}[\"']", sources) and not key.startswith(families)]
    assert unused == []


@pytest.mark.parametrize(
    ("family", "words"),
    [
        ("order_status", set(get_args(OrderStatus))),
        ("ticket_status", set(get_args(TicketStatus))),
        ("invoice_status", set(get_args(InvoiceStatus))),
        ("contract_status", set(get_args(ContractStatus))),
        ("priority", set(get_args(TicketPriority))),
        ("sync", set(get_args(LinkStanding))),
        ("field", set(SYNCED)),
        ("tier", set(get_args(Tier))),
        ("phone", set(get_args(NumberKind)) - NOT_SHOWN),
        ("outcome", set(get_args(CallOutcome))),
        ("event", set(get_args(CallEventType))),
        ("match", set(get_args(MatchState))),
        ("identity", {str(level) for level in get_args(IdentityLevel)}),
        ("fresh", set(get_args(BlockState))),
        ("block", {kind.name for kind in BLOCK_KINDS}),
        ("none", {kind.name for kind in BLOCK_KINDS}),
        ("missing", {kind.name for kind in BLOCK_KINDS}),
    ],
)
def test_every_word_of_the_domain_is_translated(family: str, words: set[str]) -> None:
    assert {word for word in words if f"{family}.{word}" not in CATALOGUES["en"]} == set()


def test_every_failure_of_a_look_up_is_told_in_words() -> None:
    of_writes = {"upstream_conflict", "upstream_duplicate", "upstream_ambiguous", "upstream_unknown", "do_not_disturb"}
    assert {code for code in errors_below(ConnectorError) if f"failure.{code}" not in CATALOGUES["en"]} == of_writes


def test_every_reason_can_be_said_in_both_languages() -> None:
    assert set(REASONS) <= {sentence.get("code") for sentence in phrases()}
    texts = {sentence["en"] for sentence in phrases()}
    assert {hint["en"] for hint in HINT_TEXTS.values()} | {lock["en"] for lock in LOCK_REASONS.values()} <= texts
    assert all({"en", "zh-CN"} <= set(sentence) for sentence in phrases())
