import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from tieline.store import reviews
from tieline.store.database import Database
from tieline.store.reviews import Question, ReviewItem

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
asks = partial(Question, kind="unknown_caller", subject_key="+8613900000000", at=NOW, expires_at=NOW + timedelta(30))


async def ask(database: Database, question: Question) -> tuple[UUID, bool]:
    async with database.begin() as tx:
        return await reviews.open_or_merge(tx, question)


async def stored(database: Database, item_id: UUID) -> ReviewItem:
    async with database.read() as conn:
        item = await reviews.find(conn, item_id)
    assert item is not None
    return item


async def test_a_first_question_opens_an_item(database: Database) -> None:
    item_id, is_new = await ask(database, asks(id=uuid.uuid4(), call_id="c-1", due_at=NOW + timedelta(1)))
    item = await stored(database, item_id)
    assert (is_new, item.state, item.count, item.call_ids, item.due_at) == (True, "open", 1, ("c-1",), NOW + timedelta(1))


async def test_forty_calls_at_once_are_one_item_counted_forty_times(database: Database) -> None:
    answers = await asyncio.gather(*(ask(database, asks(id=uuid.uuid4(), call_id=f"c-{number}")) for number in range(40)))
    assert (len({item_id for item_id, _ in answers}), sum(is_new for _, is_new in answers)) == (1, 1)
    item = await stored(database, answers[0][0])
    assert (item.count, sorted(item.call_ids)) == (40, sorted(f"c-{number}" for number in range(40)))


async def test_the_same_call_again_counts_once_and_suggestions_gather_in_order(database: Database) -> None:
    first, second = {"ref": "crm:2", "why": "order number"}, {"ref": "crm:1", "why": "e-mail"}
    item_id, _ = await ask(database, asks(id=uuid.uuid4(), call_id="c-1", suggestions=(first,)))
    await ask(database, asks(id=uuid.uuid4(), call_id="c-1", suggestions=(second, first), at=NOW + timedelta(1)))
    item = await stored(database, item_id)
    assert (item.count, item.suggestions, item.first_at, item.last_at) == (1, (first, second), NOW, NOW + timedelta(1))


async def test_a_call_without_an_id_counts_every_time(database: Database) -> None:
    item_id, _ = await ask(database, asks(id=uuid.uuid4()))
    await ask(database, asks(id=uuid.uuid4()))
    assert (await stored(database, item_id)).count == 2


async def test_once_decided_the_next_call_opens_another(database: Database) -> None:
    item_id, _ = await ask(database, asks(id=uuid.uuid4()))
    async with database.begin() as tx:
        decided = await reviews.decide(tx, item_id, state="linked", by="2001", now=NOW, decision={"ref": "crm:7"})
        too_late = await reviews.decide(tx, item_id, state="rejected", by="2002", now=NOW, decision={})
    assert decided is not None
    assert (decided.state, decided.decided_by, decided.decision, too_late) == ("linked", "2001", {"ref": "crm:7"}, None)
    assert (await ask(database, asks(id=uuid.uuid4())))[1]


async def test_two_reviewers_at_once_one_decides(database: Database) -> None:
    item_id, _ = await ask(database, asks(id=uuid.uuid4()))

    async def decide(by: str) -> ReviewItem | None:
        async with database.begin() as tx:
            return await reviews.decide(tx, item_id, state="linked", by=by, now=NOW, decision={})

    answers = await asyncio.gather(*(decide(str(number)) for number in range(4)))
    assert [answer is None for answer in answers].count(False) == 1


async def test_what_nobody_decides_expires_on_its_day(database: Database) -> None:
    old, _ = await ask(database, asks(id=uuid.uuid4()))
    young, _ = await ask(database, asks(id=uuid.uuid4(), subject_key="+861", expires_at=NOW + timedelta(31)))
    async with database.begin() as tx:
        expired = await reviews.expire(tx, now=NOW + timedelta(30))
    assert (expired, (await stored(database, old)).state, (await stored(database, young)).state) == (1, "expired", "open")


async def test_pages_follow_one_another_without_gap_or_repetition(database: Database) -> None:
    for number in range(7):
        await ask(database, asks(id=uuid.uuid4(), subject_key=f"+86{number // 2}{number % 2}", at=NOW + timedelta(number // 2)))
    await ask(database, asks(id=uuid.uuid4(), kind="merge"))
    seen: list[ReviewItem] = []
    async with database.read() as conn:
        while part := await reviews.page(
            conn, state="open", kind="unknown_caller", after=(seen[-1].last_at, seen[-1].id) if seen else None, limit=2
        ):
            seen += part
    assert ([item.last_at for item in seen], len({item.id for item in seen})) == (
        sorted((item.last_at for item in seen), reverse=True),
        7,
    )
