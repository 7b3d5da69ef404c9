"""What the agent should know or say at the start of the call, and why: rules over the pop as it stands.

A hint drawn from data that is not current says so in its `because`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Literal, NamedTuple

from tieline.domain.hint_texts import HINT_TEXTS, hint_text
from tieline.domain.match_reasons import Language
from tieline.domain.match_verdict import SEARCHING
from tieline.domain.narrowing import Narrowed, is_set_aside
from tieline.domain.repeat_caller import RepeatCaller
from tieline.domain.screen_pop import Block, Hint, Match, ShownCall, ShownCustomer
from tieline.domain.standing import Judged, in_words
from tieline.domain.ticket import OPEN_TICKET_STATUSES
from tieline.domain.trusted import built

HintKind = Literal["script", "banner", "warning", "transfer"]

MOST_HINTS = 8
_VERIFIED = 3
_LONGEST_IN_MINUTES = 120
_CURRENT = frozenset({"live", "cached"})


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the rules look at. `language` is the line's; `now` defaults to the start of the call; `mark` is the number's.

    `shared`: the number stands for a line and not for one person; `judged`: what our own rules make of the customer;
    `narrowed`: what is taken away from what this agent sees.
    """

    match: Match
    customer: ShownCustomer | None = None
    blocks: Mapping[str, Block] = field(default_factory=dict)
    repeat: RepeatCaller | None = None
    call: ShownCall | None = None
    language: str | None = None
    now: datetime | None = None
    mark: str | None = None
    shared: bool = False
    judged: Judged | None = None
    narrowed: tuple[Narrowed, ...] = ()

    @property
    def spoken(self) -> str | None:
        """The language of the call, as far as it is known."""
        return (self.call.language if self.call is not None else None) or self.language

    @property
    def words(self) -> Language:
        """The language hints are written in: English if the line speaks anything but Chinese."""
        return "zh" if self.spoken is None or self.spoken.lower().startswith("zh") else "en"


class _Suggestion(NamedTuple):
    """A text of `hint_texts`, not yet in words."""

    kind: HintKind
    code: str
    because: str
    values: tuple[tuple[str, object], ...] = ()


_BY_MATCH: Mapping[tuple[str, str | None], tuple[HintKind, str]] = {
    ("withheld", None): ("script", "withheld"),
    ("none", None): ("script", "unknown_caller"),
    ("maybe", "contradiction"): ("warning", "systems_disagree"),
    ("maybe", "not_confirmed"): ("warning", "systems_disagree"),
    ("maybe", "company"): ("script", "company_line"),
    ("maybe", None): ("script", "ask_who"),
}
_BY_PROFILE: Mapping[tuple[str, str], tuple[HintKind, str]] = {
    ("churn_risk", "high"): ("script", "churn_high"),
    ("churn_risk", "medium"): ("script", "churn_medium"),
    ("tier", "high_value"): ("banner", "tier_high_value"),
    ("tier", "churn_risk"): ("script", "tier_churn_risk"),
    ("tier", "potential"): ("script", "tier_potential"),
}
_BY_VIEW: Mapping[str, str] = {"restricted": "set_aside", "unconsented": "child_unconsented", "minor": "child"}
_BY_TAG: Mapping[str, str] = {
    "老年用户": "elderly",
    "老年客户": "elderly",
    "老人": "elderly",
    "elderly": "elderly",
    "听障": "hard_of_hearing",
    "听力障碍": "hard_of_hearing",
    "hard of hearing": "hard_of_hearing",
}


def hints_for(circumstances: Circumstances) -> tuple[Hint, ...]:
    """Return the hints, the most pressing first, at most eight; none for an internal call."""
    if circumstances.match.state == "internal":
        return ()
    first_of_each: dict[str, _Suggestion] = {}
    for rule in (_narrowed,) if is_set_aside(circumstances.narrowed) else _RULES:
        for suggestion in rule(circumstances):
            first_of_each.setdefault(suggestion.code, suggestion)
    words = circumstances.words
    return tuple([_in_words(suggestion, words) for suggestion in islice(first_of_each.values(), MOST_HINTS)])


def _narrowed(circumstances: Circumstances) -> Iterator[_Suggestion]:
    for one in circumstances.narrowed:
        code = _BY_VIEW.get(one.view) or ("narrowed_silent" if one.silent else "narrowed")
        yield _Suggestion("banner", f"{code}:{one.view} {one.system}", one.because, (("system", one.system),))


def _who(circumstances: Circumstances) -> Iterator[_Suggestion]:
    match = circumstances.match
    found = _BY_MATCH.get((match.state, match.rule)) or _BY_MATCH.get((match.state, None))
    if circumstances.mark == "spam":
        yield _Suggestion("warning", "spam", "mark=spam")
    if found is not None and match.rule != SEARCHING:
        yield _Suggestion(*found, because=match.reason)
    if match.state == "known" and circumstances.shared:
        yield _Suggestion("banner", "line_history", match.reason)


