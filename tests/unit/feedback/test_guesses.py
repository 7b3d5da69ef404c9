"""Counting pages that do not exist, by address."""

import pytest

from tieline.domain.errors import RateLimited
from tieline.services.surveys.guesses import ADDRESSES, MOST, WITHIN_S, Guesses


class Watch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def refusals(guesses: Guesses, address: str, tries: int) -> int:
    refused = 0
    for _ in range(tries):
        try:
            guesses.check(address)
        except RateLimited:
            refused += 1
        else:
            guesses.miss(address)
    return refused


def test_of_ten_thousand_guesses_thirty_in_ten_minutes_are_looked_up() -> None:
    watch = Watch()
    guesses = Guesses(watch)
    assert refusals(guesses, "203.0.113.1", 10_000) == 10_000 - MOST
    watch.now = WITHIN_S + 1
    assert refusals(guesses, "203.0.113.1", 10_000) == 10_000 - MOST


def test_a_v6_network_counts_as_one_and_a_mapped_v4_as_itself() -> None:
    guesses = Guesses(Watch())
    assert refusals(guesses, "2001:db8::1", MOST) == 0
    with pytest.raises(RateLimited):
        guesses.check("2001:db8::ffff")
    guesses.check("2001:db8:0:1::1")
    guesses.check("::ffff:203.0.113.1")


def test_no_more_addresses_are_remembered_than_there_is_room_for() -> None:
    guesses = Guesses(Watch())
    for number in range(ADDRESSES + 10):
        guesses.miss(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(guesses.misses) == ADDRESSES
