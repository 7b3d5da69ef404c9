"""What the systems hold of one customer: orders, tickets, invoices, contracts; and one order by its number."""

from collections.abc import Iterator
from typing import Any

from tieline.domain.errors import NotFound
from tieline.domain.people import Person
from tieline.domain.phone_written import numbers_written_in
from tieline.domain.pop_blocks import BLOCK_KIND_OF_RECORD, BlockKind
from tieline.services.customers.asking import ask_all, items_in, states_of
from tieline.services.pop_desk import PopDesk
from tieline.services.sources import Question, Source

BY_NUMBER = "order.get"


async def of_customer(desk: PopDesk, person: Person, record: str) -> dict[str, Any]:
    """Return `items` of one kind from every system that holds them, and how each `sources` answered.

    A system is asked by its own id of the customer; where it wants a telephone instead, by theirs.
    """
    flights = await ask_all(desk, _questions(desk, person, BLOCK_KIND_OF_RECORD[record]))
    return {"items": items_in(flights), "sources": states_of(flights)}


async def order(desk: PopDesk, connection: str, number: str, *, anew: bool = False) -> dict[str, Any]:
    """Return one order by its number, with its source's state. `anew`: as it is at this moment, or not live.

    Raises: NotFound: no such system, or no such order there.
    """
    source = next((one for one in desk.directory.now.sources.get("order", ()) if one.name == connection), None)
    if source is None or "number" not in source.connection.takes(BY_NUMBER):
        raise NotFound
    kind = BLOCK_KIND_OF_RECORD["order"]
    (flight,) = await ask_all(desk, [_question(source, kind, BY_NUMBER, {"number": number}, f"number {number}")], anew=anew)
    found = next((item for item in items_in([flight]) if item.get("number") == number), None)
    if found is None and flight.best is not None:
        raise NotFound
    return {"item": found, "source": states_of([flight])[connection]}


def _questions(desk: PopDesk, person: Person, kind: BlockKind) -> Iterator[Question]:
    ids = dict(reversed([ref.partition(":")[::2] for ref in person.refs]))
    line = desk.directory.now.line_of(None)
    numbers = [number for one in person.customers for text in one.phones for number in numbers_written_in(text, line=line)]
    for source in desk.directory.now.sources.get(kind.record, ()):
        takes = source.connection.takes(kind.operation)
        if "customer_id" in takes:
            if source.name in ids:
                inputs = {"customer_id": ids[source.name], **({"phone": numbers[0]} if "phone" in takes and numbers else {})}
                yield _question(source, kind, kind.operation, inputs, f"id {ids[source.name]}")
        elif "phone" in takes and numbers:
            yield _question(source, kind, kind.operation, {"phone": numbers[0]}, f"phone {numbers[0].key}")


def _question(source: Source, kind: BlockKind, operation: str, inputs: dict[str, Any], about: str) -> Question:
    return Question(
        block=f"{kind.name}@{source.name}",
        source=source,
        mapping=source.mapping_for(None),
        operation=operation,
        inputs=inputs,
        about=about,
        fresh=kind.fresh,
        of_one=True,
    )
