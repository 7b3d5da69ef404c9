import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.connectors.wire.breaker import FAILURES, OPEN_S, WINDOW_S, CircuitBreaker
from tieline.domain.errors import CircuitOpen


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Hands, *, failures: int = FAILURES, apart_s: float = 1.0) -> CircuitBreaker:
    breaker = CircuitBreaker(clock)
    for _ in range(failures):
        breaker.failed(probe=breaker.admit())
        clock.now += apart_s
    return breaker


def states(breaker: CircuitBreaker, clock: Hands, *pauses_s: float) -> list[str]:
    """How it stands after each pause."""
    found: list[str] = []
    for pause_s in pauses_s:
        clock.now += pause_s
        found.append(breaker.state)
    return found


def test_it_opens_at_the_fifth_failure_in_ten_seconds() -> None:
    assert (broken(Hands(), failures=4).state, broken(Hands(), failures=5).state) == ("closed", "open")


def test_failures_far_apart_do_not_open_it() -> None:
    assert broken(Hands(), failures=20, apart_s=WINDOW_S / 3).state == "closed"


def test_a_success_makes_up_for_a_failure() -> None:
    clock = Hands()
    breaker = CircuitBreaker(clock)
    for _ in range(50):
        breaker.failed(probe=breaker.admit())
        breaker.succeeded(probe=breaker.admit())
    assert breaker.state == "closed"


def test_while_open_it_refuses_and_says_for_how_long() -> None:
    clock = Hands()
    breaker = broken(clock, apart_s=0)
    clock.now += 10
    with pytest.raises(CircuitOpen) as caught:
        breaker.admit()
    assert caught.value.retry_after_s == OPEN_S - 10


def test_then_it_lets_exactly_one_probe_through() -> None:
    clock = Hands()
    breaker = broken(clock)
    clock.now += OPEN_S
    assert (breaker.state, breaker.admit()) == ("half_open", True)
    with pytest.raises(CircuitOpen):
        breaker.admit()


def test_a_good_probe_closes_it_with_a_clean_slate() -> None:
    clock = Hands()
    breaker = broken(clock)
    clock.now += OPEN_S
    breaker.succeeded(probe=breaker.admit())
    for _ in range(FAILURES - 1):
        breaker.failed(probe=breaker.admit())
    assert breaker.state == "closed"


def test_a_bad_probe_opens_it_again_for_as_long() -> None:
    clock = Hands()
    breaker = broken(clock)
    clock.now += OPEN_S
    breaker.failed(probe=breaker.admit())
    assert states(breaker, clock, OPEN_S - 1, 1) == ["open", "half_open"]


def test_an_abandoned_probe_makes_room_for_the_next() -> None:
    clock = Hands()
    breaker = broken(clock)
    clock.now += OPEN_S
    breaker.abandoned(probe=breaker.admit())
    assert breaker.admit()


def test_late_ends_of_calls_from_before_it_opened_change_nothing() -> None:
    clock = Hands()
    breaker = broken(clock, apart_s=0)
    clock.now += OPEN_S
    probe = breaker.admit()
    breaker.failed(probe=False)
    breaker.succeeded(probe=False)
    breaker.abandoned(probe=False)
    assert states(breaker, clock, 0) == ["half_open"]
    breaker.succeeded(probe=probe)
    assert states(breaker, clock, 0) == ["closed"]


@given(st.lists(st.tuples(st.sampled_from(["ok", "bad", "left"]), st.floats(0, 40)), max_size=80))
def test_it_never_stays_shut_for_ever(story: list[tuple[str, float]]) -> None:
    clock = Hands()
    breaker = CircuitBreaker(clock)
    ends = {"ok": breaker.succeeded, "bad": breaker.failed, "left": breaker.abandoned}
    for end, pause_s in story:
        clock.now += pause_s
        try:
            probe = breaker.admit()
        except CircuitOpen:
            continue
        ends[end](probe=probe)
    clock.now += OPEN_S
    breaker.succeeded(probe=breaker.admit())
    assert breaker.state == "closed"
