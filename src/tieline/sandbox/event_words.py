"""One event in two languages: the canonical call event, and what a PBX pushes in the generic CTI manner.

Generic CTI knows three events, newCall, answer and hangup, and neither legs nor clocks (Zammad, "Generic CTI",
https://docs.zammad.org/en/latest/api/generic-cti/index.html, read 2026-11-22). Heron adds to it what sipgate's push API has,
`userId[]` and `origCallId` (https://developer.sipgate.io/push-api/api-reference/, read 2026-11-22), and what no such API has: a
time stamp, calls between colleagues, and events for hold, transfer, conference and queue. A leg is named only where the agent
does not already name it: when two telephones of one agent ring.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal
from urllib.parse import urlencode

from tieline.sandbox import demo
from tieline.sandbox.player import Told
from tieline.sandbox.scenarios import EventWord

Dialect = Literal["heron", "zammad"]
_PUSHED: Final[Mapping[EventWord, str]] = {
    "ringing": "newCall",
    "answered": "answer",
    "ended": "hangup",
    "queued": "queue",
    "held": "hold",
    "resumed": "resume",
    "transferred": "transfer",
    "conferenced": "conference",
}
_GENERIC: Final = frozenset(("newCall", "answer", "hangup"))
# Causes as generic CTI lists them; what ended otherwise is told by the nearest one.
_CAUSES: Final[Mapping[str | None, str]] = {
    "served": "normalClearing",
    "missed_agent": "noAnswer",
    "abandoned_queue": "cancel",
    "abandoned_short": "cancel",
    "rejected": "busy",
    "forwarded": "forwarded",
    "failed": "congestion",
    "voicemail": "normalClearing",
}


def canonical_events(told: Told) -> Iterator[dict[str, Any]]:
    """Yield the event as `POST /v1/call-events` takes it: one for each agent, or one for the whole call."""
    step = told.step
    for agent in told.agents or (None,):
        leg = None if agent is None else ".".join(filter(None, (told.call_id, agent, step.device)))
        event = {
            "event_id": ".".join(filter(None, (told.call_id, str(step.at), told.event, agent, step.device))),
            "call_id": told.call_id,
            "linked_call_id": told.linked_call_id,
            "leg_id": leg,
            "type": told.event,
            "direction": told.direction,
            "from": told.caller,
            "to": told.to,
            "agent": agent,
            "queue": step.queue,
            "target": told.target,
            "at": told.at.isoformat(),
            "outcome": step.outcome,
            "talk_s": step.talk_s,
            "wait_s": step.wait_s,
            "hangup_cause": step.hangup_cause,
            "recording_ref": step.recording_ref,
        }
        yield {name: value for name, value in event.items() if value is not None}


def pushed_event(told: Told, dialect: Dialect) -> dict[str, Any] | None:
    """Return what the PBX pushes; None: this dialect has no word for it.

    Generic CTI is told nothing of a single leg that ended while the call goes on.
    """
    word = _PUSHED[told.event]
    generic = _generic(told, word)
    if dialect == "zammad":
        leg_only = told.event == "ended" and bool(told.agents)
        return None if leg_only or word not in _GENERIC else generic
    own = {name: value for name, value in _herons_own(told).items() if value is not None}
    return {name: value for name, value in (generic | own).items() if value != []}


def _generic(told: Told, word: str) -> dict[str, Any]:
    names = {telephone.extension: telephone.name for telephone in demo.extensions()}
    pushed: dict[str, Any] = {
        "event": word,
        "from": told.caller,
        "to": told.to,
        "direction": "out" if told.direction == "outbound" else "in",
        "callId": told.call_id,
        "user": [names.get(agent, agent) for agent in told.agents],
    }
    if told.step.queue:
        pushed["queue"] = told.step.queue
    if word == "answer" and told.agents:
        pushed["answeringNumber"] = told.agents[0]
    if word == "hangup":
        pushed["cause"] = _CAUSES.get(told.step.outcome, told.step.hangup_cause or "normalClearing")
    return pushed


def _herons_own(told: Told) -> dict[str, Any]:
    step = told.step
    return {
        "userId": list(told.agents),
        "direction": "internal" if told.direction == "internal" else None,
        "legId": ".".join((told.call_id, *told.agents, step.device)) if step.device else None,
        "origCallId": told.linked_call_id,
        "timestamp": int(told.at.timestamp() * 1000),
        "disposition": step.outcome,
        "talkSeconds": step.talk_s,
        "waitSeconds": step.wait_s,
        "recording": step.recording_ref,
        "transferTo": told.target,
    }


def form_body(pushed: Mapping[str, Any]) -> str:
    """Return the push as a form; lists become `user[]=…&user[]=…`, as generic CTI asks for."""
    pairs = [
        (f"{name}[]" if isinstance(value, list) else name, str(item))
        for name, value in pushed.items()
        for item in (value if isinstance(value, list) else [value])
    ]
    return urlencode(pairs)
