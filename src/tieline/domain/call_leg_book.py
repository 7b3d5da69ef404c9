"""Reads a call's events, in order, into its legs: which telephone each event is about, and what it says of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from tieline.domain.agent_directory import AgentDirectory
from tieline.domain.call import CallEvent, CallEventType, CallOutcome
from tieline.domain.call_leg import Leg
from tieline.domain.call_parties import Staff, is_outside, staff_called, staff_of


class LegBook:
    """What the events say, before anything is concluded from it.

    `endings` are the ends told for a whole call, `leg_endings` those of one telephone, `loose_ends` those of a telephone no
    event ever named; `machine_answers` are the answers by nobody of ours: a queue, an IVR, voicemail.
    """

    def __init__(self, events: Sequence[CallEvent], root: str, directory: AgentDirectory) -> None:
        self.legs: dict[str, Leg] = {}
        self.endings: list[CallEvent] = []
        self.leg_endings: list[CallEvent] = []
        self.loose_ends: list[CallEvent] = []
        self.machine_answers: list[CallEvent] = []
        self.hand_overs: list[CallEvent] = []
        self._root = root
        self._directory = directory
        self._staff_by_leg_id = dict(_named_legs(events, directory))
        self._key_by_leg_id: dict[str, str] = {}
        self._callers_legs = {root}
        for event in events:
            _READ[event.type](self, event)

    def _queued(self, event: CallEvent) -> None:
        """The caller waits; a wait in another queue before it is over."""
        if event.leg_id is not None:
            self._callers_legs.add(event.leg_id)
        waiting = [leg for leg in self.legs.values() if leg.kind == "queue" and leg.is_open and leg.call_id == event.call_id]
        if any(leg.queue == event.queue for leg in waiting):
            return
        for leg in waiting:
            self._put(replace(leg, ended_at=event.at))
        key = self._free_key(f"queue:{event.queue or ''}")
        self._put(Leg(key, event.call_id, "queue", queue=event.queue, rang_at=event.at))

    def _ringing(self, event: CallEvent) -> None:
        leg = self._leg_of(event)
        if leg is not None:
            self._put(replace(leg, rang_at=_earlier(leg.rang_at, event.at), queue=leg.queue or event.queue))
        elif event.queue is not None:
            self._queued(event)
        elif event.leg_id is not None:
            self._callers_legs.add(event.leg_id)

    def _answered(self, event: CallEvent) -> None:
        leg = self._leg_of(event)
        if leg is None:
            self.machine_answers.append(event)
        else:
            self._put(_talking(leg, event.at))

    def _held(self, event: CallEvent) -> None:
        for leg in self._talking_legs(event):
            self._put(replace(_talking(leg, event.at), held=event.type == "held"))

    def _conferenced(self, event: CallEvent) -> None:
        """Somebody joins: the target if one is named, else the agent the event is about."""
        if event.target is not None:
            self._join_target(event, event.target)
            return
        leg = self._leg_of(event)
        if leg is not None:
            colleagues = [other for other in self.legs.values() if other.is_person and other.talks and other.key != leg.key]
            kind = "conference" if colleagues or leg.answered_at is None else leg.kind
            self._put(replace(_talking(leg, event.at), kind=kind))

    def _join_target(self, event: CallEvent, target: str) -> None:
        staff = staff_called(target, self._directory)
        if staff is None:
            self._put(self._outside_leg(event))
            return
        leg = self._find(staff, event.call_id) or self._new(event.call_id, staff, None)
        self._put(replace(_talking(leg, event.at), kind="conference"))

    def _transferred(self, event: CallEvent) -> None:
        """The agent hands the call over and leaves it."""
        self.hand_overs.append(event)
        outside = is_outside(event.target, self._directory)
        for leg in self._talking_legs(event)[:1]:
            talked = _talking(leg, event.at)
            self._put(replace(talked, ended_at=_earlier(leg.ended_at, event.at), handed_over=True, to_outside=outside))
        if outside:
            self._put(self._outside_leg(event))

    @property
    def told_outcome(self) -> CallOutcome | None:
        """Return the exchange's last word on what the call came to; a word on the whole call before one on a leg."""
        told = [event.outcome for event in (*self.leg_endings, *self.loose_ends, *self.endings) if event.outcome is not None]
        return told[-1] if told else None

    def _ended(self, event: CallEvent) -> None:
        staff = self._staff(event)
        if staff is None and (event.leg_id is None or event.leg_id in self._callers_legs or event.leg_id == event.call_id):
            self.endings.append(event)
        elif staff is None:
            self.loose_ends.append(event)
        else:
            self.leg_endings.append(event)
            for leg in self._legs_ended_by(event, staff):
                self._put(_ended_leg(leg, event))

    def _legs_ended_by(self, event: CallEvent, staff: Staff) -> list[Leg]:
        """An end without a leg id ends all the telephones this agent was called on."""
        if event.leg_id is None:
            theirs = [leg for leg in self._legs_of(staff, event.call_id) if leg.is_open]
            if theirs:
                return theirs
        leg = self._leg_of(event)
        return [leg] if leg is not None else []

    def _staff(self, event: CallEvent) -> Staff | None:
        known = self._staff_by_leg_id.get(event.leg_id) if event.leg_id is not None else None
        return staff_of(event, self._directory) or known

    def _leg_of(self, event: CallEvent) -> Leg | None:
        """Return the leg the event is about, a new one if need be; None: it names none of us."""
        staff = self._staff(event)
        if staff is None:
            return None
        leg = self._find(staff, event.call_id, leg_id=event.leg_id)
        rings_anew = leg is not None and leg.ended_at is not None and event.type == "ringing" and event.at > leg.ended_at
        return leg if leg is not None and not rings_anew else self._new(event.call_id, staff, event.leg_id)

    def _find(self, staff: Staff, call_id: str, *, leg_id: str | None = None) -> Leg | None:
        if leg_id is not None and leg_id in self._key_by_leg_id:
            return self.legs[self._key_by_leg_id[leg_id]]
        theirs = self._legs_of(staff, call_id)
        if leg_id is not None:
            # A leg first told without its id is taken up once the id is known.
            theirs = [leg for leg in theirs if leg.is_open and leg.key not in self._key_by_leg_id.values()]
            if theirs:
                self._key_by_leg_id[leg_id] = theirs[-1].key
        return next((leg for leg in reversed(theirs) if leg.is_open), theirs[-1] if theirs else None)

    def _legs_of(self, staff: Staff, call_id: str) -> list[Leg]:
        return [leg for leg in self.legs.values() if leg.is_person and leg.call_id == call_id and _is_at(leg, staff)]

    def _new(self, call_id: str, staff: Staff, leg_id: str | None) -> Leg:
        place = "" if call_id == self._root else call_id
        key = self._free_key(leg_id or f"{place}@{staff.name}")
        if leg_id is not None:
            self._key_by_leg_id[leg_id] = key
        return Leg(key, call_id, "agent", agent=staff.agent, extension=staff.extension)

    def _outside_leg(self, event: CallEvent) -> Leg:
        """The number is left in the event: a leg is shown to whoever may see the call, a stranger's number is not."""
        return Leg(self._free_key("outside"), event.call_id, "external", rang_at=event.at, answered_at=event.at)

    def _talking_legs(self, event: CallEvent) -> list[Leg]:
        """Return the leg the event names, else everyone talking on that call, the first to answer first."""
        leg = self._leg_of(event)
        if leg is not None:
            return [leg]
        talking = [leg for leg in self.legs.values() if leg.is_person and leg.talks]
        return sorted(talking, key=lambda leg: (leg.call_id != event.call_id, leg.answered_at or event.at))

    def _free_key(self, wanted: str) -> str:
        numbered = (wanted if number == 1 else f"{wanted}#{number}" for number in range(1, len(self.legs) + 2))
        return next(key for key in numbered if key not in self.legs)

    def _put(self, leg: Leg) -> None:
        self.legs[leg.key] = leg


