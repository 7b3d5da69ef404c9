"""What is read is acted on once, the newest word about each object wins, and trouble keeps nobody else from his turn."""

import itertools
import random
from datetime import timedelta

import pytest
from tests.webhooks.shop import Shop, order

from tieline.domain.errors import Overloaded, ParentMissing, RequestRefused
from tieline.domain.event import Event
from tieline.services.webhooks import reading
from tieline.services.webhooks.completing import Completed
from tieline.services.webhooks.news import News
from tieline.services.webhooks.taking import take
from tieline.store import inbox_work
from tieline.store.database import Transaction

STATES = ("new", "paid", "sent", "done", "new", "paid")


async def test_an_event_is_acted_on_in_our_words(shop: Shop) -> None:
    await shop.tell(order(state="sent", version=3))
    assert await shop.read() == 1
    (news,) = shop.acted
    assert (news.subject, news.status, news.canonical["number"], news.before, news.told_by) == (
        "shop:SO-1",
        "shipped",
        "SO-1",
        "",
        "webhook",
    )
    assert await shop.rows("SELECT state FROM inbox WHERE kind = 'event'") == [("done",)]


async def test_six_words_about_an_order_end_alike_in_all_720_orders(shop: Shop) -> None:
    shop.house.webhooks.handlers.by_kind["order.changed"] = [shop.note]
    words = [
        {"kind": "order.changed", "version": str(number), "fields": {"status": state}} for number, state in enumerate(STATES)
    ]
    async with shop.house.database.begin() as tx:
        for number, arranged in enumerate(itertools.permutations(words)):
            for word in arranged:
                event = Event.model_validate({**word, "external_id": f"SO-{number}"})
                await take(tx, shop.house.webhooks, "shop", Completed(event, event.fields))
    assert await shop.rows("SELECT status, version, count(*) FROM object_versions GROUP BY 1, 2") == [("paid", "5", 720)]
    seen: dict[str, str] = {}
    for news in shop.acted:
        version = news.event.version or ""
        assert version > seen.get(news.subject, ""), "an older word was acted on after a newer one"
        seen[news.subject] = version
    assert set(seen.values()) == {"5"}


async def test_two_equally_new_words_end_alike_whichever_comes_first(shop: Shop) -> None:
    ends = []
    for arranged in itertools.permutations([order("SO-1", "paid", 5), order("SO-1", "sent", 5)]):
        for word in arranged:
            await shop.tell(word)
        await shop.read()
        ends += await shop.rows("SELECT status FROM object_versions")
        await shop.change("TRUNCATE object_versions, inbox CASCADE")
    assert ends[0] == ends[1]


async def test_a_thousand_shuffled_repeated_deliveries_leave_one_effect_each(shop: Shop) -> None:
    drawn = random.Random(20261126)  # noqa: S311 - the same shuffle every time
    told = [(order(f"SO-{number}", "paid", 1), f"d-{number}") for number in range(250) for _ in range(4)]
    drawn.shuffle(told)
    for word, delivery in told:
        assert (await shop.tell(word, x_delivery=delivery)).status_code == 202
    await shop.read()
    assert len(shop.acted) == len({news.subject for news in shop.acted}) == 250
    assert await shop.rows("SELECT count(*) FROM inbox WHERE kind = 'event'") == [(250,)]


async def test_one_bad_event_of_a_hundred_is_laid_aside_and_the_others_are_acted_on(shop: Shop) -> None:
    entries = [order(f"SO-{number}") for number in range(99)]
    await shop.tell(*entries[:50], {"kind": "dance"}, *entries[50:])
    await shop.read()
    assert len(shop.acted) == 99
    assert await shop.rows("SELECT state, note FROM inbox WHERE kind = 'event'") == [
        ("unusable", "entry 51: no row of the manifest speaks of this event")
    ]
    assert await shop.rows("SELECT subject_key FROM review_items") == [("shop: no row of the manifest speaks of this event",)]


