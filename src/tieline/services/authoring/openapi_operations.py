"""Which of the described operations look like something we ask for: by path, method and parameter names, never by chance.

A proposal that rests on a name alone is `sure`; one that needs somebody's knowledge (what does `q` search?) says what is missing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tieline.services.authoring.openapi_document import Described, Description

_PEOPLE: Final = ("customer", "contact", "client", "person", "requester")
_MATTERS: Final = ("ticket", "case", "issue", "incident", "conversation")
NOUNS: Final[Mapping[str, frozenset[str]]] = {
    "customer": frozenset({*_PEOPLE, *(f"{noun}s" for noun in _PEOPLE), "people"}),
    "ticket": frozenset({*_MATTERS, *(f"{noun}s" for noun in _MATTERS)}),
    "order": frozenset({"order", "orders", "sales", "salesorder", "salesorders"}),
    "invoice": frozenset({"invoice", "invoices"}),
}
_PHONE: Final = ("phone", "phone_number", "mobile", "tel", "telephone", "msisdn")
_SEARCH: Final = ("query", "q", "search", "term", "filter", "keyword")
_OF_CUSTOMER: Final = ("customer_id", "customer", "contact_id", "contact", "requester_id", "client_id", "person_id", "user_id")
_SINCE: Final = ("updated_since", "updated_after", "modified_since", "updated_at_min", "since")
_COMMENTS: Final = frozenset(["comments", "notes", "replies", "reply", "messages", "articles"])
_PINGS: Final = frozenset(["me", "ping", "health", "status", "whoami"])
_ENVELOPES: Final = ("data", "result", "payload", "response")
_PLACEHOLDER: Final = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One of our operations, and the request that may carry it out. `missing`: what nobody told; empty: sure."""

    capability: str
    described: Described
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    pages: Mapping[str, Any] = field(default_factory=dict)
    records: str = "body"
    wrapped_in: str = ""
    result_id: str = ""
    idempotency: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""


def proposals(description: Description) -> list[Proposal]:
    """Return at most one proposal for each of our operations, the sure ones before the others, in the order of the file."""
    found: dict[str, Proposal] = {}
    for described in description.operations():
        for proposal in _of(description, described):
            known = found.get(proposal.capability)
            if known is None or (known.missing and not proposal.missing):
                found[proposal.capability] = proposal
    return sorted(found.values(), key=lambda proposal: (bool(proposal.missing), proposal.capability))


def _of(description: Description, described: Described) -> Iterator[Proposal]:
    segments = described.segments
    if not segments:
        return
    if described.method == "GET" and segments[-1].lower() in _PINGS and not any(each.required for each in described.parameters):
        yield Proposal("system.ping", described, described.path)
    for kind, nouns in NOUNS.items():
        for shape in (_collection, _one, _under_one):
            for capability, query, missing in shape(kind, nouns, described):
                yield _completed(description, described, kind, capability, (query, missing))


def _collection(kind: str, nouns: frozenset[str], described: Described) -> Iterator[tuple[str, dict[str, str], str]]:
    """`/contacts`, `/contacts/search`, `/search/contacts`."""
    plain = [segment.lower() for segment in described.segments if segment.lower() not in {"search", "list", "filter"}]
    if _PLACEHOLDER.search(described.path) or not plain or plain[-1].partition(".")[0] not in nouns:
        return
    if described.method == "POST" and not described.segments[-1].lower().startswith(("search", "filter")):
        if kind in {"ticket", "customer"}:
            yield f"{kind}.create", {}, ""
    elif described.method == "GET":
        yield from _searched(kind, described)
        since = described.parameter(*_SINCE)
        if since and kind in {"customer", "ticket", "order"}:
            yield f"{kind}.changed", {since: "$in.since"}, "in which form the vendor wants the instant"


def _searched(kind: str, described: Described) -> Iterator[tuple[str, dict[str, str], str]]:
    search = described.parameter(*_SEARCH)
    if kind == "customer":
        phone = described.parameter(*_PHONE)
        if phone:
            yield "customer.find", {phone: "$in.phone.e164"}, ""
        elif search:
            yield "customer.find", {search: "$in.phone.e164"}, f"whether `{search}` finds telephone numbers, and in which form"
        return
    owner = described.parameter(*_OF_CUSTOMER)
    if owner:
        yield f"{kind}.list", {owner: "$in.customer_id"}, ""
    elif search:
        yield f"{kind}.list", {search: "$in.customer_id"}, f"how `{search}` asks for what belongs to one customer"