def _transfer(circumstances: Circumstances) -> Iterator[_Suggestion]:
    call = circumstances.call
    if call is not None and call.transferred_from is not None:
        yield _Suggestion("transfer", "transferred", "transferred", (("agent", call.transferred_from),))


def _calls_before(circumstances: Circumstances) -> Iterator[_Suggestion]:
    repeat = circumstances.repeat
    if repeat is None:
        return
    because = f"calls={repeat.count}"
    if repeat.raises_priority:
        yield _Suggestion("warning", "third_call", f"calls_in_24h={repeat.calls_in_24h}", (("count", repeat.calls_in_24h),))
    yield _how_often(repeat, circumstances, because)
    if repeat.by_line:
        return
    if repeat.cut_off and repeat.follow == "same_thread":
        yield _Suggestion("script", "cut_off", repeat.cut_off)
    ticket = _open_ticket(circumstances.blocks)
    if ticket is not None and repeat.follow != "none":
        yield _Suggestion("banner", "same_ticket", because, (("number", ticket),))
    if repeat.missed_before:
        yield _Suggestion("script", "missed_before", f"missed={repeat.missed_before}", (("count", repeat.missed_before),))


def _how_often(repeat: RepeatCaller, circumstances: Circumstances, because: str) -> _Suggestion:
    if repeat.by_line:
        return _Suggestion("banner", "repeat_line", because, (("count", repeat.count),))
    now = circumstances.now or (circumstances.call.started_at if circumstances.call is not None else None)
    if repeat.last.agent is None or now is None:
        return _Suggestion("banner", "repeat_nobody", because, (("count", repeat.count),))
    minutes = max(1, round((now - repeat.since).total_seconds() / 60))
    span = (
        ("repeat_minutes", ("minutes", minutes))
        if minutes <= _LONGEST_IN_MINUTES
        else ("repeat_hours", ("hours", round(minutes / 60)))
    )
    return _Suggestion("banner", span[0], because, (("count", repeat.count), ("agent", repeat.last.agent), span[1]))


def _open_ticket(blocks: Mapping[str, Block]) -> str | None:
    tickets = (item for name, block in blocks.items() if name.partition("@")[0] == "tickets" for item in block.items)
    return next((item["number"] for item in tickets if item.get("status") in OPEN_TICKET_STATUSES and item.get("number")), None)


def _profile(circumstances: Circumstances) -> Iterator[_Suggestion]:
    customer = circumstances.customer
    if customer is None:
        return
    mark = _freshness_mark(circumstances.blocks.get("profile"))
    for (name, value), (kind, code) in _BY_PROFILE.items():
        if getattr(customer, name) == value:
            yield _Suggestion(kind, code, f"{name}={value}{mark}")
    for tag in customer.tags:
        code_of_tag = _BY_TAG.get(tag.casefold())
        if code_of_tag is not None:
            yield _Suggestion("script", code_of_tag, f"tag={tag}{mark}")
    spoken = circumstances.spoken
    if customer.language and spoken and customer.language.lower()[:2] != spoken.lower()[:2]:
        yield _Suggestion("transfer", "other_language", f"language={customer.language}{mark}", (("spoken", customer.language),))


def _judged(circumstances: Circumstances) -> Iterator[_Suggestion]:
    judged = circumstances.judged
    if judged is None:
        return
    words = circumstances.words
    for reason in judged.reasons:
        because = f"rule={reason['rule']}: {in_words(reason['found'], words)}"
        if reason["tag"] is not None:
            yield _Suggestion("banner", f"rule_tag:{reason['tag']}", because, (("tag", reason["tag"]),))
        elif ("tier", reason["tier"]) in _BY_PROFILE:
            kind, code = _BY_PROFILE["tier", reason["tier"]]
            yield _Suggestion(kind, code, because)


def _freshness(circumstances: Circumstances) -> Iterator[_Suggestion]:
    for name, block in circumstances.blocks.items():
        word = f"word_{name.partition('@')[0]}"
        if block.state == "stale" and word in HINT_TEXTS:
            yield _Suggestion("warning", "not_current", f"{name}={block.state}", (("block", word),))


def _proof(circumstances: Circumstances) -> Iterator[_Suggestion]:
    match = circumstances.match
    if match.state == "known" and match.identity_level < _VERIFIED:
        yield _Suggestion("warning", "not_verified", f"identity_level={match.identity_level}")


_RULES: tuple[Callable[[Circumstances], Iterator[_Suggestion]], ...] = (
    _who,
    _narrowed,
    _transfer,
    _proof,
    _calls_before,
    _judged,
    _profile,
    _freshness,
)


def _freshness_mark(block: Block | None) -> str:
    return "" if block is None or block.state in _CURRENT else f", profile is {block.state}"


def _in_words(suggestion: _Suggestion, language: Language) -> Hint:
    values = {name: HINT_TEXTS[str(value)][language] if value in HINT_TEXTS else value for name, value in suggestion.values}
    text = hint_text(suggestion.code.partition(":")[0], language=language, **values)
    return built(Hint, {"kind": suggestion.kind, "text": text, "because": suggestion.because})
