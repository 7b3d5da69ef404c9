"""What the hub and one other system agreed on for a ticket, what is on its way there, and what waits for a person.

The two sides need not have the same words: a helpdesk without `reopened` shows such a ticket as open. So what was agreed is
kept as a pair, our value and theirs, and "changed" means changed on that side. A `Say` tells how they would show a value of ours.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

Value = Any
"""What a field holds: text, a word, an instant, several texts, or None."""

_INSTANTS: Final = frozenset({"due_at"})


def as_document(value: Value) -> Value:
    """Return a value as it is kept in a JSON document."""
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def from_document(name: str, document: Value) -> Value:
    """Return the value of a field that was kept in a JSON document."""
    if name in _INSTANTS and isinstance(document, str):
        return datetime.fromisoformat(document)
    return tuple(document) if isinstance(document, list) else document


Say = Callable[[str, Value], Value]
"""Field and our value → how the other system would show it."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """The value both sides last agreed on, as each of them shows it.

    `overruled`: `theirs` is what stands there, and it was decided against: ours is to be sent, whatever it is by then.
    """

    ours: Value
    theirs: Value
    overruled: bool = False


@dataclass(frozen=True, slots=True)
class LinkState:
    """What is known of the other side.

    `sent`: values of ours on their way, oldest first, whose arrival nobody has confirmed; `held`: what they say in a field that
    waits for a person's decision. A held field neither flows in nor is sent.
    """

    agreed: Mapping[str, Agreed] = field(default_factory=dict)
    sent: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    held: Mapping[str, Value] = field(default_factory=dict)


def due(link: LinkState, ours: Mapping[str, Value]) -> dict[str, Value]:
    """Return the fields to send: not what they were told last, and not waiting for a person."""
    return {name: value for name, value in ours.items() if name not in link.held and not _is_told(link, name, value)}


def _is_told(link: LinkState, name: str, value: Value) -> bool:
    agreed = link.agreed.get(name)
    if agreed is not None and agreed.overruled:
        return False
    on_the_way = link.sent.get(name)
    if on_the_way:
        return bool(on_the_way[-1] == value)
    return value is None if agreed is None else bool(agreed.ours == value)


def send(link: LinkState, values: Mapping[str, Value]) -> LinkState:
    """Note that values of ours are on their way."""
    sent = {**link.sent, **{name: (*link.sent.get(name, ()), value) for name, value in values.items()}}
    agreed = {name: replace(one, overruled=False) if name in values else one for name, one in link.agreed.items()}
    return replace(link, agreed=agreed, sent=sent)


def confirm(link: LinkState, values: Mapping[str, Value], *, say: Say) -> LinkState:
    """Note that values we sent have arrived. What an echo confirmed before is confirmed already."""
    agreed, sent = dict(link.agreed), dict(link.sent)
    for name, value in values.items():
        on_the_way = sent.get(name, ())
        if value in on_the_way:
            overruled = name in agreed and agreed[name].overruled
            agreed[name] = Agreed(value, say(name, value), overruled=overruled)
            sent = without_first(sent, name, on_the_way.index(value) + 1)
    return replace(link, agreed=agreed, sent=sent)


def recall(link: LinkState, values: Mapping[str, Value]) -> LinkState:
    """Note that values we sent will never arrive: they were refused, or given up."""
    sent = link.sent
    for name, value in values.items():
        on_the_way = sent.get(name, ())
        if value in on_the_way:
            place = on_the_way.index(value)
            sent = {**sent, name: (*on_the_way[:place], *on_the_way[place + 1 :])}
    return replace(link, sent={name: waiting for name, waiting in sent.items() if waiting})


def decide(link: LinkState, name: str, value: Value, *, say: Say) -> LinkState:
    """Let go of a field for which a person chose `value`: if it is not what stands there, it is to be sent."""
    if name not in link.held:
        return link
    theirs = link.held[name]
    taken = say(name, value) == theirs and name not in link.sent
    base = link.agreed.get(name)
    decided = Agreed(value, theirs) if taken else Agreed(None if base is None else base.ours, theirs, overruled=True)
    held = {other: said for other, said in link.held.items() if other != name}
    return replace(link, agreed={**link.agreed, name: decided}, held=held)


def without_first(sent: Mapping[str, tuple[Value, ...]], name: str, count: int) -> dict[str, tuple[Value, ...]]:
    """Return what is still on its way after the first `count` values of a field arrived."""
    rest = sent[name][count:]
    others = {other: waiting for other, waiting in sent.items() if other != name}
    return {**others, name: rest} if rest else others
