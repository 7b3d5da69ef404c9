"""A thousand ways to touch the chain, each of them noticed; and none noticed where nobody touched it."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tieline.domain.audit_chain import GENESIS, Checkpoint, Link, Stated, Verdict, joined, seal, stretches
from tieline.security.audit_signing import AuditChecker, AuditSigner
from tieline.security.secret_box import SecretBox

BOX = SecretBox({1: bytes(range(32))})
SIGNER = AuditSigner.of(BOX)
AT = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
LENGTH = 60


def chain_of(entries: Sequence[str]) -> list[Link]:
    previous, links = GENESIS, []
    for number, entry in enumerate(entries, start=1):
        previous = seal(previous, entry)
        links.append(Link(number, previous, number * 3, entry))
    return links


CHAIN = chain_of([f'[{number}, 1764151200000000, "agent:1001"]' for number in range(1, LENGTH + 1)])


def checkpoint_at(links: Sequence[Link], number: int) -> Checkpoint:
    bare = Checkpoint(number, links[number - 1].digest, AT)
    return replace(bare, signature=SIGNER.sign(bare))


def walked(links: Sequence[Link], checkpoints: Sequence[Checkpoint], *, at_once: int = 16) -> Verdict:
    """Follow the chain as `verify` does: in stretches, each of which is read by itself."""
    stated = Stated(checkpoints, signed=SIGNER.checker)
    walks = list(stretches(stated, length=links[-1].number, at_once=at_once))
    for walk in walks:
        walk.follow([link for link in links if walk.after <= link.number <= walk.until])
    return joined(walks, stated)


def edited(links: list[Link], chance: random.Random) -> list[Link]:
    place = chance.randrange(len(links))
    return [*links[:place], replace(links[place], entry=f"{links[place].entry} "), *links[place + 1 :]]


def entry_deleted(links: list[Link], chance: random.Random) -> list[Link]:
    place = chance.randrange(len(links))
    return [*links[:place], replace(links[place], entry=None), *links[place + 1 :]]


def link_deleted(links: list[Link], chance: random.Random) -> list[Link]:
    place = chance.randrange(len(links) - 1)
    return [*links[:place], *links[place + 1 :]]


def inserted(links: list[Link], chance: random.Random) -> list[Link]:
    place = chance.randrange(len(links))
    forged = Link(place + 1, seal(links[place - 1].digest if place else GENESIS, "[forged]"), 1, "[forged]")
    return [*links[:place], forged, *(replace(link, number=link.number + 1) for link in links[place:])]


def swapped(links: list[Link], chance: random.Random) -> list[Link]:
    one, other = chance.sample(range(len(links)), 2)
    moved = list(links)
    moved[one], moved[other] = replace(links[one], entry=links[other].entry), replace(links[other], entry=links[one].entry)
    return moved


def tail_cut(links: list[Link], chance: random.Random) -> list[Link]:
    return links[: chance.randrange(1, len(links))]


def written_anew(links: list[Link], chance: random.Random) -> list[Link]:
    """What whoever rules the database can do: one entry changed and every digest after it made to fit."""
    changed = edited(links, chance)
    return chain_of([str(link.entry) for link in changed])


WAYS: Sequence[Callable[[list[Link], random.Random], list[Link]]] = (
    edited,
    entry_deleted,
    link_deleted,
    inserted,
    swapped,
    tail_cut,
    written_anew,
)


def test_a_chain_nobody_touched_is_sound() -> None:
    assert walked(CHAIN, [checkpoint_at(CHAIN, 10), checkpoint_at(CHAIN, LENGTH)]) == Verdict(LENGTH)


@pytest.mark.parametrize("at_once", [1, 7, 16, LENGTH, 1000])
def test_a_thousand_ways_to_touch_it_are_all_noticed(at_once: int) -> None:
    chance = random.Random(20261126)  # noqa: S311 - repeatable
    kept = [checkpoint_at(CHAIN, LENGTH)]
    missed = []
    for number in range(1000):
        way = WAYS[number % len(WAYS)]
        touched = way(list(CHAIN), chance)
        if walked(touched, kept, at_once=at_once).sound:
            missed.append((number, way.__name__))
    assert missed == []


@pytest.mark.parametrize("at_once", [1, 7, 20, 21, LENGTH])
def test_the_first_bad_entry_is_named(at_once: int) -> None:
    touched = [*CHAIN[:20], replace(CHAIN[20], entry="[]"), *CHAIN[21:50], replace(CHAIN[50], entry="[]"), *CHAIN[51:]]
    verdict = walked(touched, [], at_once=at_once)
    assert (verdict.checked, verdict.first_bad) == (20, CHAIN[20].seq)


def test_a_stretch_that_was_read_from_another_chain_does_not_join() -> None:
    """Whoever changes a chain while it is read is found where two stretches meet."""
    stated = Stated([], signed=SIGNER.checker)
    anew = chain_of([f"[{number}]" for number in range(1, LENGTH + 1)])
    walks = list(stretches(stated, length=LENGTH, at_once=30))
    assert [walk.follow(links) for walk, links in zip(walks, (CHAIN[:30], anew[29:]), strict=True)] == [True, True]
    assert joined(walks, stated) == Verdict(30, "link 30 is not the same for what follows it")


def test_without_a_checkpoint_kept_elsewhere_a_chain_written_anew_looks_sound() -> None:
    """Why checkpoints leave the machine: within the database alone nothing can show this."""
    anew = written_anew(list(CHAIN), random.Random(1))  # noqa: S311 - repeatable
    assert walked(anew, []).sound
    assert not walked(anew, [checkpoint_at(CHAIN, LENGTH)]).sound


def test_a_checkpoint_somebody_else_signed_is_refused() -> None:
    stranger = AuditSigner.of(SecretBox({1: bytes(32)}))
    forged = replace(checkpoint_at(CHAIN, 10), signature=stranger.sign(checkpoint_at(CHAIN, 10)))
    assert "not ours" in walked(CHAIN, [forged]).why


def test_the_public_half_is_enough_to_check() -> None:
    checker = AuditChecker.parse(SIGNER.checker.text)
    assert checker(checkpoint_at(CHAIN, 5))
    with pytest.raises(ValueError, match="hexadecimal"):
        AuditChecker.parse("nonsense")