async def test_what_is_of_no_interest_is_done_without_a_word(shop: Shop) -> None:
    await shop.tell({"kind": "ping"})
    await shop.read()
    assert (shop.acted, await shop.rows("SELECT state FROM inbox")) == ([], [("done",)])


async def test_what_comes_before_its_parent_waits_for_it_a_day(shop: Shop) -> None:
    shop.stumbles = [ParentMissing()]
    await shop.tell({"kind": "note", "id": "c-1", "text": "hello"})
    await shop.read()
    assert await shop.rows("SELECT state FROM inbox_work") == [("parked",)]
    await shop.let_pass(timedelta(seconds=5))
    await shop.read()
    assert [news.event.fields for news in shop.acted] == [{"text": "hello"}]


async def test_what_waited_a_day_for_its_parent_is_laid_aside_and_asked_about(shop: Shop) -> None:
    shop.stumbles = [ParentMissing() for _ in range(100)]
    await shop.tell({"kind": "note", "id": "c-1", "text": "hello"})
    for _ in range(60):
        await shop.read()
        await shop.let_pass(timedelta(seconds=1801))
    assert await shop.rows("SELECT state, note FROM inbox WHERE kind = 'event'") == [("quarantined", "parent_missing")]
    assert await shop.rows("SELECT kind, subject_key FROM review_items") == [("unusable_webhook", "shop: parent_missing")]


async def test_poison_is_tried_five_times_and_its_neighbours_go_on(shop: Shop) -> None:
    poison, sound = order("POISON"), [order(f"SO-{number}") for number in range(20)]
    plain_note = shop.note

    async def stumbling(tx: object, news: object) -> None:
        if "POISON" in str(getattr(news, "subject", "")):
            raise ZeroDivisionError
        await plain_note(tx, news)  # type: ignore[arg-type] # what the handler was given

    shop.house.webhooks.handlers.by_kind["order.changed"][-1] = stumbling
    await shop.tell(*sound[:10], poison, *sound[10:])
    await shop.read()
    assert len(shop.acted) == 20
    tries = [await shop.rows("SELECT faults, attempts FROM inbox_work")]
    for _ in range(4):
        await shop.let_pass(timedelta(hours=1))
        await shop.read()
        tries.append(await shop.rows("SELECT faults, attempts FROM inbox_work"))
    assert tries == [[(1, 1)], [(2, 2)], [(3, 3)], [(4, 4)], []]
    assert await shop.rows("SELECT note FROM inbox WHERE state = 'quarantined'") == [("internal_error",)]
    assert await shop.rows("SELECT count(*) FROM object_versions WHERE object_id = 'POISON'") == [(0,)]


async def test_what_three_workers_died_over_is_laid_aside_unread(shop: Shop) -> None:
    await shop.tell(order())
    for died in range(1, 4):
        async with shop.house.database.begin() as tx:
            (claimed,) = await inbox_work.claim(tx, most=5)
        assert (claimed.attempts, claimed.crashes) == (died, died - 1)
        await shop.let_pass(timedelta(seconds=31))
    await shop.read()
    assert (shop.acted, await shop.rows("SELECT state, note FROM inbox")) == ([], [("quarantined", "workers_died")])


async def test_what_a_worker_died_over_is_read_one_at_a_time_after_all_else(shop: Shop) -> None:
    for number in range(3):
        await shop.tell(order(f"SO-{number}"))
    async with shop.house.database.begin() as tx:
        assert len(await inbox_work.claim(tx, most=8)) == 3
    await shop.let_pass(timedelta(seconds=31))
    await shop.tell(order("SO-9"))
    taken = []
    for _ in range(4):
        async with shop.house.database.begin() as tx:
            taken.append([claimed.crashes for claimed in await inbox_work.claim(tx, most=8)])
    assert taken == [[0], [1], [1], [1]]


