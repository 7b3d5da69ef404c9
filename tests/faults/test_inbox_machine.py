"""Hypothesis plays deliveries, repetitions, deaths and readings against a dictionary: one effect each, and the newest is left."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from structlog.testing import capture_logs
from tests.webhooks.shop import TOKEN, Shop, open_shop, order

from tieline.store import inbox_work

STATES = {"new": "placed", "paid": "paid", "sent": "shipped", "done": "delivered"}


class Inbox(RuleBasedStateMachine):
    """Two orders, versions in any order, workers that die."""

    runner: asyncio.Runner
    shop: Shop

    @initialize()
    def begin(self) -> None:
        self.told: dict[str, dict[str, Any]] = {}
        self.newest: dict[str, tuple[int, str]] = {}
        self.run(self.shop.change("TRUNCATE inbox, object_versions, events, review_items CASCADE"))
        self.shop.acted.clear()
        self.deaths = 0

    def run(self, work: Any) -> Any:  # noqa: ANN401 - any coroutine
        return self.runner.run(work)

    @rule(name=st.sampled_from(["SO-1", "SO-2"]), version=st.integers(1, 9), state=st.sampled_from(sorted(STATES)))
    def tell(self, name: str, version: int, state: str) -> None:
        delivery = f"{name}.{version}"
        entry = self.told.setdefault(delivery, order(name, state, version))
        assert self.run(self.shop.tell(entry, x_delivery=delivery)).status_code == 202
        known = (version, STATES[entry["order"]["state"]])
        self.newest[name] = max(self.newest.get(name, (0, "")), known)

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        delivery = data.draw(st.sampled_from(sorted(self.told)))
        assert self.run(self.shop.tell(self.told[delivery], x_delivery=delivery)).status_code == 202

    @rule()
    def read(self) -> None:
        self.run(self.shop.read())

    @precondition(lambda self: self.deaths < 2)
    @rule()
    def die(self) -> None:
        """A worker takes what is due and is never heard of again."""
        self.deaths += 1
        self.run(self._die())

    async def _die(self) -> None:
        async with self.shop.house.database.begin() as tx:
            await inbox_work.claim(tx, most=5)
        await self.shop.let_pass(timedelta(seconds=31))

    def teardown(self) -> None:
        if not hasattr(self, "told"):
            return
        self.read()
        kept = self.run(self.shop.rows("SELECT count(*) FROM inbox WHERE kind = 'event'"))
        assert kept == [(len(self.told),)]
        assert self.run(self.shop.rows("SELECT count(*) FROM inbox_work")) == [(0,)]
        left = dict(self.run(self.shop.rows("SELECT object_id, status FROM object_versions")))
        assert left == {name: status for name, (_, status) in self.newest.items()}
        for name in self.newest:
            acted = [news.event.version or "" for news in self.shop.acted if news.event.external_id == name]
            assert acted == sorted(set(acted)), "acted on twice, or on old news after newer"


def test_the_inbox_holds_against_its_model(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIELINE_TEST_SHOP_TOKEN", TOKEN)
    chosen = settings(max_examples=15, stateful_step_count=20, suppress_health_check=list(HealthCheck), derandomize=True)
    with asyncio.Runner() as runner, capture_logs():
        stack = AsyncExitStack()
        Inbox.runner = runner
        Inbox.shop = runner.run(stack.enter_async_context(open_shop(database_url, tmp_path)))
        try:
            run_state_machine_as_test(Inbox, settings=chosen)
        finally:
            runner.run(stack.aclose())
