"""Three-way merge of one ticket between the hub and one other system, field by field, against what both last agreed on.

    they say what they said last            nothing to do (our own echo is such a case)
    they changed it, we did not             theirs flows in
    we changed it, they did not             ours is sent (`ticket_link.due`)
    both changed it to the same             agreed
    both changed it differently             the field's rule: source of record, newest, or a person

Nothing here knows which fields a ticket has, reads a clock, or remembers anything: state comes in and new state goes out.
Decision and what was rejected: docs/adr/0035-ticket-hub.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from tieline.domain.ticket_link import Agreed, LinkState, Say, Value, without_first

HERE: Final = "tieline"
"""The hub as a source of record."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Who is right when both sides changed a field. `source` is the connection of record, or `tieline`, for kind `source`."""

    kind: Literal["source", "newest", "person"] = "person"
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Stand:
    """A value with who set it and when; `at` is None where a system does not tell."""

    value: Value
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both sides changed a field, and a person must say which value holds."""

    field: str
    base: Value
    ours: Stand
    theirs: Stand


@dataclass(frozen=True, slots=True)
class Loss:
    """Both sides changed a field and its rule chose; `lost` is kept so that it can be restored."""

    field: str
    kept: Stand
    lost: Stand
    rule: FieldRule


@dataclass(frozen=True, slots=True)
class Merged:
    """What follows from hearing of the other side: the link as it stands now, what flows in, what was in conflict."""

    link: LinkState
    flows_in: Mapping[str, Value]
    conflicts: tuple[Conflict, ...] = ()
    losses: tuple[Loss, ...] = ()


def merge(
    link: LinkState, ours: Mapping[str, Stand], theirs: Mapping[str, Stand], rules: Mapping[str, FieldRule], *, say: Say
) -> Merged:
    """Take in what the other system shows. `theirs` holds the fields it told of; a field of ours it lacks is left alone."""
    merging = _Merging(link, ours, rules, say)
    for name, said in theirs.items():
        if name in ours:
            merging.take(name, said)
    return merging.result()


class _Merging:
    """One merge under way."""

    def __init__(self, link: LinkState, ours: Mapping[str, Stand], rules: Mapping[str, FieldRule], say: Say) -> None:
        self._agreed = dict(link.agreed)
        self._sent = dict(link.sent)
        self._held = dict(link.held)
        self._ours, self._rules, self._say = ours, rules, say
        self._flows_in: dict[str, Value] = {}
        self._conflicts: list[Conflict] = []
        self._losses: list[Loss] = []

    def take(self, name: str, said: Stand) -> None:
        """Take in one field."""
        ours, base = self._ours[name], self._agreed.get(name)
        if base is not None and said.value == base.theirs:
            self._held.pop(name, None)  # Nothing new, or they took their change back and there is nothing left to decide.
        elif (arrived := self._arrived(name, said.value)) is not None:
            self._confirm(name, arrived, said.value)
        elif said.value == self._say(name, ours.value):
            self._agree(name, Agreed(ours.value, said.value))
        elif base is None and said.value is None:
            return  # They never had one, and nothing was agreed: ours is still to be told.
        elif base is None or self._is_untouched(name, base):
            self._flow_in(name, said)
        else:
            self._contend(name, base, said)

    def result(self) -> Merged:
        """Return what came of it."""
        link = LinkState(self._agreed, self._sent, self._held)
        return Merged(link, self._flows_in, tuple(self._conflicts), tuple(self._losses))

    def _arrived(self, name: str, said: Value) -> int | None:
        """Return the place of the value on its way that explains what they say; None: no value of ours does."""
        on_the_way = self._sent.get(name, ())
        return next((place for place, value in enumerate(on_the_way) if self._say(name, value) == said), None)

    def _is_untouched(self, name: str, base: Agreed) -> bool:
        return self._ours[name].value == base.ours and not base.overruled and name not in self._sent

    def _confirm(self, name: str, arrived: int, said: Value) -> None:
        on_the_way = self._sent[name]
        self._agree(name, Agreed(on_the_way[arrived], said))
        self._sent = without_first(self._sent, name, arrived + 1)

    def _agree(self, name: str, agreed: Agreed) -> None:
        self._agreed[name] = agreed
        self._held.pop(name, None)

    def _flow_in(self, name: str, said: Stand) -> None:
        """Take their value over. Values of ours still on their way will land on it, so that `due` then sends it once more."""
        self._flows_in[name] = said.value
        self._agree(name, Agreed(said.value, said.value))

    def _contend(self, name: str, base: Agreed, said: Stand) -> None:
        ours, rule = self._ours[name], self._rules.get(name, FieldRule())
        winner = _judge(rule, ours, said)
        if winner is None:
            self._conflicts.append(Conflict(name, base.ours, ours, said))
            self._held[name] = said.value
        elif winner is said:
            self._losses.append(Loss(name, kept=said, lost=ours, rule=rule))
            self._flow_in(name, said)
        else:
            self._losses.append(Loss(name, kept=ours, lost=said, rule=rule))
            self._agree(name, Agreed(base.ours, said.value, overruled=True))


def _judge(rule: FieldRule, ours: Stand, theirs: Stand) -> Stand | None:
    """Return whose value holds; None: a person must say. Equal or unknown times decide nothing."""
    match rule.kind:
        case "source" if rule.source == HERE:
            return ours
        case "source" if rule.source == theirs.by:
            return theirs
        case "newest" if ours.at is not None and theirs.at is not None and ours.at != theirs.at:
            return max(ours, theirs, key=lambda stand: stand.at)  # type: ignore[arg-type, return-value] # neither is None here
        case _:
            return None
