"""Mapping rows proposed from a schema's property names: what has only one meaning is a row, what could have several a comment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from tieline.services.authoring.openapi_document import Description

_SPLIT_NAMES: Final = (("first_name", "last_name"), ("firstName", "lastName"), ("firstname", "lastname"))


class Guess(NamedTuple):
    """Property names that mean a field, and those that may."""

    surely: Sequence[str]
    perhaps: Sequence[str] = ()


GUESSES: Final[Mapping[str, Mapping[str, Guess]]] = {
    "customer": {
        "name": Guess(("name", "full_name", "fullname", "display_name"), ("title",)),
        "company": Guess(("company_name", "organization_name"), ("company", "organization", "account_name")),
        "phones": Guess(("phone", "phone_number", "mobile", "mobile_phone", "telephone"), ("phones", "phone_numbers")),
        "emails": Guess(("email", "email_address"), ("emails", "mail")),
        "tags": Guess(("tags",), ("labels", "categories")),
        "language": Guess(("language", "locale"), ("lang",)),
        "city": Guess(("city",)),
        "postal_code": Guess(("postal_code", "zip", "zip_code", "postcode")),
        "address": Guess(("street",), ("address", "address_line1")),
        "note": Guess((), ("note", "notes", "description")),
        "owner": Guess((), ("owner", "owner_id")),
        "registered_at": Guess(("created_at", "createdAt"), ("created", "add_time")),
        "updated_at": Guess(("updated_at", "updatedAt"), ("updated", "update_time", "modified")),
        "url": Guess(("html_url", "web_url"), ("url",)),
    },
    "ticket": {
        "number": Guess(("number", "ticket_number"), ("display_id",)),
        "subject": Guess(("subject",), ("title", "name")),
        "description": Guess(("description",), ("body", "content", "text")),
        "status": Guess(("status", "state")),
        "priority": Guess(("priority",)),
        "category": Guess((), ("type", "category")),
        "assignee": Guess((), ("assignee", "assignee_id", "owner_id", "responder_id")),
        "opened_at": Guess(("created_at", "createdAt"), ("created",)),
        "updated_at": Guess(("updated_at", "updatedAt"), ("updated",)),
        "due_at": Guess(("due_at", "due_by"), ("due_date",)),
        "url": Guess(("html_url", "web_url"), ("url",)),
    },
    "order": {
        "number": Guess(("order_number", "number"), ("name",)),
        "status": Guess((), ("status", "state", "financial_status")),
        "total": Guess((), ("total", "total_price", "total_amount", "amount")),
        "placed_at": Guess(("placed_at", "ordered_at"), ("created_at", "order_date", "date")),
        "updated_at": Guess(("updated_at",)),
    },
    "invoice": {
        "number": Guess(("number", "invoice_number")),
        "status": Guess((), ("status", "state")),
        "total": Guess((), ("total", "amount")),
        "issued_on": Guess(("issued_on", "issue_date"), ("date",)),
        "due_on": Guess(("due_on", "due_date")),
    },
    "comment": {"text": Guess(("body",), ("text", "content", "message")), "public": Guess(("public",), ("private", "internal"))},
}
# What vendors commonly call our words; a word that is not here is left to a person.
WORDS: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "status": {
        "new": ("new",),
        "open": ("open", "opened", "active"),
        "in_progress": ("in_progress", "in progress", "processing"),
        "pending_customer": ("pending", "waiting", "waiting_on_customer", "snoozed"),
        "resolved": ("resolved", "solved"),
        "closed": ("closed", "done"),
    },
    "priority": {"low": ("low",), "normal": ("normal", "medium"), "high": ("high",), "urgent": ("urgent", "critical")},
}
_LISTS: Final = frozenset({"phones", "emails", "tags"})


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one kind: those that hold, those somebody must look at with the reason, and the properties left over."""

    sure: Mapping[str, Mapping[str, Any]]
    unsure: Sequence[tuple[str, Mapping[str, Any], str]]
    left_over: Sequence[str]


