"""Whatever people do in whatever order: everybody ends with the same value, and no one's work disappears without a trace.

A hub and two systems, one of which shows only even numbers. Each edit is a new number, so that every one of them can be found
again: it is the final value, or somebody who saw it wrote another, or a rule or a person overruled it and it is on record.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tieline.domain.ticket_link import Agreed, LinkState, Say, confirm, decide, due, recall, send
from tieline.domain.ticket_merge import FieldRule, Stand, merge

SYSTEMS = ("exact", "coarse")
FIELDS = ("status", "subject")
START = 0
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
RULES = (FieldRule("person"), FieldRule("newest"), FieldRule("source", "tieline"), FieldRule("source", "coarse"))


@dataclass
class System:
    """One system: what it shows, who last edited what, and what was sent there without a word of its end."""

    say: Say
    shows: dict[str, int]
    edited: dict[str, datetime]
    version: int = 0
    doubtful: dict[str, int] | None = None
    link: LinkState = field(default_factory=LinkState)
    seen_version: int = 0
    edited_by_people: bool = False


def even(_name: str, value: Any) -> Any:  # noqa: ANN401 - any value
    return value - value % 2


def as_it_is(_name: str, value: Any) -> Any:  # noqa: ANN401 - any value
    return value


class Everyone(RuleBasedStateMachine):
    """People edit in the hub and in both systems; changes travel, late, doubled, and after more edits."""

    @initialize(rules=st.fixed_dictionaries({name: st.sampled_from(RULES) for name in FIELDS}))
    def open_ticket(self, rules: Mapping[str, FieldRule]) -> None:
        self.field_rules = rules
        self.clock = EPOCH
        self.hub = {name: Stand(START, "tieline", EPOCH) for name in FIELDS}
        self.on_record: set[tuple[str, int]] = set()
        self.edits: set[tuple[str, int]] = set()
        self.superseded: set[tuple[str, int]] = {(name, START) for name in FIELDS}
        self.last = 0
        agreed = {name: Agreed(START, START) for name in FIELDS}
        self.systems = {
            name: System(
                even if name == "coarse" else as_it_is,
                dict.fromkeys(FIELDS, START),
                dict.fromkeys(FIELDS, EPOCH),
                link=LinkState(agreed),
            )
            for name in SYSTEMS
        }

    @rule(name=st.sampled_from(FIELDS))
    def edit_in_the_hub(self, name: str) -> None:
        value = self._new(name)
        self.superseded.add((name, self.hub[name].value))
        self.hub[name] = Stand(value, "agent", self.clock)

    @rule(who=st.sampled_from(SYSTEMS), name=st.sampled_from(FIELDS))
    def edit_in_a_system(self, who: str, name: str) -> None:
        system = self.systems[who]
        value = self._new(name, system.say)
        self.superseded |= {
            (name, one) for field_, one in self.edits if field_ == name and system.say(name, one) == system.shows[name]
        }
        system.shows[name], system.edited[name] = value, self.clock
        system.version += 1
        system.edited_by_people = True

    @rule(who=st.sampled_from(SYSTEMS))
    def hear(self, who: str) -> None:
        self._hear(self.systems[who], who)

    @rule(who=st.sampled_from(SYSTEMS))
    def hear_twice(self, who: str) -> None:
        self._hear(self.systems[who], who)
        before = (dict(self.hub), self.systems[who].link)
        self._hear(self.systems[who], who)
        assert (dict(self.hub), self.systems[who].link) == before

    @rule(who=st.sampled_from(SYSTEMS), heard_of=st.booleans())
    def deliver(self, who: str, *, heard_of: bool) -> None:
        """Send what is due against the newest version, as the vendor's lock demands; the answer may be lost on its way."""
        system = self.systems[who]
        if system.doubtful is not None:
            self._deliver_again(who)
            return
        self._hear(system, who)
        values = due(system.link, self._values())
        assert not values.keys() & system.link.held.keys()
        if values:
            system.link = send(system.link, values)
            self._write(system, values)
            system.doubtful = values
            if heard_of:
                self._deliver_again(who)

    def _deliver_again(self, who: str) -> None:
        """Repeat what may have arrived: the same values, refused if somebody wrote since."""
        system = self.systems[who]
        values, system.doubtful = system.doubtful or {}, None
        if system.seen_version == system.version:
            self._write(system, values)
            system.link = confirm(system.link, values, say=system.say)
        else:
            system.link = recall(system.link, values)

    @precondition(lambda self: any(system.link.held for system in self.systems.values()))
    @rule(data=st.data())
    def a_person_decides(self, data: st.DataObject) -> None:
        who, name = data.draw(st.sampled_from([(who, name) for who in SYSTEMS for name in self.systems[who].link.held]))
        self._choose(who, name, data.draw(st.sampled_from([self.hub[name].value, self.systems[who].link.held[name]])))

    def _choose(self, who: str, name: str, chosen: int) -> None:
        system = self.systems[who]
        self.on_record |= {(name, self.hub[name].value), (name, system.link.held[name])}
        system.link = decide(system.link, name, chosen, say=system.say)
        self.hub[name] = Stand(chosen, "reviewer", self.clock)

    def teardown(self) -> None:
        if not hasattr(self, "systems"):
            return
        for _ in range(6):
            for who, system in self.systems.items():
                self._hear(system, who)
                for name in list(system.link.held):
                    self._choose(who, name, self.hub[name].value)
                self.deliver(who, heard_of=True)
        for who, system in self.systems.items():
            shown = {name: system.say(name, stand.value) for name, stand in self.hub.items()}
            assert system.shows == shown, f"{who} was left behind"
        final = {(name, stand.value) for name, stand in self.hub.items()}
        assert self.edits <= self.superseded | self.on_record | final

    def _new(self, name: str, say: Say | None = None) -> int:
        self.last += 1 if say is None or say(name, self.last + 1) == self.last + 1 else 2
        self.clock += timedelta(seconds=1)
        self.edits.add((name, self.last))
        return self.last

    def _values(self) -> dict[str, Any]:
        return {name: stand.value for name, stand in self.hub.items()}

    def _write(self, system: System, values: Mapping[str, int]) -> None:
        system.shows |= {name: system.say(name, value) for name, value in values.items()}
        system.version += 1
        system.seen_version = system.version

    def _hear(self, system: System, who: str) -> None:
        theirs = {name: Stand(value, who, system.edited[name]) for name, value in system.shows.items()}
        self.on_record |= {
            (name, said.value) for name, said in theirs.items() if said.value == system.say(name, self.hub[name].value)
        }
        merged = merge(system.link, self.hub, theirs, self.field_rules, say=system.say)
        assert system.edited_by_people or not (merged.flows_in or merged.conflicts or merged.losses), "taken for a person's"
        system.link = merged.link
        if system.doubtful is None:
            system.seen_version = system.version
        for conflict in merged.conflicts:
            self.on_record |= {(conflict.field, conflict.ours.value), (conflict.field, conflict.theirs.value)}
        for loss in merged.losses:
            self.on_record |= {(loss.field, loss.kept.value), (loss.field, loss.lost.value)}
        for name, value in merged.flows_in.items():
            self.hub[name] = Stand(value, who, system.edited[name])


Everyone.TestCase.settings = settings(max_examples=150, stateful_step_count=30)
TestEveryone = Everyone.TestCase
