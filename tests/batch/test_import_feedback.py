"""Importing what customers said before: kept once, understood, and not acted upon."""

from tests.batch.conftest import CONSOLE, Desk

from tieline.services.batch.feedback_importing import import_feedback
from tieline.services.batch.importing import ImportWish, Tally

AT = "2026-10-01T10:00:00+08:00"
TEXT = f"""id,kind,score,text,at,customer,phone,tags
r1,csat,1,等了太久,{AT},C-1,13800138000,vip;老年用户
r2,nps,11,,{AT},,,
r3,csat,,好,{AT},,,
r4,complaint,3,坏了,{AT},,,
r5,complaint,,坏了,{AT},,,
r6,csat,5,,yesterday,,,
,csat,5,,{AT},,,
r8,applause,,,{AT},,,
r9,csat,5,,{AT},,not a number,
"""


async def brought(desk: Desk, text: str, *, dry_run: bool = False) -> Tally:
    path = desk.folder / "ratings.csv"
    path.write_text(text, encoding="utf-8")
    wish = ImportWish(path, desk.rejects, connection="crm", dry_run=dry_run)
    return await import_feedback(desk.house, wish, asker=CONSOLE, told=lambda _tally: None)


async def rows(desk: Desk, query: str) -> list[tuple[object, ...]]:
    async with desk.database.pool.connection() as connection:
        return await (await connection.execute(query.encode())).fetchall()


async def test_what_was_said_is_kept_once_and_opens_no_ticket(desk: Desk) -> None:
    first, again = await brought(desk, TEXT), await brought(desk, TEXT)
    assert (first.read, first.changed, first.rejected, again.changed) == (9, 2, 7, 0)
    query = "SELECT external_id, score, customer_ref, phone, tags, understood->>'sentiment', follow_up FROM feedback ORDER BY 1"
    assert await rows(desk, query) == [
        ("r1", 1, "crm:C-1", "+8613800138000", ["vip", "老年用户"], "negative", None),
        ("r5", None, None, None, [], "negative", None),
    ]
    assert await rows(desk, "SELECT (SELECT count(*) FROM tickets), (SELECT count(*) FROM deliveries)") == [(0, 0)]


async def test_why_a_row_was_left_out_is_told_without_what_it_said(desk: Desk) -> None:
    await brought(desk, TEXT, dry_run=True)
    assert desk.faults() == [
        ("3", "score", "score_range"),
        ("4", "score", "score_required"),
        ("5", "score", "score_unexpected"),
        ("7", "at", "not_an_instant"),
        ("8", "id", "missing"),
        ("9", "kind", "unknown_word"),
        ("10", "phone", "phone_invalid"),
    ]
    assert await rows(desk, "SELECT count(*) FROM feedback") == [(0,)]