_READ: Mapping[CallEventType, Callable[[LegBook, CallEvent], None]] = {
    "queued": LegBook._queued,  # noqa: SLF001 - the table belongs to the class
    "ringing": LegBook._ringing,  # noqa: SLF001 - likewise
    "answered": LegBook._answered,  # noqa: SLF001 - likewise
    "held": LegBook._held,  # noqa: SLF001 - likewise
    "resumed": LegBook._held,  # noqa: SLF001 - likewise
    "conferenced": LegBook._conferenced,  # noqa: SLF001 - likewise
    "transferred": LegBook._transferred,  # noqa: SLF001 - likewise
    "ended": LegBook._ended,  # noqa: SLF001 - likewise
}


def _named_legs(events: Sequence[CallEvent], directory: AgentDirectory) -> Iterator[tuple[str, Staff]]:
    """Yield who each leg id belongs to; the first event that says so is yielded last and wins."""
    for event in reversed(events):
        staff = staff_of(event, directory) if event.leg_id is not None else None
        if event.leg_id is not None and staff is not None:
            yield event.leg_id, staff


def _is_at(leg: Leg, staff: Staff) -> bool:
    return leg.agent == staff.agent and (leg.agent is not None or leg.extension == staff.extension)


def _talking(leg: Leg, at: datetime) -> Leg:
    """Whoever holds, transfers or joins has answered, even if that event was lost."""
    return replace(leg, answered_at=_earlier(leg.answered_at, at))


def _ended_leg(leg: Leg, event: CallEvent) -> Leg:
    return replace(
        leg,
        ended_at=_earlier(leg.ended_at, event.at),
        outcome=leg.outcome or event.outcome,
        told_talk_s=leg.told_talk_s if leg.told_talk_s is not None else event.talk_s,
    )


def _earlier(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else min(one, other)
