"""The chain over the audit trail: each entry's digest covers the one before, so that no entry can be changed, taken out or moved.

A checkpoint is a signed statement of how long the chain was and how it ended. Kept elsewhere (a log server, paper), it also
shows when the end was cut off or the whole chain was written anew.
Source: Schneier and Kelsey, "Secure Audit Logs to Support Computer Forensics", ACM TISSEC 2(2), 1999 (hash chain, section 3).
"""

import hashlib
from collections.abc import Callable, Iterable
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


class Walk:
    """Follows the chain from its beginning, in lots of any size, and holds it against the checkpoints."""

    def __init__(self, checkpoints: Iterable[Checkpoint], *, signed: Callable[[Checkpoint], bool]) -> None:
        self._stated: dict[int, bytes] = {}
        self._previous, self._number = GENESIS, 0
        self._fault = self._unsound(checkpoints, signed)

    def take(self, links: Iterable[Link]) -> bool:
        """Go on; False: a fault was found, and no more need be read."""
        for link in links:
            if self._fault is not None:
                break
            fault = self._judge(link)
            if fault:
                self._fault = Verdict(self._number, fault, first_bad=link.seq)
            else:
                self._previous, self._number = link.digest, link.number
        return self._fault is None

    def end(self) -> Verdict:
        """Say what was found, now that there are no more links."""
        longest = max(self._stated, default=0)
        if self._fault is None and longest > self._number:
            return Verdict(self._number, f"the chain ends after {self._number} entries, a checkpoint states {longest}")
        return self._fault or Verdict(self._number)

    def _unsound(self, checkpoints: Iterable[Checkpoint], signed: Callable[[Checkpoint], bool]) -> Verdict | None:
        for checkpoint in checkpoints:
            if not signed(checkpoint):
                return Verdict(0, f"the signature of the checkpoint at {checkpoint.number} is not ours")
            if self._stated.setdefault(checkpoint.number, checkpoint.digest) != checkpoint.digest:
                return Verdict(0, f"two checkpoints at {checkpoint.number} contradict each other")
        return None

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
