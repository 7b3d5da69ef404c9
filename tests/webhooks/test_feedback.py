"""Feedback another system tells of, what becomes known of it later, and what other systems are told: with a real shop behind."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs
from tests.faults.shop_server import Ledger, ledger
from tests.webhooks.shop import TOKEN, Shop, open_shop

from tieline.domain.call import CallEvent
from tieline.domain.feedback import FeedbackKind
from tieline.security.permissions import Caller
from tieline.services import call_events
from tieline.services.delivery.carrying import carry
from tieline.services.feedback import late
from tieline.services.feedback.intake import Said, take_in
from tieline.services.tickets.desk import TicketDesk
from tieline.services.webhooks.pulling import pull
from tieline.store.feedback import KnownFeedback
from tieline.worker.duties import classify_texts, link_feedback
from tieline.worker.edge import catch

BY = Caller(actor="test", role="service", scopes=frozenset())
STANDING = "SELECT kind, score, text, customer_ref, revision, follow_up FROM feedback"


@pytest.fixture
async def shop_and_ledger(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Shop, Ledger]]:
    monkeypatch.setenv("TIELINE_TEST_SHOP_TOKEN", TOKEN)
    with capture_logs():
        async with ledger() as state, open_shop(database_url, tmp_path, base_url=f"http://127.0.0.1:{state.port}") as opened:
            yield opened, state


def rating(stars: int | None = 1, *, version: int = 1, **fields: Any) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
    return {"kind": "said", "version": version, "said": {"id": "R-1", "stars": stars, "note": "太慢", "buyer": "B-7", **fields}}


async def report(shop: Shop, kind: FeedbackKind = "csat", **fields: Any) -> KnownFeedback:  # noqa: ANN401 - any field
    async with shop.house.database.begin() as tx:
        return await take_in(tx, shop.house.tickets, Said(kind=kind, channel="ivr", **fields), by=BY)


async def deliver(shop: Shop, order_key: str) -> None:
    await carry(shop.house.deliveries, "shop", [order_key], has_turn=True, catch=catch)


async def ring(shop: Shop, call_id: str) -> None:
    told = {"call_id": call_id, "from": "+8613800138000", "to": "+861065543800", "agent": "1001", "at": shop.house.clock()}
    for kind in ("ringing", "answered", "ended"):
        event = CallEvent.model_validate({**told, "type": kind})
        await call_events.record(shop.house.calls, event, provider="pbx", now=shop.house.clock())


async def test_a_rating_told_twice_is_kept_once_and_answered_once(shop: Shop) -> None:
    for _ in range(2):
        assert (await shop.tell(rating())).status_code == 202
    await shop.read()
    assert await shop.rows(STANDING) == [("csat", 1, "太慢", "shop:B-7", 1, "opened")]
    assert await shop.rows("SELECT source, priority, created_by, customer_ref FROM tickets") == [
        ("feedback", "high", "shop", "shop:B-7")
    ]


async def test_a_rating_that_gets_worse_is_answered_then(shop: Shop) -> None:
    await shop.tell(rating(5))
    await shop.read()
    assert await shop.rows("SELECT count(*) FROM tickets") == [(0,)]
    for stars, version in ((1, 2), (2, 3), (5, 1)):
        await shop.tell(rating(stars, version=version))
        await shop.read()
    assert await shop.rows(STANDING) == [("csat", 2, "太慢", "shop:B-7", 3, "opened")]
    assert await shop.rows("SELECT count(*) FROM tickets") == [(1,)]


@pytest.mark.parametrize("stars", [0, 6, None])
async def test_a_rating_off_the_scale_waits_for_a_person(shop: Shop, stars: int | None) -> None:
    await shop.tell(rating(stars))
    await shop.read()
    assert await shop.rows("SELECT count(*) FROM feedback") == [(0,)]
    assert [row[0] for row in await shop.rows("SELECT kind FROM review_items")] == ["unusable_webhook"]


async def test_feedback_told_before_its_call_is_linked_and_answered_when_the_call_is_known(shop: Shop) -> None:
    early = await report(shop, score=1, call_id="c-late")
    assert (early.feedback.interaction_id, early.feedback.follow_up) == (None, None)
    assert await link_feedback(shop.house, shop.house.clock()) == 0
    await ring(shop, "c-late")
    assert await link_feedback(shop.house, shop.house.clock()) == 1
    assert await shop.rows("SELECT interaction_id IS NOT NULL, follow_up FROM feedback") == [(True, "opened")]
    assert await shop.rows("SELECT phone, call_id FROM tickets") == [("+8613800138000", "c-late")]
    assert await link_feedback(shop.house, shop.house.clock()) == 0


async def test_one_that_cannot_be_linked_keeps_no_other_from_its_turn(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    early = [await report(shop, score=1, call_id=call) for call in ("c-a", "c-b")]
    for call in ("c-a", "c-b"):
        await ring(shop, call)
    link = late.link

    async def stumbling(desk: TicketDesk, feedback_id: UUID) -> bool:
        if feedback_id == early[0].feedback.id:
            raise RuntimeError
        return await link(desk, feedback_id)

    monkeypatch.setattr(late, "link", stumbling)
    assert await link_feedback(shop.house, shop.house.clock()) == 1
    linked = "SELECT call_id, interaction_id IS NOT NULL FROM feedback ORDER BY call_id"
    assert await shop.rows(linked) == [("c-a", False), ("c-b", True)]


async def test_a_low_score_of_a_customer_whose_system_is_gone_is_answered_all_the_same(shop: Shop) -> None:
    await ring(shop, "c-gone")
    await shop.change("UPDATE interactions SET customer_ref = 'oldcrm:1'")
    known = await report(shop, score=1, call_id="c-gone")
    assert (known.feedback.follow_up, known.customer_ref) == ("opened", "oldcrm:1")
    assert await shop.rows("SELECT source, phone FROM tickets") == [("feedback", "+8613800138000")]


async def test_it_is_told_once_to_the_system_that_keeps_feedback(shop_and_ledger: tuple[Shop, Ledger]) -> None:
    shop, kept = shop_and_ledger
    known = await report(shop, score=5, text="谢谢")
    key = f"{known.feedback.id}:shop:1"
    for _ in range(2):
        await deliver(shop, f"feedback:{known.feedback.id}")
    assert dict(kept.effects) == {key: 1}
    assert await shop.rows("SELECT written FROM feedback") == [
        ({"shop": {"state": "told", "external_id": "feedback-1", "revision": 1}},)
    ]


async def test_what_could_not_be_told_is_noted(shop: Shop) -> None:
    known = await report(shop, score=5, text="谢谢")
    await shop.change("UPDATE deliveries SET failures = 100, attempts = 100, first_tried_at = now() - interval '9 days'")
    await deliver(shop, f"feedback:{known.feedback.id}")
    ((written,),) = await shop.rows("SELECT written FROM feedback")
    assert (written["shop"]["state"], written["shop"]["revision"]) == ("failed", 1)


async def test_who_told_us_is_not_told_again(shop_and_ledger: tuple[Shop, Ledger]) -> None:
    shop, kept = shop_and_ledger
    await shop.tell(rating(5))
    await shop.read()
    assert await shop.rows("SELECT count(*) FROM deliveries WHERE operation = 'feedback.log'") == [(0,)]
    assert kept.asked["POST feedback"] == 0


async def test_ratings_nobody_told_us_are_asked_for_once_each_and_an_unusable_one_keeps_no_other(
    shop_and_ledger: tuple[Shop, Ledger],
) -> None:
    shop, system = shop_and_ledger
    now = shop.house.clock().astimezone(UTC)
    stars = {"R-1": 1, "R-2": 5, "R-3": None, "R-4": 9}
    system.ratings = [
        {"id": name, "stars": score, "buyer": "B-7", "said_at": (now - timedelta(minutes=10)).isoformat(timespec="seconds")}
        for name, score in stars.items()
    ]
    for _ in range(2):
        await pull(shop.house.webhooks, "shop", "feedback.list")
    kept = await shop.rows("SELECT external_id, score, revision, follow_up IS NOT NULL FROM feedback ORDER BY external_id")
    assert kept == [("R-1", 1, 1, True), ("R-2", 5, 1, False)]


async def test_a_models_word_replaces_the_rules_where_it_can_be_used_and_each_text_is_asked_about_once(
    shop_and_ledger: tuple[Shop, Ledger],
) -> None:
    shop, system = shop_and_ledger
    system.meant = {
        "排队太久": [{"id": "1", "mood": "negative", "about": ["unresolved", "no_such_cause"]}],
        "快递慢": [{"id": "2", "mood": "furious", "about": []}],
    }
    for text in ("排队太久", "快递慢", "态度好"):
        await report(shop, "suggestion", text=text)
    assert [await classify_texts(shop.house, shop.house.clock()) for _ in range(2)] == [1, 0]
    assert system.asked["POST model"] == 3
    found = await shop.rows(
        "SELECT text, understood->>'sentiment', understood->>'by', understood->'causes' FROM feedback ORDER BY 1"
    )
    assert {text: (mood, by, [cause["id"] for cause in causes]) for text, mood, by, causes in found} == {
        "快递慢": ("negative", "rules_alone:0", ["delivery"]),
        "态度好": ("positive", "rules_alone:0", ["attitude"]),
        "排队太久": ("negative", "shop", ["unresolved"]),
    }
