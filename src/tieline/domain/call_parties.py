"""Who is on a call: the customer, the line that was called, and which of us an event is about."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tieline.domain.agent_directory import AgentDirectory
from tieline.domain.call import CallEvent, Direction
from tieline.domain.errors import RequestRefused
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_normalise import normalise

NAMES_NO_EXTENSION = frozenset({"queued", "transferred", "conferenced"})
"""Events whose `to` is a place the call goes to, not the telephone they are about."""

BRINGS_OTHERS = frozenset({"transferred", "conferenced"})
"""Events whose numbers may be those of somebody who joins; never taken for the customer's."""


@dataclass(frozen=True, slots=True)
class Staff:
    """One of us: an agent, or an extension nobody is known to sit at (then `agent` is None)."""

    agent: str | None
    extension: str | None

    @property
    def name(self) -> str:
        """Return what tells this one from the others."""
        return self.agent or f"ext {self.extension}"


@dataclass(frozen=True, slots=True)
class Parties:
    """The two ends of an interaction. `customer` is None for internal calls and for text that is no number at all."""

    direction: Direction
    customer: PhoneNumber | None
    customer_raw: str
    line: str | None
    internal: bool


def read_number(text: str, directory: AgentDirectory, *, called: str | None = None) -> PhoneNumber | None:
    """Return the number the exchange wrote, by the line that was called; None: it is no number."""
    try:
        return normalise(text, line=directory.line_of(called), internal=directory.internal)
    except RequestRefused:
        return None


def staff_of(event: CallEvent, directory: AgentDirectory) -> Staff | None:
    """Return which of us the event is about; None: it names nobody."""
    for named in (event.agent, event.extension):
        if named is not None:
            return _staff_at(named, directory)
    if event.queue is not None or event.type in NAMES_NO_EXTENSION:
        return None
    ours = event.from_ if event.direction == "outbound" else event.to
    return _staff_at(ours, directory) if is_extension(ours, directory) else None


def staff_called(target: str | None, directory: AgentDirectory) -> Staff | None:
    """Return whom of us a transfer's or conference's target means; None: a queue, or somebody outside."""
    if target is None:
        return None
    staff = _staff_at(target, directory)
    return staff if staff.agent is not None or is_extension(target, directory) else None


def is_outside(target: str | None, directory: AgentDirectory) -> bool:
    """Say whether a transfer's target is a telephone outside the house."""
    phone = read_number(target, directory) if target else None
    return phone is not None and phone.key is not None


def is_extension(text: str, directory: AgentDirectory) -> bool:
    """Say whether a number is a telephone of the house, and not one of its lines."""
    phone = read_number(text, directory)
    return phone is not None and phone.kind == "internal" and phone.e164 not in directory.internal.lines


def parties_of(events: Sequence[CallEvent], root: str, directory: AgentDirectory) -> Parties:
    """Return the ends of the call, from its first external leg; never from the extension that transferred it.

    `events` are in order. The original call's events speak before those of calls linked to it.
    """
    ours_first = [event for event in events if event.call_id == root] + [event for event in events if event.call_id != root]
    direction = ours_first[0].direction
    own_leg = [event for event in ours_first if event.call_id == root or event.direction == direction]
    seen = list(_customer_ends(own_leg, directory))
    outside = next(((event, phone) for event, phone in seen if phone is None or phone.kind != "internal"), None)
    line = _line_of(ours_first, directory)
    if outside is None:
        internal = bool(seen) or direction == "internal"
        withheld = None if internal else read_number("", directory)
        return Parties(direction, withheld, "", line, internal)
    event, phone = outside
    direction = event.direction if direction == "internal" else direction
    return Parties(direction, phone, their_end(event), line, internal=False)


def their_end(event: CallEvent) -> str:
    """Return the customer's side of an event as the exchange wrote it."""
    return event.to if event.direction == "outbound" else event.from_


def _customer_ends(events: Sequence[CallEvent], directory: AgentDirectory) -> Iterator[tuple[CallEvent, PhoneNumber | None]]:
    for event in events:
        written = their_end(event).strip()
        if written and event.type not in BRINGS_OTHERS:
            yield event, read_number(written, directory, called=_our_end(event))


def _line_of(events: Sequence[CallEvent], directory: AgentDirectory) -> str | None:
    written = [ours for event in events if (ours := _our_end(event).strip())]
    known = next((line.number for ours in written if (line := directory.line(ours)) is not None), None)
    outside = (ours for ours in written if not is_extension(ours, directory))
    return known or next(outside, None) or directory.line_of(None).number or None


def _our_end(event: CallEvent) -> str:
    return event.from_ if event.direction == "outbound" else event.to


def _staff_at(named: str, directory: AgentDirectory) -> Staff:
    """Exchanges name agents by our id or by the telephone; an id is tried first."""
    return Staff(named if directory.has_agent(named) else directory.by_extension(named), named)
