"""Hypothesis plays expiry, refusal, outage, restart and withdrawal against one sign-in shared by three processes (F21 to F23).

The vendor revokes everything as soon as a refresh token is used a second time, as OAuth's best practice has it.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tieline.connectors.auth.token import REAUTHORISE, REFUSED_PAUSE, Habits, Token, TokenSource
from tieline.connectors.auth.vault import Kept, MemoryVault
from tieline.connectors.recordings.replay import RecordedWire
from tieline.connectors.wire.messages import Wire
from tieline.domain.errors import ConnectorError, VendorMisconfigured, VendorUnavailable
from tieline.kit.deadline import Deadline

WIRE: Wire = RecordedWire(())
LIFETIME_S = 3600
PROCESSES = 3


class Vendor:
    """Rotates refresh tokens. `away` and `withdrawn` are what it suffers; `grants` counts what it gave, `asked` all it heard."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.newest = ""
        self.grants = self.asked = self.reused = 0
        self.away = self.withdrawn = False

    async def __call__(self, wire: Wire, *, deadline: Deadline, kept: Kept) -> Token:  # noqa: ARG002 - it needs no wire
        await asyncio.sleep(0)
        self.asked += 1
        if self.away:
            raise VendorUnavailable
        if self.withdrawn:
            raise VendorMisconfigured(code=REAUTHORISE)
        if kept.refresh != self.newest:
            self.reused += 1
            raise VendorMisconfigured(code=REAUTHORISE)
        self.grants += 1
        self.newest = f"refresh-{self.grants}"
        return Token(f"access-{self.grants}", LIFETIME_S, refresh=self.newest)


class SignIn(RuleBasedStateMachine):
    """Three processes over one vault."""

    runner: asyncio.Runner

    def __init__(self) -> None:
        super().__init__()
        self.vendor, self.vault = Vendor(), MemoryVault()
        self.sources = [self.source() for _ in range(PROCESSES)]
        self.expires = self.left_alone_until = self.vendor.now

    def source(self) -> TokenSource:
        return TokenSource(self.vendor, Habits(0, timeout_s=5, vault=self.vault), clock=lambda: self.vendor.now)

    async def use(self, source: TokenSource, *, refused: bool) -> ConnectorError | None:
        worn = frozenset({source.token}) if refused and source.token else frozenset[str]()
        try:
            await source.ready(WIRE, deadline=Deadline.after(5), refused=worn)
        except ConnectorError as exc:
            return exc
        return None

    @rule(callers=st.lists(st.integers(0, PROCESSES - 1), min_size=1, max_size=8), refused=st.booleans())
    def calls(self, callers: list[int], *, refused: bool) -> None:
        """Some processes sign calls at once; the vendor may just have turned their token down."""
        vendor, asked, grants = self.vendor, self.vendor.asked, self.vendor.grants
        tokens = {self.sources[caller].token for caller in callers}
        errors = self.runner.run(self._together(callers, refused=refused))
        assert vendor.asked - asked <= (len(set(callers)) if vendor.away else 1), "one flight for all"
        assert vendor.grants - grants <= 1, "more than one renewal for one expiry"
        if vendor.now < self.left_alone_until and refused:
            assert vendor.asked == asked, "hammered within a minute of its refusal"
        if vendor.grants > grants:
            self.expires = vendor.now + timedelta(seconds=LIFETIME_S)
            assert errors == [None] * len(callers)
            assert not refused or f"access-{vendor.grants}" not in tokens
        if any(isinstance(error, VendorMisconfigured) for error in errors) and vendor.asked > asked:
            self.left_alone_until = vendor.now + REFUSED_PAUSE

    async def _together(self, callers: list[int], *, refused: bool) -> list[ConnectorError | None]:
        return list(await asyncio.gather(*(self.use(self.sources[caller], refused=refused) for caller in callers)))

    @rule(seconds=st.sampled_from([30, 61, LIFETIME_S]))
    def time_passes(self, seconds: int) -> None:
        self.vendor.now += timedelta(seconds=seconds)

    @rule(number=st.integers(0, PROCESSES - 1))
    def restarts(self, number: int) -> None:
        self.sources[number] = self.source()

    @rule(away=st.booleans())
    def endpoint(self, *, away: bool) -> None:
        self.vendor.away = away

    @rule(withdrawn=st.booleans())
    def person(self, *, withdrawn: bool) -> None:
        self.vendor.withdrawn = withdrawn

    @invariant()
    def no_family_is_revoked(self) -> None:
        assert self.vendor.reused == 0, "a refresh token was used twice, or one was lost"


def test_a_shared_sign_in_holds_against_its_model() -> None:
    with asyncio.Runner() as runner:
        SignIn.runner = runner
        checks: Any = list(HealthCheck)
        chosen = settings(max_examples=100, stateful_step_count=30, suppress_health_check=checks, derandomize=True)
        run_state_machine_as_test(SignIn, settings=chosen)
