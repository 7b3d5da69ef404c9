"""Sign in by a request that the manifest writes, and take from the answer what the other requests carry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tieline.connectors.answers.read import read_answer
from tieline.connectors.auth.entry import Chain
from tieline.connectors.auth.judging import Judge
from tieline.connectors.auth.taking import Roots, roots_of
from tieline.connectors.auth.token import LONGEST_LIFETIME_S, Token
from tieline.connectors.auth.vault import Kept
from tieline.connectors.manifest.part import AnswerKind
from tieline.connectors.wire.messages import Outgoing, Wire
from tieline.domain.errors import VendorBadAnswer
from tieline.kit.clock import Clock
from tieline.kit.deadline import Deadline

WriteRequest = Callable[[], Outgoing]
TakeValue = Callable[[Roots], str | None]


@dataclass(frozen=True, slots=True)
class Harvest:
    """What is taken from the answer: the token, further values by name, and the seconds it holds."""

    token: TakeValue
    also: Mapping[str, TakeValue]
    lifetime: Callable[[Roots, datetime], float | None]
    otherwise_s: float

    def gather(self, roots: Roots, now: datetime) -> Token:
        """Read the token. Raises: VendorBadAnswer: something is not there."""
        values = {name: take(roots) for name, take in {"token": self.token, **self.also}.items()}
        missing = sorted(name for name, value in values.items() if value is None)
        if missing:
            detail = f"the answer to the sign-in holds no {missing[0]}"
            raise VendorBadAnswer(detail)
        found = {name: value for name, value in values.items() if value is not None}
        lifetime_s = self.lifetime(roots, now)
        usable = lifetime_s is not None and lifetime_s < LONGEST_LIFETIME_S
        return Token(found.pop("token"), lifetime_s if usable and lifetime_s else self.otherwise_s, more=found)


@dataclass(frozen=True, slots=True)
class SignIn:
    """One login. `under`: the credentials its own request carries."""

    write: WriteRequest
    under: Chain
    answer: AnswerKind
    judge: Judge
    harvest: Harvest
    clock: Clock

    async def __call__(self, wire: Wire, *, deadline: Deadline, kept: Kept) -> Token:  # noqa: ARG002 - a login starts afresh
        """Sign in. Raises: VendorMisconfigured: refused. VendorThrottled, VendorUnavailable, VendorBadAnswer."""
        answer = read_answer(await self.under.send(wire, self.write(), deadline=deadline), self.answer)
        self.judge.check(answer)
        return self.harvest.gather(roots_of(answer), self.clock())
