"""Whatever order events come in, and however often, the interaction and the cards end the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.flows.exchange import HOUSE, scenarios

from tieline.domain.call import CallEvent
from tieline.domain.interaction import tell
from tieline.domain.pop_cards import Promise, cards, steps
from tieline.domain.pop_order import PopState

SCENARIOS = scenarios()


class Desk:
    """Promises cards as the service does, to whoever the rules say, for events arriving one by one."""

    def __init__(self) -> None:
        self.promises: dict[str, Promise] = {}
        self.shown: list[str] = []
        self.heard: list[CallEvent] = []

    def hear(self, event: CallEvent) -> None:
        self.heard.append(event)
        wanted = cards(tell(self.heard, HOUSE), HOUSE)
        for step in steps(wanted, self.promises.values(), is_fresh=lambda _card: True)[0]:
            if step.pop_id is None:
                self.shown.append(step.agent)
            state: PopState = "withdrawn" if step.kind == "withdraw" else "shown"
            self.promises[step.agent] = Promise(step.agent, step.agent, step.mode, state)

    def on_screen(self) -> dict[str, str]:
        return {promise.agent: promise.mode for promise in self.promises.values() if promise.state == "shown"}


def played(events: list[CallEvent]) -> Desk:
    desk = Desk()
    for event in events:
        desk.hear(event)
    return desk


@st.composite
def tellings(draw: st.DrawFn) -> tuple[str, list[CallEvent]]:
    name = draw(st.sampled_from(sorted(SCENARIOS)))
    events = SCENARIOS[name]
    again = draw(st.lists(st.sampled_from(events), max_size=len(events)))
    return name, draw(st.permutations([*events, *again]))


@given(tellings())
@settings(max_examples=200)
def test_the_interaction_is_the_same(telling: tuple[str, list[CallEvent]]) -> None:
    name, events = telling
    assert tell(events, HOUSE) == tell(SCENARIOS[name], HOUSE)


@given(tellings())
@settings(max_examples=200)
def test_no_agent_gets_a_card_they_would_not_have_got(telling: tuple[str, list[CallEvent]]) -> None:
    name, events = telling
    shuffled, ordered = played(events), played(SCENARIOS[name])
    assert set(shuffled.shown) <= set(ordered.shown)
    assert len(shuffled.shown) == len(set(shuffled.shown))
    assert set(shuffled.on_screen()) <= set(ordered.on_screen())


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_event_twice_changes_nothing(name: str) -> None:
    doubled = [event for event in SCENARIOS[name] for _ in range(2)]
    assert played(doubled).shown == played(SCENARIOS[name]).shown
    assert played(doubled).on_screen() == played(SCENARIOS[name]).on_screen()
