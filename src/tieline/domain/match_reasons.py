"""Why the match says what it says: one code per reason, and its text in the languages of the desk."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

Language = Literal["en", "zh"]

REASONS: Mapping[str, Mapping[Language, str]] = {
    # Rules of the ladder, in its order.
    "token": {"en": "named by the call itself", "zh": "由来电携带的身份确定"},
    "choice": {"en": "chosen in this call", "zh": "本次通话中已选定"},
    "direct": {"en": "exact number, one person", "zh": "号码完全一致，仅一人"},
    "extension": {"en": "exact number and extension", "zh": "号码与分机均一致"},
    "remembered": {"en": "chosen before for this number", "zh": "此号码曾选定此人"},
    "national": {"en": "exact national number, country assumed", "zh": "国内号码一致，国家按线路推定"},
    "several": {"en": "{count} people share this number", "zh": "{count} 人共用此号码"},
    "without_extension": {"en": "exact number, extension not given", "zh": "号码一致，未提供分机"},
    "other_extension": {"en": "same number, another extension", "zh": "号码一致，分机不同"},
    "shared": {"en": "a shared line, one person known", "zh": "共用号码，目前仅知一人"},
    "company": {"en": "somebody at this company", "zh": "来自该公司的来电，具体人员未知"},
    "suffix": {"en": "same last 8 digits, possible", "zh": "后 8 位一致，可能是此人"},
    "mention": {"en": "seen in {kind} {number}", "zh": "曾出现在{kind} {number} 中"},
    "nothing": {"en": "nobody known by this number", "zh": "未找到此号码的客户"},
    "searching": {"en": "still asking who this is", "zh": "正在查询来电人"},
    "withheld": {"en": "number withheld", "zh": "对方隐藏号码"},
    "internal": {"en": "internal call", "zh": "内部来电"},
    "contradiction": {"en": "the systems disagree, please ask", "zh": "各系统信息不一致，请询问确认"},
    "not_confirmed": {"en": "no longer confirmed by any system", "zh": "各系统均未再确认此身份"},
    # What speaks for one candidate among several.
    "open_ticket": {"en": "open ticket {number}", "zh": "有未结工单 {number}"},
    "order_in_transit": {"en": "order {number} under way", "zh": "订单 {number} 进行中"},
    "recent_contact": {"en": "in contact within 7 days", "zh": "7 天内有联系"},
    "your_account": {"en": "your account", "zh": "您负责的客户"},
    "verified_number": {"en": "number confirmed", "zh": "号码已核实"},
    "unused": {"en": "number unused for 12 months", "zh": "号码已 12 个月未使用"},
    "same_number": {"en": "same number", "zh": "号码一致"},
}

_KINDS: Mapping[str, Mapping[Language, str]] = {"ticket": {"en": "ticket", "zh": "工单"}, "note": {"en": "note", "zh": "备注"}}


@lru_cache(maxsize=512)
def reason_text(code: str, *, language: Language = "en", **values: object) -> str:
    """Return a reason in words. Raises: KeyError: no such code, or a value its text needs is missing."""
    if "kind" in values:
        values["kind"] = _KINDS[str(values["kind"])][language]
    return REASONS[code][language].format(**values)