async def test_a_zombie_whose_claim_was_taken_over_changes_nothing(shop: Shop) -> None:
    await shop.tell(order())
    async with shop.house.database.begin() as tx:
        (zombie,) = await inbox_work.claim(tx, most=5)
    await shop.let_pass(timedelta(seconds=31))
    async with shop.house.database.begin() as tx:
        (living,) = await inbox_work.claim(tx, most=5)
        assert not await inbox_work.close(tx, zombie, "quarantined", note="late")
        assert not await inbox_work.put_back(tx, zombie, in_s=0)
        assert await inbox_work.close(tx, living, "done")
    assert await shop.rows("SELECT state, note FROM inbox") == [("done", None)]


@pytest.mark.parametrize("again", [False, True])
async def test_what_was_laid_aside_can_be_read_again(shop: Shop, *, again: bool) -> None:
    shop.stumbles = [RequestRefused()]
    await shop.tell(order())
    await shop.read()
    ((arrival,),) = await shop.rows("SELECT id FROM inbox WHERE state = 'quarantined'")
    if again:
        async with shop.house.database.begin() as tx:
            assert await inbox_work.again(tx, arrival)
    await shop.read()
    assert len(shop.acted) == int(again)


async def test_rules_are_told_of_a_changed_status_once(shop: Shop) -> None:
    for version, state in enumerate(("new", "paid", "paid", "sent"), start=1):
        await shop.tell(order(state=state, version=version, note=version))
        await shop.read()
    found = await shop.rows("SELECT kind, fields ->> 'before', fields ->> 'status' FROM events ORDER BY id")
    assert [row for row in found if row[0] == "order.status_changed"] == [
        ("order.status_changed", None, "placed"),
        ("order.status_changed", "placed", "paid"),
        ("order.status_changed", "paid", "shipped"),
    ]
    assert [row[0] for row in found].count("order.changed") == 4


async def test_a_person_has_nonsense_read_again_once_it_makes_sense(shop: Shop) -> None:
    shop.stumbles = [RequestRefused(), RequestRefused()]
    await shop.tell(order("SO-1"))
    await shop.tell(order("SO-2"))
    await shop.read()
    ((item,),) = await shop.rows("SELECT id FROM review_items WHERE kind = 'unusable_webhook'")
    answer = await shop.post(b"{}", path=f"/v1/reviews/{item}/read-again")
    assert (answer.status_code, answer.json()["state"]) == (200, "settled")
    await shop.read()
    assert sorted(news.subject for news in shop.acted) == ["shop:SO-1", "shop:SO-2"]


async def test_what_meets_a_busy_database_each_time_waits_longer_each_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    put_back = inbox_work.put_back

    async def busy(tx: Transaction, news: News) -> None:
        del tx, news
        raise Overloaded(code="database_busy")

    async def noted(tx: Transaction, arrival: inbox_work.ClaimedArrival, *, in_s: float, parked: bool) -> bool:
        waits.append(in_s)
        return await put_back(tx, arrival, in_s=in_s, parked=parked)

    shop.house.webhooks.handlers.by_kind["order.changed"].insert(0, busy)
    monkeypatch.setattr(inbox_work, "put_back", noted)
    await shop.tell(order(state="sent", version=3))
    for _ in range(9):
        await shop.read()
        await shop.let_pass(timedelta(minutes=2))
    assert waits == [1, 2, 4, 8, 16, 32, 64, 64, 64]


async def test_what_met_a_busy_database_is_read_a_moment_later_and_no_worker_is_blamed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two transactions that waited for one another the database lets one go; its claim is not kept until it lapses."""
    busy = [Overloaded(code="database_busy")]

    async def let_go_once(tx: Transaction, news: News) -> None:
        del tx, news
        if busy:
            raise busy.pop()

    shop.house.webhooks.handlers.by_kind["order.changed"].insert(0, let_go_once)
    monkeypatch.setattr(reading, "BUSY_AGAIN_S", 0.0)
    await shop.tell(order(state="sent", version=3))
    await shop.read()
    assert [news.status for news in shop.acted] == ["shipped"]
    assert await shop.rows("SELECT state FROM inbox WHERE kind = 'event'") == [("done",)]
