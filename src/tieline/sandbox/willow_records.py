"""How Willow Helpdesk writes tickets: XML elements, numbers for states, seconds since 1970, telephone numbers as `tel:` URIs."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from xml.etree import ElementTree as ET

from tieline.sandbox.numbers import key_of
from tieline.sandbox.population import Person, Ticket, TicketState

STATE_NUMBERS: Final[Mapping[TicketState, str]] = {
    "new": "1",
    "open": "2",
    "in_progress": "3",
    "waiting": "4",
    "solved": "5",
    "closed": "9",
}
STATE_BY_NUMBER: Final[Mapping[str, TicketState]] = {number: state for state, number in STATE_NUMBERS.items()}


def requester_id(key: int) -> str:
    """Return the helpdesk's id of person `key`."""
    return str(900_000 - key * 3)


def tel_uri(phone: str) -> str:
    """Return the number as RFC 3966 writes it, grouped by hyphens after the country code."""
    digits, _, extension = key_of(phone).partition("x")
    grouped = "-".join(digits[start : start + 4] for start in range(2, len(digits), 4))
    return f"tel:+{digits[:2]}-{grouped}" + (f";ext={extension}" if extension else "")


def tickets_xml(page: Iterable[tuple[Ticket, Person]], *, offset: int, total: int, base_url: str) -> bytes:
    """Return one page of tickets."""
    root = ET.Element("tickets", {"offset": str(offset), "total": str(total)})
    for ticket, person in page:
        root.append(_ticket(ticket, person, base_url))
    return _document(root)


def ticket_xml(ticket: Ticket, person: Person, *, base_url: str) -> bytes:
    """Return one ticket with its notes."""
    root = _ticket(ticket, person, base_url)
    root.append(_notes(ticket))
    return _document(root)


def notes_xml(ticket: Ticket) -> bytes:
    """Return what was written into a ticket."""
    return _document(_notes(ticket))


def note_xml(ticket: Ticket, place: int) -> bytes:
    """Return one note, counted from 1."""
    return _document(_note(ticket, place))


def _notes(ticket: Ticket) -> ET.Element:
    root = ET.Element("notes")
    root.extend(_note(ticket, place) for place in range(1, len(ticket.notes) + 1))
    return root


def _note(ticket: Ticket, place: int) -> ET.Element:
    note = ticket.notes[place - 1]
    element = ET.Element("note", {"id": f"{ticket.number}-{place}", "author": note.author, "at": _seconds(note.at)})
    _text(element, "text", note.text)
    return element


def requesters_xml(people: Sequence[Person]) -> bytes:
    """Return who asked for help under a number."""
    root = ET.Element("requesters", {"total": str(len(people))})
    for person in people:
        root.append(_requester(person))
    return _document(root)


def session_xml(user: str) -> bytes:
    """Return who is signed in."""
    root = ET.Element("session")
    _text(root, "user", user)
    return _document(root)


def error_xml(code: str, message: str) -> bytes:
    """Return an error document."""
    root = ET.Element("error", {"code": code})
    _text(root, "message", message)
    return _document(root)


def _ticket(ticket: Ticket, person: Person, base_url: str) -> ET.Element:
    root = ET.Element("ticket", {"id": str(ticket.number), "version": str(ticket.version)})
    root.append(_requester(person))
    fields = {
        "subject": ticket.subject,
        "body": ticket.body,
        "state": STATE_NUMBERS[ticket.state],
        "prio": str(ticket.priority),
        "topic": ticket.topic,
        "agent": ticket.assignee or "",
        "opened": _seconds(ticket.opened_at),
        "changed": _seconds(ticket.changed_at),
        "url": f"{base_url}t/{ticket.number}",
    }
    for name, value in fields.items():
        _text(root, name, value)
    return root


def _requester(person: Person) -> ET.Element:
    root = ET.Element("requester", {"id": requester_id(person.key)})
    _text(root, "name", person.name)
    for phone in person.phones:
        _text(root, "phone", tel_uri(phone))
    if person.email:
        _text(root, "email", person.email)
    return root


def _text(parent: ET.Element, name: str, text: str) -> ET.Element:
    element = ET.SubElement(parent, name)
    element.text = text
    return element


def _seconds(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def _document(root: ET.Element) -> bytes:
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document
