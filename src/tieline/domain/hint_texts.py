"""What hints say, in the languages of the desk. Scripts are suggestions for the agent's own words, not to be read out."""

from collections.abc import Mapping

from tieline.domain.match_reasons import Language

HINT_TEXTS: Mapping[str, Mapping[Language, str]] = {
    # Who is calling.
    "withheld": {
        "en": "The number is withheld. Ask for name and order or ticket number before looking anything up.",
        "zh": "对方隐藏了号码，请先询问姓名和订单号或工单号，再查询资料。",
    },
    "ask_who": {
        "en": "Several people may be calling. Ask for the name, then choose.",
        "zh": "可能是多位客户之一，请先询问姓名再选定。",
    },
    "systems_disagree": {
        "en": "The systems name different people for this number. Confirm the name before going on.",
        "zh": "各系统对此号码的客户信息不一致，请先核实姓名。",
    },
    "company_line": {
        "en": "The call comes from a company's line. Ask who is speaking; the direct number can be saved.",
        "zh": "来电来自企业线路，请询问来电人，可保存其直线号码。",
    },
    "unknown_caller": {
        "en": "Nobody known by this number. Ask for the name and an order number, then search or leave for review.",
        "zh": "未找到此号码的客户，请询问姓名和订单号，再查找关联或转入待核实。",
    },
    "not_verified": {
        "en": "The number alone proves nothing: verify before giving or changing personal details.",
        "zh": "仅凭号码不能确认身份，透露或修改个人信息前请先核实。",
    },
    "line_history": {
        "en": "Several people use this line; its history is not one person's.",
        "zh": "此线路由多人共用，历史记录不一定属于同一人。",
    },
    # What is known of the customer.
    "rule_tag": {"en": "Marked by our rules: {tag}", "zh": "按规则标记：{tag}"},
    "churn_high": {
        "en": "At risk of leaving. Apologise first, say what happens next and by when, and do it in this call if you can.",
        "zh": "客户有流失风险：先致歉，说明处理步骤和时限，尽量当场解决。",
    },
    "churn_medium": {"en": "Check that the last matter was settled to their liking.", "zh": "请确认上次问题是否已满意解决。"},
    "tier_high_value": {
        "en": "High-value customer: take ownership, avoid a further transfer, offer a call back by name.",
        "zh": "高价值客户：请负责到底，避免再次转接，可承诺专人回电。",
    },
    "tier_churn_risk": {
        "en": "At risk of leaving. Ask what went wrong and keep what you promise.",
        "zh": "流失风险客户：请了解不满原因，兑现承诺。",
    },
    "tier_potential": {
        "en": "Prospect: answer the question first, then offer the matching service.",
        "zh": "潜在客户：先解答疑问，再介绍合适的服务。",
    },
    "elderly": {
        "en": "Elderly customer: speak slowly, one step at a time, and repeat what was agreed.",
        "zh": "老年客户：请放慢语速，逐步说明，并复述约定内容。",
    },
    "hard_of_hearing": {
        "en": "Hard of hearing: speak clearly, offer a text message.",
        "zh": "听力不便客户：请吐字清晰，可改用短信。",
    },
    "other_language": {
        "en": "Speaks {spoken}: offer a colleague who does.",
        "zh": "客户使用语言：{spoken}，可转接相应语种同事。",
    },
    # This call, and those before it.
    "transferred": {"en": "Transferred by {agent}", "zh": "由 {agent} 转接"},
    "repeat_minutes": {
        "en": "Call {count} in {minutes} min, last with {agent}",
        "zh": "{minutes} 分钟内第 {count} 次来电，上次由 {agent} 接听",
    },
    "repeat_hours": {
        "en": "Call {count} in {hours} h, last with {agent}",
        "zh": "{hours} 小时内第 {count} 次来电，上次由 {agent} 接听",
    },
    "repeat_nobody": {"en": "Call {count}, nobody has talked to them yet", "zh": "第 {count} 次来电，此前无人接听"},
    "repeat_line": {"en": "{count} calls from this line lately", "zh": "此线路近期共 {count} 次来电"},
    "cut_off": {"en": "The last call was cut off. Carry on where it stopped.", "zh": "上次通话中断，请接着处理，无需客户重述。"},
    "same_ticket": {"en": "Ticket {number} is open: carry on there", "zh": "工单 {number} 未结，请在该工单中继续"},
    "missed_before": {
        "en": "Called {count} times without being answered. Apologise for the wait.",
        "zh": "此前 {count} 次来电未接通，请先为等待致歉。",
    },
    "third_call": {
        "en": "{count} calls in 24 h: priority raised. Offer a supervisor.",
        "zh": "24 小时内 {count} 次来电，已提高优先级，可请主管介入。",
    },
    "set_aside": {
        "en": "Processing of this customer's data is restricted: nothing of it is shown. Take down what they ask for, no more.",
        "zh": "该客户的个人信息已限制处理，不予显示。请只记录客户本次诉求。",
    },
    "child_unconsented": {
        "en": "A child under 14, and no guardian has agreed: ask for the guardian, and record their consent before going on.",
        "zh": "未满 14 周岁且无监护人同意记录：请联系监护人，取得并记录同意后再继续。",
    },
    "child": {
        "en": "A child under 14: settle matters with the guardian; no surveys, no offers.",
        "zh": "未满 14 周岁：请与监护人沟通办理，不得推送调查或营销。",
    },
    # The state of what is shown.
    "narrowed": {"en": "Less is shown here, as {system} has it.", "zh": "按 {system} 的权限设置，此处仅显示部分信息。"},
    "narrowed_silent": {
        "en": "Less is shown here: {system} does not say what may be seen.",
        "zh": "{system} 未返回权限信息，暂仅显示部分信息。",
    },
    "not_current": {
        "en": "Not current: {block}. Check before promising anything.",
        "zh": "{block}不是最新数据，承诺前请先核对。",
    },
    "spam": {"en": "Marked as a nuisance caller.", "zh": "此号码被标记为骚扰来电。"},
    "word_profile": {"en": "profile", "zh": "客户资料"},
    "word_orders": {"en": "orders", "zh": "订单"},
    "word_tickets": {"en": "tickets", "zh": "工单"},
    "word_account": {"en": "account", "zh": "账户"},
}


def hint_text(code: str, *, language: Language, **values: object) -> str:
    """Return a hint in words. Raises: KeyError: no such code, or a value its text needs is missing."""
    return HINT_TEXTS[code][language].format(**values)
