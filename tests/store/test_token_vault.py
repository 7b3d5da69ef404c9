"""Tokens in Postgres: sealed, shared by all processes, one renewal at a time, and never lost between two of them."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from tests.waiting import ADVISORY_HERE

from tieline.connectors.auth.token import Habits, Token, TokenSource
from tieline.connectors.auth.vault import Kept
from tieline.connectors.recordings.replay import RecordedWire
from tieline.connectors.wire.messages import Wire
from tieline.domain.errors import VendorMisconfigured, VendorUnavailable
from tieline.kit.deadline import Deadline
from tieline.security.secret_box import SecretBox
from tieline.services import token_vault
from tieline.services.token_vault import StoredTokens
from tieline.store import configuration, secrets
from tieline.store.configuration import Configuration, ConnectionRow
from tieline.store.database import Database

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
WIRE: Wire = RecordedWire(())


class Vendor:
    """Rotates refresh tokens; one that comes twice revokes the whole family, as RFC 9700, 4.14.2 recommends."""

    def __init__(self) -> None:
        self.now = NOW
        self.asked = 0
        self.at_once = 0
        self.valid = ""
        self.revoked = 0

    async def __call__(self, wire: Wire, *, deadline: Deadline, kept: Kept) -> Token:  # noqa: ARG002 - it needs no wire
        self.at_once += 1
        try:
            assert self.at_once == 1
            await asyncio.sleep(0)
            if kept.refresh != self.valid:
                self.revoked += 1
                raise VendorMisconfigured(code="upstream_reauthorise")
            self.asked += 1
            self.valid = f"refresh-{self.asked}"
            return Token(f"access-{self.asked}", 3600, refresh=self.valid)
        finally:
            self.at_once -= 1


@pytest.fixture
async def box(tmp_path: Path) -> SecretBox:
    return SecretBox.open(tmp_path / "key")


@pytest.fixture
async def saved(database: Database) -> Database:
    async with database.begin() as tx:
        await configuration.save(tx, Configuration(connections={"crm": ConnectionRow("crm", "zoho_crm")}), now=NOW)
    return database


def vault(database: Database, box: SecretBox, connection: str = "crm") -> StoredTokens:
    return StoredTokens(database, box, lambda: NOW, connection=connection)


def source(vendor: Vendor, kept_in: StoredTokens) -> TokenSource:
    return TokenSource(vendor, Habits(0, timeout_s=5, vault=kept_in), clock=lambda: vendor.now)


async def test_two_replicas_and_two_hundred_expiries_lose_no_refresh_token(
    saved: Database, database_url: str, box: SecretBox
) -> None:
    other = await Database.open(database_url, pool_size=4)
    vendor = Vendor()
    replicas = [source(vendor, vault(database, box)) for database in (saved, other)]
    for expiry in range(1, 201):
        await asyncio.gather(*(replica.ready(WIRE, deadline=Deadline.after(10)) for replica in replicas))
        assert [replica.token for replica in replicas] == [f"access-{expiry}"] * 2
        vendor.now += timedelta(hours=1)
    assert (vendor.asked, vendor.revoked) == (200, 0)
    restarted = source(vendor, vault(other, box))
    await restarted.ready(WIRE, deadline=Deadline.after(10))
    assert (restarted.token, vendor.revoked) == ("access-201", 0)
    await other.aclose()


async def test_what_is_stored_is_sealed_and_stays_out_of_the_way_of_what_people_enter(saved: Database, box: SecretBox) -> None:
    tokens = vault(saved, box)
    await tokens.store("auth.0", "canary-1")
    await tokens.store("auth.0", "canary-2")
    async with saved.begin() as tx:
        await secrets.put(tx, "crm", "token", b"sealed", now=NOW)
        raw = await secrets.token(tx, "crm", "auth.0")
        assert await secrets.of_all(tx) == {"crm": {"token": b"sealed"}}
        assert await secrets.keep_only(tx, "crm", set()) == 1
    assert raw is not None
    assert b"canary" not in raw
    assert await tokens.load("auth.0") == "canary-2"
    assert await tokens.load("auth.1") is None


async def test_of_a_connection_that_is_gone_nothing_is_kept(saved: Database, box: SecretBox) -> None:
    gone = vault(saved, box, connection="gone")
    await gone.store("auth.0", "x")
    assert await gone.load("auth.0") is None


async def test_a_token_sealed_by_a_key_that_is_gone(saved: Database, box: SecretBox, tmp_path: Path) -> None:
    await vault(saved, box).store("auth.0", "x")
    with pytest.raises(VendorMisconfigured) as caught:
        await vault(saved, SecretBox.open(tmp_path / "other")).load("auth.0")
    assert caught.value.code == "secret_unreadable"


async def test_whoever_waits_too_long_for_the_lock_is_told_and_the_lock_comes_free(
    saved: Database, box: SecretBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_vault, "LOCK_WITHIN_S", 0.1)
    tokens = vault(saved, box)
    async with tokens.lock("auth.0"), tokens.lock("auth.1"):
        with pytest.raises(VendorUnavailable):
            async with tokens.lock("auth.0"):
                pytest.fail("two hold the same lock")
    async with tokens.lock("auth.0"):
        pass


async def test_a_failure_under_the_lock_frees_it_and_comes_out_as_it_is(saved: Database, box: SecretBox) -> None:
    tokens = vault(saved, box)
    for _ in range(2):
        with pytest.raises(VendorMisconfigured):
            async with tokens.lock("auth.0"):
                raise VendorMisconfigured


async def test_a_database_that_goes_away_under_the_lock_spoils_nothing(
    saved: Database, database_url: str, box: SecretBox
) -> None:
    async with vault(saved, box).lock("auth.0"):
        with psycopg.connect(database_url, autocommit=True) as boss:
            boss.execute(f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE {ADVISORY_HERE} AND granted")  # noqa: S608 - our own words
    async with vault(saved, box).lock("auth.0"):
        pass
