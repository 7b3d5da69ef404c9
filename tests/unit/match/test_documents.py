"""A card as a document: the same JSON as the model's own dump, whatever it holds."""

from datetime import UTC, datetime

import orjson

from tieline.domain.customer import Link
from tieline.domain.documents import document_of
from tieline.domain.screen_pop import (
    Action,
    Block,
    Candidate,
    Hint,
    HistoryEntry,
    Match,
    ScreenPop,
    ShownCall,
    ShownCustomer,
    ShownPhone,
)

AT = datetime(2026, 11, 22, 2, 0, 0, 123456, tzinfo=UTC)
FULL = ScreenPop(
    pop_id="p",
    phone=ShownPhone(e164="+8613800138000", kind="mobile"),
    match=Match(state="known", confidence=0.95, rule="direct"),
    status="complete",
    customer=ShownCustomer(
        ref="crm:1", tags=("VIP",), registered_at=AT, links=(Link(system="crm", url="https://crm.example/1"),)
    ),
    candidates=(Candidate(ref="crm:2", confidence=0.5, reason="shared", source="crm", last_contact_at=AT),),
    blocks={
        "orders": Block(state="live", source="erp", as_of=AT.replace(microsecond=0), items=({"ref": "erp:1", "total": None},))
    },
    history=(HistoryEntry(kind="call", at=AT, summary="inbound served"),),
    hints=(Hint(kind="script", text="t", because="b"),),
    actions=(Action(id="refund", enabled=False, because="b"),),
    call=ShownCall(started_at=AT),
)
BARE = ScreenPop(pop_id="p", phone=ShownPhone(withheld=True), match=Match(state="withheld"), status="none")


def test_the_document_of_a_card_is_what_the_model_dumps() -> None:
    for card in (FULL, BARE):
        written = orjson.dumps(document_of(card), option=orjson.OPT_UTC_Z)
        assert orjson.loads(written) == orjson.loads(card.model_dump_json())


def test_the_card_stays_as_it_is_when_its_document_is_changed() -> None:
    document = document_of(FULL)
    document["match"]["state"] = "none"
    document["customer"]["name"] = "somebody"
    document["blocks"]["orders"]["source"] = "elsewhere"
    assert FULL.match.state == "known"
    assert FULL.customer is not None
    assert FULL.customer.name is None
    assert FULL.blocks["orders"].source == "erp"
