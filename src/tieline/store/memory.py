"""What the house itself knows of a number before anybody is asked: who carries it, what was said of it, who called from it.

One statement per ring; and one for all rings that come while another is under way, as with the journal (docs/adr/0012).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from tieline.domain.repeat_caller import FIRST_CONTACT_WINDOW, PastCall
from tieline.domain.standing import Judged
from tieline.kit.rounds import Rounds
from tieline.store import identity
from tieline.store.call_history import CALLS_AT_MOST, PAST, past_call
from tieline.store.identity import HITS, HITS_AT_MOST, Found, IdentityKey, found_in, suffix_of
from tieline.store.number_marks import NumberMark
from tieline.store.pools import HotPool

TOGETHER_AT_MOST: Final = 64


class Recall(NamedTuple):
    """What is asked of one number. `country_prefix` (`+86`) allows comparing last digits within that country; empty forbids it.

    The calls are those of the last seven days before `now`, of the number or of the customer `ref` (`crm:003xx`), but for
    `leave_out`, the (provider, call key) of the call that is ringing.
    """

    e164: str
    now: datetime
    extension: str = ""
    country_prefix: str = ""
    ref: str | None = None
    leave_out: tuple[str, str] | None = None
    most_hits: int = HITS_AT_MOST


class Recalled(NamedTuple):
    """Who carries the number, best first, with its mark; its calls, newest first; what our rules make of whoever carries it."""

    found: Found = Found()
    past: tuple[PastCall, ...] = ()
    judged: tuple[Judged, ...] = ()


_ASKED: Final = {
    "place": "int",
    "e164": "text",
    "extension": "text",
    "last8": "text",
    "country_prefix": "text",
    "most_hits": "int",
    "ref": "text",
    "since": "timestamptz",
    "until": "timestamptz",
    "provider": "text",
    "call_key": "text",
    "most_calls": "int",
}
JUDGED: Final = """
    SELECT s.customer_ref, s.tier, s.tags, s.reasons FROM customer_standings AS s
    WHERE s.reasons <> '[]' AND s.customer_ref IN (
        SELECT k.connection || ':' || k.external_id FROM identity_keys AS k WHERE k.e164 = asked.e164
    )
"""
_STATEMENT: Final = f"""
SELECT json_build_array(
    (SELECT row_to_json(marks) FROM number_marks AS marks WHERE marks.e164 = asked.e164),
    (SELECT json_agg(hits) FROM ({HITS}) AS hits),
    (SELECT json_agg(past) FROM ({PAST}) AS past),
    (SELECT json_agg(judged) FROM ({JUDGED}) AS judged)
)::text
FROM json_to_recordset(%s::json) AS asked({", ".join(f"{name} {kind}" for name, kind in _ASKED.items())})
ORDER BY asked.place
""".encode()  # noqa: S608 - constants of the house


class Memory:
    """Answers from the index, the marks and the log of calls. Belongs to one event loop."""

    def __init__(self, pool: HotPool) -> None:
        self._pool = pool
        self._rounds = Rounds(self._recall_all, most=TOGETHER_AT_MOST)

    async def recall(self, recall: Recall) -> Recalled:
        """Return what is known. Raises: Overloaded: the database is away."""
        return await self._rounds.ask(recall)

    async def organisations(self, e164s: Sequence[str]) -> tuple[IdentityKey, ...]:
        """Return the organisations behind any of these numbers, the longest first. Raises: Overloaded."""
        return await identity.organisations(self._pool, e164s)

    async def _recall_all(self, recalls: Sequence[Recall]) -> Sequence[Recalled]:
        asked = orjson.dumps([_asked(place, recall) for place, recall in enumerate(recalls)]).decode()
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_STATEMENT, (asked,))).fetchall()
        return [_recalled(recall, *orjson.loads(row[0])) for recall, row in zip(recalls, rows, strict=True)]


def _asked(place: int, recall: Recall) -> dict[str, Any]:
    provider, call_key = recall.leave_out or (None, None)
    return {
        "place": place,
        "e164": recall.e164,
        "extension": recall.extension,
        "last8": suffix_of(recall.e164) if recall.country_prefix else "",
        "country_prefix": recall.country_prefix,
        "most_hits": recall.most_hits + 1,
        "ref": recall.ref,
        "since": recall.now - FIRST_CONTACT_WINDOW,
        "until": recall.now,
        "provider": provider,
        "call_key": call_key,
        "most_calls": CALLS_AT_MOST,
    }


def _recalled(
    recall: Recall,
    mark: dict[str, Any] | None,
    hits: list[dict[str, Any]] | None,
    past: list[dict[str, Any]] | None,
    judged: list[dict[str, Any]] | None,
) -> Recalled:
    found = found_in(hits or (), at_most=recall.most_hits, mark=_mark(mark) if mark is not None else None)
    verdicts = tuple(Judged(row["customer_ref"], row["tier"], tuple(row["tags"]), tuple(row["reasons"])) for row in judged or ())
    return Recalled(found, tuple(past_call(row) for row in past or ()), verdicts)


def _mark(row: dict[str, Any]) -> NumberMark:
    instants = {name: datetime.fromisoformat(row[name]) for name in ("marked_at", "remembered_until") if row[name]}
    return NumberMark(**{**row, **instants})
