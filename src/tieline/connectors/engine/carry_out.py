"""Carry out a compiled operation: write the request, ask, read the records, turn the page, name the result."""

import asyncio
from dataclasses import dataclass, field

from tieline.connectors.answers.items import overall
from tieline.connectors.answers.outcome import raise_outcome
from tieline.connectors.contract import ItemResult, Outcome, Record, Result
from tieline.connectors.engine.exchange import Call, Exchanger, Reply
from tieline.connectors.engine.paging import Page
from tieline.connectors.wire.messages import Answer, Outgoing
from tieline.domain.errors import ConnectorError, OutcomeUnknown


@dataclass(slots=True)
class Harvest:
    """What the pages have brought so far."""

    records: list[Record] = field(default_factory=list)
    last: tuple[Record, ...] = ()
    pages: int = 0
    attempts: int = 0
    truncated: bool = False
    outcome: Outcome = "ok"
    external_id: str | None = None
    external_url: str | None = None
    items: tuple[ItemResult, ...] = ()
    answer: Answer | None = None


async def carry_out(exchanger: Exchanger, call: Call) -> Result:
    """Run the call. Raises: ConnectorError: any outcome but ok, partial and not_found. InputMissing: it cannot be written."""
    started_s = asyncio.get_running_loop().time()
    return sum_up(await gather(exchanger, call), call, started_s)


async def gather(exchanger: Exchanger, call: Call) -> Harvest:
    """Read every page of one operation. Raises: as `carry_out`."""
    harvest = Harvest()
    pager = call.operation.pager
    page: Page | None = pager.first(call.roots) if pager else Page()
    while page is not None:
        page = await _turn(exchanger, call, page, harvest)
    return harvest


def sum_up(harvest: Harvest, call: Call, started_s: float) -> Result:
    """Return what was gathered as the caller gets it. `started_s`: on the loop's clock."""
    result = Result(
        outcome=harvest.outcome,
        records=tuple(harvest.records),
        took_ms=round((asyncio.get_running_loop().time() - started_s) * 1000),
        truncated=harvest.truncated,
        external_id=harvest.external_id,
        external_url=harvest.external_url,
        pages=harvest.pages,
        attempts=harvest.attempts,
        items=harvest.items,
    )
    if call.trace:
        call.trace.result(result)
    return result


async def _turn(exchanger: Exchanger, call: Call, page: Page, harvest: Harvest) -> Page | None:
    """Read one page and return the next one. A live call keeps what it has when a later page fails; bulk work starts again."""
    outgoing = call.operation.request.render(call.roots, page.params, page.headers)
    if page.url is not None:
        outgoing.url = page.url
    try:
        reply = await exchanger.ask(call, outgoing)
    except ConnectorError:
        if not harvest.pages or call.priority == "bulk":
            raise
        harvest.outcome, harvest.truncated = "partial", True
        return None
    harvest.pages += 1
    harvest.attempts += reply.attempts
    harvest.outcome, harvest.answer = reply.verdict.outcome, reply.answer
    return _take(call, page, harvest, reply, outgoing) if harvest.outcome != "not_found" else None


def _take(call: Call, page: Page, harvest: Harvest, reply: Reply, outgoing: Outgoing) -> Page | None:
    operation = call.operation
    _name_result(call, harvest, reply)
    records = () if operation.writes else operation.records(reply.answer)
    if call.trace:
        call.trace.records(records)
    if harvest.pages > 1 and records and records == harvest.last:
        harvest.truncated = True  # The vendor does not know the paging parameter and sends the first page again.
        return None
    harvest.records.extend(records)
    harvest.last = records
    if operation.pager is None:
        harvest.truncated = operation.cap is not None and len(records) >= operation.cap
        return None
    roots = {**call.roots, **reply.answer.roots()}
    following = operation.pager.following(page, roots, count=len(records), url=outgoing.url)
    harvest.truncated |= operation.pager.capped(page, len(records))
    if following and (harvest.pages >= operation.pager.at_most or operation.pager.repeats(page, following)):
        harvest.truncated = True
        return None
    return following


def _name_result(call: Call, harvest: Harvest, reply: Reply) -> None:
    """Take id and URL of what a write made. Raises: OutcomeUnknown: the vendor's yes cannot be read, or names nothing it made."""
    if reply.answer.unreadable and call.operation.writes:
        raise OutcomeUnknown("the answer to the write cannot be read")
    roots = {**call.roots, **reply.answer.roots()}
    operation = call.operation
    if operation.items:
        harvest.items = operation.items.judge(roots)
        harvest.outcome = overall(harvest.items)
        raise_outcome(harvest.outcome, "by the verdict on what was sent, inside the answer")
        harvest.external_id = next((item.external_id for item in harvest.items if item.external_id), None)
    if operation.result_id:
        harvest.external_id = operation.result_id(roots)
        if harvest.external_id is None and operation.writes:
            raise OutcomeUnknown("the answer reports success but names nothing that was made")
    if operation.result_url:
        harvest.external_url = operation.result_url(roots)