def _one(kind: str, nouns: frozenset[str], described: Described) -> Iterator[tuple[str, dict[str, str], str]]:
    """`/contacts/{id}`."""
    segments = described.segments
    if len(segments) < 2 or not _PLACEHOLDER.fullmatch(segments[-1]) or segments[-2].lower() not in nouns:  # noqa: PLR2004
        return
    if described.method == "GET" and kind in {"customer", "ticket", "order"}:
        yield f"{kind}.get", {}, ""
    elif described.method in {"PUT", "PATCH"} and kind in {"customer", "ticket"}:
        yield f"{kind}.update", {}, ""


def _under_one(kind: str, nouns: frozenset[str], described: Described) -> Iterator[tuple[str, dict[str, str], str]]:
    """`/tickets/{id}/comments`, `/contacts/{id}/tickets`."""
    segments = [segment.lower() for segment in described.segments]
    if len(segments) < 3 or not _PLACEHOLDER.fullmatch(segments[-2]):  # noqa: PLR2004
        return
    if kind == "ticket" and segments[-3] in nouns and segments[-1] in _COMMENTS and described.method == "POST":
        yield "ticket.comment", {}, ""
    elif kind != "customer" and segments[-3] in NOUNS["customer"] and segments[-1] in nouns and described.method == "GET":
        yield f"{kind}.list", {}, ""


def _completed(
    description: Description, described: Described, kind: str, capability: str, asked: tuple[Mapping[str, str], str]
) -> Proposal:
    query, missing = asked
    writes = described.method != "GET"
    reference = "$in.customer_id" if capability.endswith(".list") else f"$in.{kind}_id"
    places = _PLACEHOLDER.findall(described.path)
    if len(places) > 1:
        missing = missing or "what stands in the other places of the path"
    required = [each.name for each in described.parameters if each.required and each.place == "query" and each.name not in query]
    if required:
        missing = missing or f"what the required {', '.join(f'`{name}`' for name in required)} should be"
    wrapped = _only_object(description, described.sent) if writes else ""
    return Proposal(
        capability,
        described,
        _PLACEHOLDER.sub(lambda _: reference, described.path),
        query=query,
        pages={} if writes else _pages(described, missing=missing),
        records="body" if writes else records_at(description, described.answered),
        wrapped_in=wrapped,
        result_id=_id_at(description, described.answered) if writes else "",
        idempotency=_idempotency(described) if writes else {},
        missing=missing,
    )


def _idempotency(described: Described) -> Mapping[str, str]:
    header = described.parameter("Idempotency-Key", "X-Idempotency-Key", "Idempotence-Key", place="header")
    if header:
        return {"header": header}
    return {"none": "todo: the description names no key for repetitions; find out how the vendor knows one"}


def records_at(description: Description, schema: Mapping[str, Any]) -> str:
    """Return the path to the records: the list, or the only object, of an answer, inside an envelope if there is one."""
    if schema.get("type") == "array":
        return "body"
    properties = description.properties(schema)
    envelope = next((name for name in _ENVELOPES if description.properties(properties.get(name, {}))), None)
    if envelope:
        return f"body.{envelope}{records_at(description, properties[envelope]).removeprefix('body')}"
    lists = [
        name
        for name, each in properties.items()
        if each.get("type") == "array" and description.properties(description.items(each))
    ]
    if len(lists) == 1:
        return f"body.{lists[0]}"
    only = _only_object(description, schema)
    return f"body.{only}" if only else "body"


def _only_object(description: Description, schema: Mapping[str, Any]) -> str:
    """Return the name of a schema's single property, if that is an object: `{"ticket": {…}}`."""
    properties = description.properties(schema)
    if len(properties) != 1:
        return ""
    name, inner = next(iter(properties.items()))
    return name if description.properties(inner) else ""


def _id_at(description: Description, schema: Mapping[str, Any]) -> str:
    """Return the path to the id of what was made, wherever the answer holds the record; empty: it is not described."""
    at = records_at(description, schema)
    for step in at.split(".")[1:]:
        schema = description.properties(schema).get(step, {})
    return f"{at}.id" if "id" in description.properties(schema) else ""


def _pages(described: Described, *, missing: str) -> Mapping[str, Any]:
    size = described.parameter("per_page", "page_size", "limit", "pagesize", "size")
    sized: dict[str, Any] = {"size": 50, "size_param": size} if size else {}
    page, offset = described.parameter("page", "page_number"), described.parameter("offset", "start", "skip")
    if missing:
        return {}
    if page:
        return {"kind": "page", "param": page, **sized}
    return {"kind": "offset", "param": offset, **sized} if offset and size else {}
