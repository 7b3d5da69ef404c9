"""What one message of an exchange leaves unsaid because an earlier one said it: whose call, which queue, which direction.

An exchange tells of telephones; we tell of calls. The memory knows which call each telephone belongs to, and the facts a manifest
wants kept of each call. It is bounded, lives with the connection, and loses nothing that a snapshot does not bring back: what is
worked with later is stored with the message itself.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tieline.connectors.inbound.fields import compile_source
from tieline.connectors.language.conditions import compile_conditions
from tieline.connectors.language.paths import Read, compile_path
from tieline.connectors.language.templates import constant_text
from tieline.connectors.manifest.stream import Telling

MOST_CALLS: Final = 5_000
MOST_LEGS: Final = 20_000
Facts = dict[str, Any]


class _Rule(NamedTuple):
    """One entry of `remember`, compiled."""

    holds: Callable[[Mapping[str, Any]], bool]
    facts: Mapping[str, Read]
    once: bool


class CallMemory:
    """Completes each message with what is read from it and what is known of its call."""

    def __init__(self, telling: Telling, config: Mapping[str, Any]) -> None:
        self._call = [compile_path(path) for path in telling.call]
        self._legs = [compile_path(path) for path in telling.legs]
        self._read = {name: compile_source(source, config) for name, source in telling.read.items()}
        self._rules = [
            _Rule(
                compile_conditions(settled_conditions(rule.when, config)) if rule.when else lambda _roots: True,
                {name: compile_source(source, config) for name, source in rule.facts.items()},
                rule.once,
            )
            for rule in telling.remember
        ]
        self._call_of: OrderedDict[str, str] = OrderedDict()
        self._facts: OrderedDict[str, Facts] = OrderedDict()

    def complete(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return the message with `read` and `call` beside its own fields, having learnt from it. It may name no call at all."""
        read = {name: source({"body": message}) for name, source in self._read.items()}
        completed = {**message, "read": {name: value for name, value in read.items() if value is not None}}
        legs = _texts(self._legs, {"body": message})
        stated = next(iter(_texts(self._call, {"body": message})), None)
        call = next((self._call_of[leg] for leg in legs if leg in self._call_of), None) or stated or next(iter(legs), None)
        if call is None:
            return {**completed, "call": {}}
        for leg in legs:
            _keep(self._call_of, leg, call, most=MOST_LEGS)
        facts = self._known(call, stated)
        completed["call"] = {
            **facts,
            "id": call,
            **({"linked": stated} if stated not in {None, call} else {}),
            **({"new": True} if call not in self._facts else {}),
            **({"first": True} if stated in legs else {}),
        }
        for rule in self._rules:
            if rule.holds({"body": completed}):
                self._learn(rule, completed, facts)
        completed["call"] |= facts
        _keep(self._facts, call, facts, most=MOST_CALLS)
        return completed

    def _known(self, call: str, stated: str | None) -> Facts:
        """Return what is kept of a call; one that turns out to be part of another knows what the other knows."""
        other = self._facts.get(stated, {}) if stated is not None else {}
        return {**other, **self._facts.get(call, {})}

    def _learn(self, rule: _Rule, completed: Mapping[str, Any], facts: Facts) -> None:
        for name, source in rule.facts.items():
            if not (rule.once and name in facts):
                facts[name] = source({"body": completed})


def settled_conditions(when: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return conditions with the configuration's values in the place of `$config.…`, at any depth."""
    return {path: _settled(wanted, config) for path, wanted in when.items()}


def _settled(wanted: object, config: Mapping[str, Any]) -> object:
    match wanted:
        case str():
            return constant_text(wanted, config)
        case Mapping():
            return {operator: _settled(operand, config) for operator, operand in wanted.items()}
        case list() | tuple():
            return [_settled(one, config) for one in wanted]
        case _:
            return wanted


def _texts(paths: Sequence[Read], roots: Mapping[str, Any]) -> list[str]:
    values = (path(roots) for path in paths)
    return [value for value in values if isinstance(value, str) and value]


def _keep(kept: OrderedDict[str, Any], key: str, value: object, *, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > most:
        kept.popitem(last=False)
