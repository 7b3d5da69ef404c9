"""A gray release draws its agents by lot, and keeps them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tieline.domain.gray_release import GrayRelease

AGENTS = [str(number) for number in range(1001, 5001)]
NAMES = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=40)
PERCENT = st.integers(0, 100)


def members(release: str, percent: int) -> set[str]:
    return {agent for agent in AGENTS if GrayRelease(release, percent).includes(agent)}


@given(release=NAMES, agent=NAMES, smaller=PERCENT, larger=PERCENT)
def test_an_agent_who_is_in_stays_in_while_the_share_grows(release: str, agent: str, smaller: int, larger: int) -> None:
    smaller, larger = sorted((smaller, larger))
    if GrayRelease(release, smaller).includes(agent):
        assert GrayRelease(release, larger).includes(agent)


@given(release=NAMES, agent=NAMES)
def test_nobody_at_nought_and_everybody_at_a_hundred(release: str, agent: str) -> None:
    assert not GrayRelease(release, 0).includes(agent)
    assert GrayRelease(release, 100).includes(agent)


@settings(max_examples=10)
@given(release=NAMES, percent=PERCENT)
def test_the_share_is_what_was_asked_for(release: str, percent: int) -> None:
    """Five standard deviations of 4000 draws: chance alone goes beyond once in two million."""
    tolerated = 5 * (len(AGENTS) * percent / 100 * (1 - percent / 100)) ** 0.5
    assert abs(len(members(release, percent)) - len(AGENTS) * percent / 100) <= tolerated


def test_the_lot_is_the_same_in_every_process_and_version() -> None:
    assert sorted(members("crm.customer", 10) & set(AGENTS[:60])) == ["1009", "1020", "1027", "1030"]


def test_another_release_falls_on_other_agents() -> None:
    first, second = members("autumn", 10), members("winter", 10)
    assert len(first & second) < len(first) / 4


def test_a_machine_that_asks_for_nobody_in_particular_is_in_no_release() -> None:
    assert not GrayRelease("crm.customer", 100).includes(None)


def test_names_are_kept_apart() -> None:
    assert {agent for agent in AGENTS if GrayRelease("a", 50).includes("b" + agent)} != {
        agent for agent in AGENTS if GrayRelease("ab", 50).includes(agent)
    }
