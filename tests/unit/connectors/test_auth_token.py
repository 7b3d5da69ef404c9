import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tieline.connectors.auth.token import Token, TokenSource
from tieline.connectors.recordings.replay import RecordedWire
from tieline.connectors.wire.messages import Wire
from tieline.domain.errors import VendorMisconfigured, VendorTimeout, VendorUnavailable
from tieline.kit.deadline import Deadline

WIRE: Wire = RecordedWire(())


class Office:
    """Hands out tokens when told to, and keeps its own clock."""

    def __init__(self, lifetime_s: float = 3600) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.lifetime_s = lifetime_s
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()
        self.fails: Exception | None = None

    async def __call__(self, wire: Wire, *, deadline: Deadline) -> Token:  # noqa: ARG002 - a token office needs no wire
        self.asked += 1
        number = self.asked
        await self.open.wait()
        if self.fails:
            raise self.fails
        return Token(f"token-{number}", self.lifetime_s)

    def source(self, *, renew_early_s: float = 60) -> TokenSource:
        return TokenSource(self, clock=lambda: self.now, renew_early_s=renew_early_s, timeout_s=5)

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


async def ready(source: TokenSource, *, refused: str | None = None, within_s: float = 1.0) -> str:
    await source.ready(WIRE, deadline=Deadline.after(within_s), refused=refused)
    return source.token


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_token_is_kept_until_it_is_nearly_over() -> None:
    office = Office()
    source = office.source()
    assert [await ready(source), await ready(source)] == ["token-1", "token-1"]
    office.later(3539)
    assert (await ready(source), office.asked) == ("token-1", 1)


async def test_near_its_end_calls_go_on_with_the_old_one_while_a_new_one_is_fetched() -> None:
    office = Office()
    source = office.source()
    await ready(source)
    office.later(3545)
    office.open.clear()
    assert [await ready(source) for _ in range(3)] == ["token-1"] * 3
    await settled()
    assert office.asked == 2
    office.open.set()
    await settled()
    assert await ready(source) == "token-2"


async def test_past_its_end_everybody_waits_for_one_new_token() -> None:
    office = Office()
    source = office.source()
    await ready(source)
    office.later(3600)
    assert await asyncio.gather(*(ready(source) for _ in range(50))) == ["token-2"] * 50
    assert office.asked == 2


async def test_a_failed_early_renewal_is_not_felt_and_not_hurried() -> None:
    office = Office()
    source = office.source()
    await ready(source)
    office.later(3545)
    office.fails = VendorUnavailable()
    for _ in range(10):
        assert await ready(source) == "token-1"
        await settled()
    assert office.asked == 2
    office.later(5)
    await ready(source)
    await settled()
    assert office.asked == 3


async def test_a_very_short_lived_token_is_not_fetched_for_every_call() -> None:
    office = Office(lifetime_s=30)
    source = office.source(renew_early_s=60)
    await ready(source)
    office.later(14)
    for _ in range(10):
        await ready(source)
        await settled()
    assert office.asked == 1


async def test_a_refused_token_is_replaced_once_however_many_were_refused() -> None:
    office = Office()
    source = office.source()
    await ready(source)
    assert await asyncio.gather(*(ready(source, refused="token-1") for _ in range(20))) == ["token-2"] * 20
    assert await ready(source, refused="token-1") == "token-2"
    assert office.asked == 2


async def test_the_failure_reaches_all_who_wait_and_asks_once() -> None:
    office = Office()
    office.fails = VendorUnavailable()
    source = office.source()
    failures = await asyncio.gather(*(ready(source) for _ in range(20)), return_exceptions=True)
    assert {type(failure) for failure in failures} == {VendorUnavailable}
    assert office.asked == 1


async def test_wrong_credentials_are_left_alone_for_half_a_minute() -> None:
    office = Office()
    office.fails = VendorMisconfigured()
    source = office.source()
    for _ in range(5):
        with pytest.raises(VendorMisconfigured):
            await ready(source)
    assert office.asked == 1
    office.later(30)
    office.fails = None
    assert await ready(source) == "token-2"


async def test_who_cannot_wait_leaves_and_the_token_still_comes() -> None:
    office = Office()
    office.open.clear()
    source = office.source()
    with pytest.raises(VendorTimeout):
        await ready(source, within_s=0.01)
    office.open.set()
    await settled()
    assert (await ready(source), office.asked) == ("token-1", 1)


async def test_closing_ends_a_fetch_under_way() -> None:
    office = Office()
    office.open.clear()
    source = office.source()
    waiting = asyncio.create_task(ready(source))
    await settled()
    await source.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_a_token_does_not_show_itself() -> None:
    assert "canary" not in repr(Token("canary", 60.0))
