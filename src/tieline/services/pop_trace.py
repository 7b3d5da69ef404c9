"""Why it popped, or did not: every step of one look-up, kept with the pop. No names; numbers only by reference."""

from collections.abc import Iterable
from typing import Any

from tieline.domain.narrowing import Narrowed
from tieline.services.flights import Flight
from tieline.services.pop_inquiry import Inquiry
from tieline.services.seeing import told_of


def trace_of(inquiry: Inquiry, narrowed: Iterable[Narrowed]) -> dict[str, Any]:
    """Return the trace of a look-up as a document; `narrowed`: what its card says is taken away."""
    asked, verdict, caller = inquiry.asked, inquiry.verdict, inquiry.caller
    return {
        "asked_by": asked.actor,
        "agent": asked.agent.id if asked.agent is not None else None,
        "reason": asked.reason,
        "number": {
            "written": caller.raw,
            "e164": caller.e164,
            "kind": caller.kind,
            "country": caller.country,
            "extension": caller.extension,
            "withheld": caller.withheld,
            "valid": caller.valid,
            "assumed_country": caller.assumed_country,
        },
        "line": inquiry.line.number or None,
        "suppressed": "internal" if caller.kind == "internal" else "withheld" if caller.withheld else None,
        "index": {
            "rows": [str(row.ref) for row in inquiry.remembered.known],
            "similar": [person.ref for person in inquiry.remembered.similar],
            "companies": [person.ref for person in inquiry.remembered.companies],
            "mark": inquiry.remembered.mark.mark,
            "available": not inquiry.memory_failed,
        },
        "sources": [_source(flight) for flight in inquiry.flights],
        "candidates": [
            {"ref": one.person.ref, "score": one.score, "rule": one.rule, "because": list(one.because)} for one in verdict.ranked
        ],
        "decided": {
            "state": verdict.match.state,
            "rule": verdict.match.rule,
            "reason": verdict.match.reason,
            "confidence": verdict.match.confidence,
            "identity_level": verdict.match.identity_level,
            "ref": verdict.chosen.ref if verdict.chosen is not None else None,
        },
        "took_ms": inquiry.took_ms,
        **told_of(narrowed),
    }


def _source(flight: Flight) -> dict[str, Any]:
    best = flight.best
    return {
        "block": flight.question.block,
        "source": flight.question.source.name,
        "operation": flight.question.operation,
        "release": flight.question.source.release_of(flight.question.mapping),
        "state": flight.state,
        "pending": flight.pending,
        "error": flight.error,
        "took_ms": flight.answer.took_ms if flight.answer is not None else None,
        "records": len(best.models) if best is not None else 0,
        "unreadable": best.unreadable if best is not None else 0,
    }
