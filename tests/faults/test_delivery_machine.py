"""Hypothesis plays promises, claims, deaths and sleep against a model: order, leases and fences hold in every order of events."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from tests.delivery.vendor import World

from tieline.domain.delivery import Delivery
from tieline.domain.delivery_ladder import Ending
from tieline.store import delivery_claims
from tieline.store.database import Database

KEYS = ("a", "b")
LEASE_S = int(delivery_claims.LEASE_S)


@dataclass
class Promised:
    """What the model knows of one delivery."""

    id: UUID
    blocks: bool
    state: str = "pending"
    due_s: int = 0
    fence: int = 0


@dataclass
class Claim:
    """A claim somebody believes to hold."""

    key: str
    model: Promised
    delivery: Delivery
    fence: int = field(init=False)

    def __post_init__(self) -> None:
        self.fence = self.model.fence


class Outbox(RuleBasedStateMachine):
    """Deliveries of two orders, any number of workers, and a clock that is moved."""

    url: str
    runner: asyncio.Runner
    world: World

    @initialize()
    def begin(self) -> None:
        self.now_s = 0
        self.orders: dict[str, list[Promised]] = {key: [] for key in KEYS}
        self.claims: list[Claim] = []
        self.run(self.world.rows("WITH gone AS (DELETE FROM deliveries RETURNING 1) SELECT count(*) FROM gone"))

    def run(self, work: Any) -> Any:  # noqa: ANN401 - any coroutine
        return self.runner.run(work)

    def head(self, key: str) -> Promised | None:
        waiting = (one for one in self.orders[key] if one.state != "delivered" and (one.blocks or one.state != "dead"))
        return next(waiting, None)

    @rule(key=st.sampled_from(KEYS), blocks=st.booleans())
    def promise(self, key: str, *, blocks: bool) -> None:
        made = self.run(self.world.promise(1, order_key=key, blocks=blocks))
        self.orders[key].append(Promised(made, blocks, due_s=self.now_s))

    @rule(key=st.sampled_from(KEYS))
    def claim(self, key: str) -> None:
        found = self.run(self._claim(key))
        head = self.head(key)
        due = head is not None and head.state in {"pending", "claimed"} and head.due_s <= self.now_s
        assert (found is not None) == due
        if head is not None and due:
            assert found.id == head.id, "not the first of its order"
            head.state, head.fence, head.due_s = "claimed", head.fence + 1, self.now_s + LEASE_S
            assert found.fence == head.fence
            self.claims.append(Claim(key, head, found))

    async def _claim(self, key: str) -> Delivery | None:
        async with self.world.database.begin() as tx:
            return await delivery_claims.claim(tx, "helpdesk", key, worker="w")

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), end=st.sampled_from(["delivered", "pending", "dead"]))
    def settle(self, data: st.DataObject, end: Any) -> None:  # noqa: ANN401 - one of three words
        claim = data.draw(st.sampled_from(self.claims))
        held = claim.model.state == "claimed" and claim.model.fence == claim.fence
        ending = Ending(state=end, code="x", in_s=10)
        assert self.run(self._settle(claim.delivery, ending)) == held, "a zombie settled, or the holder could not"
        if held:
            claim.model.state, claim.model.due_s = end, self.now_s + 10

    async def _settle(self, delivery: Delivery, ending: Ending) -> bool:
        async with self.world.database.begin() as tx:
            return await delivery_claims.settle(tx, delivery, ending)

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def intend(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        model = claim.model
        holds = model.state == "claimed" and model.fence == claim.fence and model.due_s > self.now_s
        assert (self.run(self._intend(claim.delivery)) is not None) == holds, "something would have been sent without a claim"

    async def _intend(self, delivery: Delivery) -> int | None:
        async with self.world.database.begin() as tx:
            return await delivery_claims.intend(tx, delivery, "send", sent={}, worker="w")

    @rule(span=st.sampled_from([10, 40]))
    def let_pass(self, span: int) -> None:
        self.now_s += span
        self.run(self.world.let_pass(timedelta(seconds=span)))

    @invariant()
    def states_agree(self) -> None:
        if not hasattr(self, "orders"):
            return
        kept = dict(self.run(self.world.rows("SELECT id, state FROM deliveries")))
        assert kept == {one.id: one.state for order in self.orders.values() for one in order}


def test_the_outbox_holds_against_its_model(database_url: str) -> None:
    with asyncio.Runner() as runner:
        Outbox.runner = runner
        Outbox.world = runner.run(_world(database_url))
        chosen = settings(max_examples=25, stateful_step_count=30, suppress_health_check=list(HealthCheck), derandomize=True)
        try:
            run_state_machine_as_test(Outbox, settings=chosen)
        finally:
            runner.run(Outbox.world.database.aclose())


async def _world(url: str) -> World:
    return World(await Database.open(url, pool_size=4))
