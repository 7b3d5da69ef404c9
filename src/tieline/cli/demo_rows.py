"""The demo's past as rows: what the exchange, the agents and the customers would have left behind."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

from tieline.cli.demo_past import PastAnswer, PastCall
from tieline.cli.demo_setup import LINE

Row = dict[str, Any]
SUPERVISOR: Final = "9001"
DUE_AFTER: Final = timedelta(hours=24)
SOLVED_AFTER: Final = timedelta(hours=6)
HOW: Final = {"csat": "ivr", "nps": "sms", "ces": "wechat", "complaint": "agent"}


ASKED_AGAIN_AFTER: Final = timedelta(hours=1)
WORDS: Final = {
    "wait": "等了太久",
    "delivery": "物流太慢",
    "quality": "东西质量差",
    "unresolved": "问题没解决",
    "attitude": "态度不好",
    "refund": "退款一直不到账",
    "price": "太贵了",
    "promise": "说好回电没有回",
}
_NOTHING_FOLLOWED: Final[Row] = {"follow_up": None, "follow_up_ticket": None}
GOODS: Final = ("空气净化器 X3", "HEPA 滤芯", "恒温电水壶", "无线降噪耳机", "空气净化器 X3", "扫地机器人 S2")
REGIONS: Final = ("北京市", "上海市", "广东省", "四川省", "广东省")


def rows_of(past: Iterable[PastCall], *, now: datetime) -> Mapping[str, list[Row]]:
    """Return the rows by table."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for call in past:
        _call(rows, call)
        if call.category:
            ticket = _ticket(_id_of("ticket", call.id), call, call.ended_at, now=now, solved_after=SOLVED_AFTER)
            rows["tickets"].append({**ticket, "subject": call.category, "category": call.category, "assignee": call.agent})
        for answer in call.answers:
            _answer(rows, call, answer, now)
    return rows


def _call(rows: dict[str, list[Row]], call: PastCall) -> None:
    answered = call.at + timedelta(seconds=call.wait_s) if call.agent else None
    rows["interactions"].append(
        {
            "id": call.id,
            "provider": "past",
            "call_key": call.key,
            "direction": "inbound",
            "line": LINE,
            "queue": call.queue,
            "customer_raw": call.phone,
            "customer_e164": call.phone,
            "state": "ended",
            "outcome": call.outcome,
            "started_at": call.at,
            "answered_at": answered,
            "ended_at": call.ended_at,
            "last_event_at": call.ended_at,
            "settled_at": call.ended_at,
            "talk_s": call.talk_s,
            "wait_s": call.wait_s,
            "id_quality": "given",
        }
    )
    rows["call_aliases"].append({"provider": "past", "call_key": call.key, "interaction_id": call.id, "joined_by": "given"})
    if call.agent is None:
        return
    leg = {"id": _id_of("leg", call.id), "interaction_id": call.id, "leg_key": "1", "agent": call.agent, "kind": "agent"}
    moments = {"rang_at": call.at, "answered_at": answered, "ended_at": call.ended_at, "talk_s": call.talk_s}
    rows["legs"].append({**leg, **moments, "extension": call.agent, "state": "ended", "outcome": "served"})
    shown = {"state": "withdrawn", "shown_at": call.at if call.was_shown else None}
    pop = {"id": str(_id_of("pop", call.id)), "interaction_id": call.id, "call_id": call.key, "agent": call.agent}
    claimed = {"claimed_at": call.at, "withdrawn_at": call.ended_at if call.was_shown else None}
    rows["pops"].append({**pop, **shown, **claimed, "promised_at": call.at})
    if call.wrap_up_s:
        at = call.ended_at + timedelta(seconds=call.wrap_up_s)
        rows["call_wrap_ups"].append({"interaction_id": call.id, "by": f"agent:{call.agent}", "at": at})


def _answer(rows: dict[str, list[Row]], call: PastCall, answer: PastAnswer, now: datetime) -> None:
    told = {"id": answer.id, "kind": answer.kind, "score": answer.score, "channel": HOW[answer.kind], "phone": call.phone}
    about = {"call_id": call.key, "interaction_id": call.id, "agent": call.agent, "customer_known": True}
    when = {"at": answer.at, "received_at": answer.at, "received_by": "demo"}
    bought = {"order": None, "products": [_one_of(GOODS, answer)], "basis": "last_order", "region": _one_of(REGIONS, answer)}
    row = {**told, **about, **when, **_words(answer), "ticket_id": None, **_NOTHING_FOLLOWED, "purchase": bought}
    if answer.is_low:
        ticket = _ticket(_id_of("follow-up", answer.id), call, answer.at, now=now, solved_after=answer.solved_after)
        rows["tickets"].append({**ticket, "subject": "低分回访", "category": "投诉", "priority": "high", "assignee": SUPERVISOR})
        row |= {"follow_up": "opened", "follow_up_ticket": ticket["id"]}
        loop = {"feedback_id": answer.id, "ticket_id": ticket["id"], "phone": call.phone, "opened_at": answer.at}
        rows["feedback_loops"].append({**loop, "contacted_at": ticket["responded_at"], "closed_at": ticket["closed_at"]})
        if answer.kind == "complaint" and ticket["closed_at"] and ticket["closed_at"] + ASKED_AGAIN_AFTER < now:
            rows["feedback"].append({**row, **_asked_again(answer, ticket)})
    rows["feedback"].append(row)


def _words(answer: PastAnswer) -> Row:
    """Return what somebody wrote who was let down, and what that is taken to mean."""
    if not answer.causes:
        return {"text": None, "understood": None}
    causes = [{"id": cause, "because": []} for cause in answer.causes]
    meant = {"sentiment": "negative", "causes": causes, "by": "rules:0"}
    return {"text": "；".join(WORDS[cause] for cause in answer.causes), "understood": meant}


def _asked_again(answer: PastAnswer, ticket: Row) -> Row:
    """Return what is different in what the same customer says of the second contact."""
    at = ticket["closed_at"] + ASKED_AGAIN_AFTER
    said = {"id": _id_of("second answer", answer.id), "kind": "csat", "score": 4 + answer.id.int % 2, "channel": "sms"}
    about = {"text": None, "understood": None, "agent": SUPERVISOR, "ticket_id": ticket["id"], **_NOTHING_FOLLOWED}
    return {**said, **about, "at": at, "received_at": at}


def _ticket(ticket: UUID, call: PastCall, at: datetime, *, now: datetime, solved_after: timedelta | None) -> Row:
    """Return a ticket that was solved so long after `at`, unless that is yet to come."""
    solved = at + solved_after if solved_after and at + solved_after < now else None
    answered = at + (solved - at) / 3 if solved else None
    return {
        "id": ticket,
        "status": "closed" if solved else "open",
        "priority": "normal",
        "source": "call",
        "call_id": call.key,
        "phone": call.phone,
        "created_by": "demo",
        "created_at": at,
        "updated_at": solved or at,
        "version": 1,
        "responded_at": answered,
        "resolved_at": solved,
        "closed_at": solved,
        "due_at": at + DUE_AFTER,
        "reopened": 1 if solved and ticket.int % 17 == 0 else 0,
    }


def _one_of(names: Sequence[str], answer: PastAnswer) -> str:
    """Return the same name for the same answer, whenever the demo begins."""
    return names[answer.id.int % len(names)]


def _id_of(what: str, of: UUID) -> UUID:
    return uuid5(NAMESPACE_OID, f"{what}:{of}")
