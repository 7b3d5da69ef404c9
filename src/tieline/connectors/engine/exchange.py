"""One exchange with the vendor: breaker, limits, credentials, wire, verdict; and a second one if a token ran out."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import structlog

from tieline.connectors.answers.outcome import Verdict, raise_for
from tieline.connectors.auth.kinds import Schemes
from tieline.connectors.engine.operation import CompiledOperation
from tieline.connectors.engine.trace import Trace
from tieline.connectors.wire.breaker import CircuitBreaker
from tieline.connectors.wire.limits import Priority, Throttle
from tieline.connectors.wire.messages import Answer, Incoming, Outgoing, Wire
from tieline.domain import errors
from tieline.kit.clock import Clock
from tieline.kit.deadline import Deadline

log = structlog.get_logger(__name__)

# We give up a moment before whoever waits for us does, so that the vendor's slowness is told as such and counted.
MARGIN_S: Final = 0.005
# A caller who leaves this late leaves because the vendor is slow.
SLOW_S: Final = 1.0
_BROKEN: Final = (errors.VendorTimeout, errors.VendorUnavailable, errors.VendorBadAnswer, errors.OutcomeUnknown)


class Call(NamedTuple):
    """One run: what is asked, with which inputs, by when and how urgently."""

    operation: CompiledOperation
    roots: Mapping[str, Any]
    deadline: Deadline
    priority: Priority = "live"
    trace: Trace | None = None


class Reply(NamedTuple):
    """An answer that is no error, what it means, and how many exchanges it took."""

    answer: Answer
    verdict: Verdict
    attempts: int


class Exchanger:
    """The moving parts of one connection."""

    def __init__(self, *, wire: Wire, schemes: Schemes, throttle: Throttle, breaker: CircuitBreaker, clock: Clock) -> None:
        self.wire = wire
        self.throttle = throttle
        self._clock = clock
        self.schemes = schemes
        self.breaker = breaker

    def now(self) -> datetime:
        """Return the present moment."""
        return self._clock()

    async def aclose(self) -> None:
        """Stop renewing and close the wire."""
        await self.schemes.aclose()
        await self.wire.aclose()

    async def ask(self, call: Call, outgoing: Outgoing) -> Reply:
        """Send and judge; when the credentials ran out, renew them and send once more. Raises: ConnectorError."""
        signed = outgoing.copy()
        answer, verdict = await self._guarded(call, signed, refused=None)
        attempts = 1
        if verdict.outcome == "auth_expired":
            if not self.schemes[outgoing.auth].renewable:
                raise errors.VendorMisconfigured("the other system refuses our credentials", code="upstream_credentials")
            answer, verdict = await self._guarded(call, outgoing.copy(), refused=signed.credentials)
            attempts = 2
        raise_for(verdict, answer)
        return Reply(answer, verdict, attempts)

    async def _guarded(self, call: Call, outgoing: Outgoing, *, refused: frozenset[str] | None) -> tuple[Answer, Verdict]:
        """One exchange under the breaker, which learns from it whatever the end."""
        probe = self.breaker.admit()
        started_s = asyncio.get_running_loop().time()
        try:
            incoming = await self._exchange(call, outgoing, refused)
        except _BROKEN as exc:
            self.breaker.failed(probe=probe)
            log.warning("vendor.failed", operation=call.operation.name, code=exc.code, took_ms=_since_ms(started_s))
            raise
        except asyncio.CancelledError:
            slow = asyncio.get_running_loop().time() - started_s >= SLOW_S
            (self.breaker.failed if slow else self.breaker.abandoned)(probe=probe)
            raise
        except BaseException:
            self.breaker.abandoned(probe=probe)
            raise
        return self._judged(call, incoming, probe=probe)

    async def _exchange(self, call: Call, outgoing: Outgoing, refused: frozenset[str] | None) -> Incoming:
        async with self.throttle.turn(call.priority, call.deadline, own=call.operation.windows(call.roots)):
            within, scheme = _within(call), self.schemes[outgoing.auth]
            signing_in = call.trace.signing_in_over(self.wire) if call.trace else self.wire
            await scheme.prepare(signing_in, outgoing, deadline=within, refused=refused)
            steps = scheme.sign(outgoing)
            if call.trace:
                call.trace.signing(steps)
                call.trace.request(outgoing)
            incoming = await self.wire.send(outgoing, deadline=within)
            await scheme.observe(incoming)
            return incoming

    def _judged(self, call: Call, incoming: Incoming, *, probe: bool) -> tuple[Answer, Verdict]:
        answer = call.operation.read(incoming)
        verdict = call.operation.outcomes.judge(answer, self._clock)
        match verdict.outcome:
            case "transient" | "unknown":
                self.breaker.failed(probe=probe)
            case "throttled":
                self.breaker.abandoned(probe=probe)
                self.throttle.pause(verdict.wait_s)
            case _:
                self.breaker.succeeded(probe=probe)
        if call.trace:
            call.trace.response(incoming)
            call.trace.outcome(verdict)
        return answer, verdict


def _within(call: Call) -> Deadline:
    """Return the end of one exchange: the operation's own time, or a moment before the caller's patience ends."""
    now_s = asyncio.get_running_loop().time()
    at_s = min(now_s + call.operation.timeout_s, call.deadline.at_s - MARGIN_S)
    if at_s <= now_s:
        raise errors.VendorTimeout("no time was left to ask")
    return Deadline(at_s)


def _since_ms(started_s: float) -> int:
    return round((asyncio.get_running_loop().time() - started_s) * 1000)
