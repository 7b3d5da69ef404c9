"""What the agent may do with this call, and why something is locked.

Anything with money, an address or an identity needs live data and at least number plus recent context (identity level 2).
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache

from tieline.domain.match_reasons import Language
from tieline.domain.screen_pop import Action, Block, IdentityLevel, Match, MatchState

LOCK_REASONS: Mapping[str, Mapping[Language, str]] = {
    "not_chosen": {"en": "choose the customer first", "zh": "请先选定客户"},
    "not_identified": {"en": "the caller is not identified well enough", "zh": "来电人身份尚未充分确认"},
    "role": {"en": "your role may not do this", "zh": "您的角色无此权限"},
    "pending": {"en": "{block} data is still on its way", "zh": "{block}数据正在获取"},
    "cached": {"en": "{block} data is cached", "zh": "{block}数据为缓存"},
    "stale": {"en": "{block} data is stale", "zh": "{block}数据已过期"},
    "unavailable": {"en": "{block} data is unavailable", "zh": "{block}数据不可用"},
    "missing": {"en": "{block} data is not connected", "zh": "未接入{block}数据"},
    "word_order": {"en": "order", "zh": "订单"},
    "word_customer": {"en": "customer", "zh": "客户"},
}
"""Why an action is locked; `{block}` is one of the words."""

_WORDS: Mapping[str, str] = {"orders": "word_order", "profile": "word_customer"}
_LEVEL_FOR_RISK = 2
_PROVED = 3


@dataclass(frozen=True, slots=True)
class ActionRule:
    """One action. `offered` in these states of the match; `open_while_asking`: usable before anyone is chosen.

    `block` must be live for it; `level` is the least identity level; `until` the level from which it is pointless; `needs` the
    permission that the agent's role must hold.
    """

    id: str
    offered: frozenset[MatchState]
    open_while_asking: bool = False
    block: str | None = None
    level: int = 0
    until: int | None = None
    needs: str | None = None


def _states(*states: MatchState) -> frozenset[MatchState]:
    return frozenset(states)


ACTIONS: tuple[ActionRule, ...] = (
    ActionRule("choose_customer", _states("maybe"), open_while_asking=True),
    ActionRule("verify_identity", _states("known"), until=_PROVED),
    ActionRule("create_ticket", _states("known", "maybe", "none", "withheld"), needs="tickets.write"),
    ActionRule("refund", _states("known", "maybe"), block="orders", level=_LEVEL_FOR_RISK, needs="orders.refund"),
    ActionRule("change_address", _states("known", "maybe"), block="orders", level=_LEVEL_FOR_RISK),
    ActionRule("change_contact", _states("known", "maybe"), block="profile", level=_LEVEL_FOR_RISK),
    ActionRule("search_link", _states("maybe", "none", "withheld"), open_while_asking=True, needs="reviews.decide"),
    ActionRule("create_customer", _states("none")),
    ActionRule("review_later", _states("maybe", "none"), open_while_asking=True),
    ActionRule("wrong_number", _states("none")),
    ActionRule("spam", _states("none")),
)


def actions_for(match: Match, blocks: Mapping[str, Block], *, permissions: AbstractSet[str] | None = None) -> tuple[Action, ...]:
    """Return the actions offered in this state of the match, locked ones with their reason; none for an internal call.

    `permissions`: what the agent may do; None: a machine asks, for whoever will act.
    """
    wanted = _wanted(match.state, match.identity_level)
    return tuple([_offered(rule.id, _lock_of_role(rule, permissions) or _lock(rule, match, blocks)) for rule in wanted])


@cache
def _wanted(state: MatchState, level: IdentityLevel) -> tuple[ActionRule, ...]:
    return tuple(rule for rule in ACTIONS if state in rule.offered and (rule.until is None or level < rule.until))


@cache
def _offered(action: str, because: str | None) -> Action:
    """There are a few dozen of them in all."""
    return Action(id=action, enabled=because is None, because=because)


def _lock_of_role(rule: ActionRule, permissions: AbstractSet[str] | None) -> str | None:
    return None if permissions is None or rule.needs is None or rule.needs in permissions else _words("role")


def _lock(rule: ActionRule, match: Match, blocks: Mapping[str, Block]) -> str | None:
    """Data first: a fresh look is one click, proving who calls is a conversation. A company's card is open as it is."""
    if match.state == "maybe" and match.rule != "company" and not rule.open_while_asking:
        return _words("not_chosen")
    if rule.block is not None:
        code = _lock_of_block(blocks.get(rule.block))
        if code is not None:
            return _words(code, rule.block)
    return _words("not_identified") if match.identity_level < rule.level else None


def _lock_of_block(block: Block | None) -> str | None:
    if block is None:
        return "missing"
    if block.pending:
        return "pending"
    return None if block.state == "live" else block.state


@cache
def _words(code: str, block: str | None = None) -> str:
    return LOCK_REASONS[code]["en"].format(block=LOCK_REASONS[_WORDS[block]]["en"] if block else "")
