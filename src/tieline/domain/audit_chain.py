"""The chain over the audit trail: each entry's digest covers the one before, so that no entry can be changed, taken out or moved.

A checkpoint is a signed statement of how long the chain was and how it ended. Kept elsewhere (a log server, paper), it also
shows when the end was cut off or the whole chain was written anew.
Source: Schneier and Kelsey, "Secure Audit Logs to Support Computer Forensics", ACM TISSEC 2(2), 1999 (hash chain, section 3).
"""

import hashlib
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

GENESIS: Final = bytes(32)
"""What stands before the first entry."""


@dataclass(frozen=True, slots=True)
class Link:
    """One sealed entry: its place in the chain from 1, its digest, and the entry as text; None: the entry is gone."""

    number: int
    digest: bytes
    seq: int
    entry: str | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The chain was `number` entries long and ended with `digest`."""

    number: int
    digest: bytes
    at: datetime
    signature: bytes = b""

    @property
    def statement(self) -> bytes:
        """What is signed."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return f"tieline audit checkpoint 1\n{self.number}\n{self.digest.hex()}\n{at}\n".encode()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What following the chain showed. `first_bad` is the `seq` of the first entry that is not as it was sealed."""

    checked: int
    why: str = ""
    first_bad: int | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.why


def seal(previous: bytes, entry: str) -> bytes:
    """Return the digest of an entry that follows `previous`."""
    return hashlib.sha256(previous + entry.encode()).digest()


class Stated:
    """What checkpoints say of the chain: which digest stands where. `fault`: why they cannot be believed."""

    def __init__(self, checkpoints: Iterable[Checkpoint], *, signed: Callable[[Checkpoint], bool]) -> None:
        self.digests: dict[int, bytes] = {}
        self.fault = self._unsound(checkpoints, signed)

    @property
    def longest(self) -> int:
        """How many entries there were at least."""
        return max(self.digests, default=0)

    def _unsound(self, checkpoints: Iterable[Checkpoint], signed: Callable[[Checkpoint], bool]) -> Verdict | None:
        for checkpoint in checkpoints:
            if not signed(checkpoint):
                return Verdict(0, f"the signature of the checkpoint at {checkpoint.number} is not ours")
            if self.digests.setdefault(checkpoint.number, checkpoint.digest) != checkpoint.digest:
                return Verdict(0, f"two checkpoints at {checkpoint.number} contradict each other")
        return None


class Walk:
    """Follows one stretch of the chain, from the link `after` it up to the link `until`, and holds it against the checkpoints.

    A stretch is followed without the one before it: of the link it starts after it takes only the digest, which `joined` holds
    against the end of the stretch before. What follows, each link by itself, is judged by entry, digest and checkpoint.
    """

    def __init__(self, stated: Stated, *, after: int, until: int) -> None:
        self.after, self.until = after, until
        self.begins_with = GENESIS
        self._stated = stated.digests
        self._previous, self._number = GENESIS, after
        self.fault: Verdict | None = None

    @property
    def ends_with(self) -> bytes:
        """The digest of the last link that was followed."""
        return self._previous

    def follow(self, links: Sequence[Link]) -> bool:
        """Judge a whole stretch, the link it starts after (if any) before it; False: a fault was found."""
        start, rest = (links[:1], links[1:]) if self.after else ((), links)
        if self.after:
            self._start(start)
        for link in rest:
            if self.fault is not None:
                break
            self._step(link)
        if self.fault is None and self._number != self.until:
            self.fault = self._missing(self._number + 1)
        return self.fault is None

    def _start(self, start: Sequence[Link]) -> None:
        if not start or start[0].number != self.after:
            self.fault = self._missing(self.after)
        else:
            self.begins_with = self._previous = start[0].digest

    def _step(self, link: Link) -> None:
        why = self._judge(link)
        if why:
            self.fault = Verdict(self._number, why, first_bad=link.seq)
        else:
            self._previous, self._number = link.digest, link.number

    def _missing(self, number: int) -> Verdict:
        return Verdict(number - 1, f"link {number} of the chain is missing")

    def _judge(self, link: Link) -> str:
        if link.number != self._number + 1:
            return f"link {self._number + 1} of the chain is missing"
        if link.entry is None:
            return f"the entry of link {link.number} is gone"
        if seal(self._previous, link.entry) != link.digest:
            return f"the entry of link {link.number} is not the one that was sealed"
        if self._stated.get(link.number, link.digest) != link.digest:
            return f"link {link.number} is not the one a checkpoint states"
        return ""


def stretches(stated: Stated, *, length: int, at_once: int) -> Generator[Walk]:
    """Divide a chain of this length into walks of `at_once` links, one when it is asked for: the length may be a forgery."""
    for after in range(0, length, at_once):
        yield Walk(stated, after=after, until=min(after + at_once, length))


def joined(walks: Iterable[Walk], stated: Stated) -> Verdict:
    """Say what following every stretch, in order, showed of the whole chain: the first fault of all counts."""
    if stated.fault is not None:
        return stated.fault
    number, previous = 0, GENESIS
    for walk in walks:
        if walk.begins_with != previous:
            return Verdict(number, f"link {number} is not the same for what follows it")
        if walk.fault is not None:
            return walk.fault
        number, previous = walk.until, walk.ends_with
    if stated.longest > number:
        return Verdict(number, f"the chain ends after {number} entries, a checkpoint states {stated.longest}")
    return Verdict(number)
