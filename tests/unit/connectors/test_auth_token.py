import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tieline.connectors.auth.token import Habits, Token, TokenSource
from tieline.connectors.auth.vault import FreshSignIn, Kept, MemoryVault, TokenVault
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
        self.shown: list[str] = []

    async def __call__(self, wire: Wire, *, deadline: Deadline, kept: Kept) -> Token:  # noqa: ARG002 - a token office needs no wire
        self.asked += 1
        self.shown.append(kept.refresh)
        number = self.asked
        await self.open.wait()
        if self.fails:
            raise self.fails
        return Token(f"token-{number}", self.lifetime_s, refresh=f"refresh-{number}")

    def source(self, *, renew_early_s: float = 60, vault: TokenVault | None = None, origin: str = "") -> TokenSource:
        habits = Habits(renew_early_s, timeout_s=5, origin=origin, vault=vault or MemoryVault())
        return TokenSource(self, habits, clock=lambda: self.now)

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


async def ready(source: TokenSource, *, refused: str | None = None, within_s: float = 1.0) -> str:
    await source.ready(WIRE, deadline=Deadline.after(within_s), refused=frozenset({refused} if refused else ()))
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


async def test_wrong_credentials_are_left_alone_for_a_minute() -> None:
    office = Office()
    office.fails = VendorMisconfigured()
    source = office.source()
    for _ in range(5):
        with pytest.raises(VendorMisconfigured):
            await ready(source)
    assert office.asked == 1
    office.later(59)
    with pytest.raises(VendorMisconfigured):
        await ready(source)
    assert office.asked == 1
    office.later(1)
    office.fails = None
    assert await ready(source) == "token-2"


async def test_a_refusal_is_told_from_the_first_one_on_until_a_token_is_there() -> None:
    office = Office()
    office.fails = VendorMisconfigured(code="upstream_reauthorise")
    source = office.source()
    with pytest.raises(VendorMisconfigured):
        await ready(source)
    assert source.refusal == "upstream_reauthorise"
    office.later(60)
    office.fails = None
    await ready(source)
    assert source.refusal == ""


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
    assert "canary" not in repr(Token("canary", 60.0, refresh="canary", more={"user": "canary"}))
    assert "canary" not in repr(Kept(origin="o", value="canary", refresh="canary", more={"user": "canary"}))


class BrokenVault(MemoryVault):
    """Cannot keep anything while it is broken."""

    broken = True

    async def store(self, name: str, value: str) -> None:
        if self.broken:
            raise VendorUnavailable("the vault is closed")
        await super().store(name, value)


async def test_another_process_takes_the_token_it_finds() -> None:
    office, vault = Office(), MemoryVault()
    first, second = office.source(vault=vault), office.source(vault=vault)
    assert [await ready(first), await ready(second)] == ["token-1", "token-1"]
    assert office.asked == 1


async def test_a_restart_goes_on_with_the_newest_refresh_token() -> None:
    office, vault = Office(), MemoryVault()
    await ready(office.source(vault=vault))
    office.later(3600)
    assert await ready(office.source(vault=vault)) == "token-2"
    assert office.shown == ["", "refresh-1"]


async def test_of_two_processes_whose_token_was_refused_one_asks() -> None:
    office, vault = Office(), MemoryVault()
    sources = [office.source(vault=vault) for _ in range(2)]
    for expiry in range(1, 101):
        assert [await ready(source) for source in sources] == [f"token-{expiry}"] * 2
        renewed = await asyncio.gather(*(ready(source, refused=f"token-{expiry}") for source in sources))
        assert renewed == [f"token-{expiry + 1}"] * 2
        assert office.asked == expiry + 1
    assert office.shown == ["", *(f"refresh-{number}" for number in range(1, 101))]


async def test_a_refusal_is_known_to_all_processes_and_after_a_restart() -> None:
    office, vault = Office(), MemoryVault()
    office.fails = VendorMisconfigured(code="upstream_reauthorise")
    for _ in range(3):
        with pytest.raises(VendorMisconfigured) as caught:
            await ready(office.source(vault=vault))
        assert caught.value.code == "upstream_reauthorise"
    assert office.asked == 1


async def test_new_credentials_are_tried_at_once_and_forget_what_the_old_ones_brought() -> None:
    office, vault = Office(), MemoryVault()
    await ready(office.source(vault=vault, origin="old"))
    assert await ready(office.source(vault=vault, origin="new")) == "token-2"
    assert office.shown == ["", ""]
    office.fails = VendorMisconfigured()
    office.later(3600)
    with pytest.raises(VendorMisconfigured):
        await ready(office.source(vault=vault, origin="new"))
    office.fails = None
    assert await ready(office.source(vault=vault, origin="newest")) == "token-4"


async def test_a_refused_renewal_leaves_the_token_in_use_until_its_end() -> None:
    office, vault = Office(), MemoryVault()
    source = office.source(vault=vault)
    await ready(source)
    office.later(3545)
    office.fails = VendorMisconfigured(code="upstream_reauthorise")
    assert await ready(source) == "token-1"
    await settled()
    assert (await ready(source), await ready(office.source(vault=vault)), office.asked) == ("token-1", "token-1", 2)


async def test_a_token_that_cannot_be_kept_is_not_used_and_not_fetched_again() -> None:
    office, vault = Office(), BrokenVault()
    source = office.source(vault=vault)
    for _ in range(3):
        with pytest.raises(VendorUnavailable):
            await ready(source)
    assert (source.token, office.asked) == ("", 1)
    vault.broken = False
    assert (await ready(source), office.asked) == ("token-1", 1)
    assert Kept.read(await vault.load("auth"), origin="").refresh == "refresh-1"


async def test_who_wants_to_see_a_sign_in_sees_one_with_the_refresh_token_of_the_day() -> None:
    office, vault = Office(), MemoryVault()
    await ready(office.source(vault=vault))
    assert await ready(office.source(vault=FreshSignIn(vault))) == "token-2"
    assert office.shown == ["", "refresh-1"]
    assert await ready(office.source(vault=vault)) == "token-2"