def propose_rows(
    description: Description, kind: str, read: Mapping[str, Mapping[str, Any]], sent: Mapping[str, Mapping[str, Any]]
) -> Rows:
    """Propose rows for the properties `read` from the vendor and `sent` to it."""
    sure: dict[str, Mapping[str, Any]] = {}
    unsure: list[tuple[str, Mapping[str, Any], str]] = []
    properties = {**sent, **read}
    if "id" in read:
        sure["id"] = {"from": "id", "required": True}
    for field, guess in GUESSES.get(kind, {}).items():
        for row, doubt in _row(description, field, guess, properties):
            row = _directed(row, field, read=read, sent=sent)  # noqa: PLW2901 - the same row with its direction
            if doubt:
                unsure.append((field, row, doubt))
            else:
                sure[field] = row
    if kind == "customer" and "name" not in sure:
        sure |= _joined_names(read)
    used = {str(path) for row in (*sure.values(), *(row for _, row, _ in unsure)) for path in _paths(row)}
    return Rows(sure, unsure, [name for name in properties if name not in used])


def _row(
    description: Description, field: str, guess: Guess, properties: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[dict[str, Any], str]]:
    surely = [name for name in guess.surely if name in properties]
    if surely and field in _LISTS and len(surely) > 1:
        yield {"from": surely}, ""
        return
    found = surely[:1] or [name for name in guess.perhaps if name in properties][:1]
    if not found:
        return
    schema = properties[found[0]]
    row: dict[str, Any] = {"field": found[0]}
    doubt = _doubt_about(description, field, schema) or ("" if surely else f"does `{found[0]}` mean this?")
    if field in WORDS:
        row, doubt = _worded(row, field, schema)
    elif schema.get("format") in {"date-time", "date"}:
        row["as"] = "iso" if schema["format"] == "date-time" else "date"
    yield row, doubt


def _doubt_about(description: Description, field: str, schema: Mapping[str, Any]) -> str:
    """A list of objects, or an object, is no text."""
    inner = description.items(schema) if schema.get("type") == "array" else schema
    if description.properties(inner):
        return f"it holds objects with {', '.join(list(description.properties(inner))[:6])}; which of them is it?"
    if schema.get("type") == "array" and field not in _LISTS:
        return "it holds several"
    if field.endswith(("_at", "_on")) and schema.get("format") not in {"date-time", "date"}:
        return "in which form does it hold a time? see `time(…)`, `iso` and `epoch(…)`"
    return ""


def _worded(row: dict[str, Any], field: str, schema: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Translate the words of an enumeration; those nobody knows keep the row from being sure."""
    said = [str(word) for word in schema.get("enum") or ()]
    if not said:
        return row, "the description does not list the words; add values: {our word: their word}"
    ours = {theirs: our for our, all_theirs in WORDS[field].items() for theirs in all_theirs}
    values: dict[str, Any] = {}
    for word in said:
        if our := ours.get(word.lower()):
            values.setdefault(our, []).append(word)
    unknown = [word for word in said if word.lower() not in ours]
    row["values"] = {our: theirs[0] if len(theirs) == 1 else theirs for our, theirs in values.items()}
    return row, f"what do {', '.join(f'`{word}`' for word in unknown)} mean?" if unknown else ""


def _directed(row: dict[str, Any], field: str, *, read: Mapping[str, object], sent: Mapping[str, object]) -> dict[str, Any]:
    """Write `field` where the property is read and sent, `from` or `to` where it is one of the two."""
    name = row.get("field")
    if name is None or (name in read and name in sent):
        return row
    rest = {key: value for key, value in row.items() if key != "field"}
    if name in sent:
        return {"to": name, **rest}
    if field in WORDS and isinstance(rest.get("values"), Mapping):
        rest["values"] = {theirs: our for our, found in rest["values"].items() for theirs in _several(found)}
    return {"from": name, **rest}


def _several(found: object) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _joined_names(read: Mapping[str, object]) -> dict[str, Mapping[str, Any]]:
    for first, last in _SPLIT_NAMES:
        if first in read and last in read:
            return {"name": {"from": f"join(' ', [{first}, {last}][?@])"}}
    return {}


def _paths(row: Mapping[str, Any]) -> Iterator[str]:
    for key in ("field", "from", "to"):
        for path in _several(row.get(key)):
            if isinstance(path, str):
                yield from path.replace("join(' ', [", "").replace("][?@])", "").split(", ")
