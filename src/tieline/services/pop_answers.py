"""What an agent does with a card: has it on the screen, says who is calling, opens it from the softphone."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from tieline.domain.errors import NotAllowed, NotFound, RequestRefused, StateConflict
from tieline.domain.match_context import REMEMBERED_FOR
from tieline.domain.match_shared import CHOICES_THAT_SHARE, CHOICES_WITHIN
from tieline.domain.pop_order import PopOrder
from tieline.domain.references import ExternalRef
from tieline.kit.deadline import Deadline
from tieline.security.permissions import Caller
from tieline.services import api_keys, pop_reviews
from tieline.services.agent_pops import KEY_LIFE, OpenedPop, Verdict
from tieline.services.api_keys import KeyWish
from tieline.services.pop_asked import ASKED_AGAIN
from tieline.services.pop_card import card_of
from tieline.services.pop_delivery import PopDelivery
from tieline.services.pop_desk import PopDesk
from tieline.services.pop_inquiry import Inquiry
from tieline.services.pop_subject import asked_of, facts_of_pop
from tieline.services.screen_pop import audit_of, shown_to
from tieline.store import audit_trail, call_records, calls, number_marks, pop_codes, pops
from tieline.store.database import Transaction
from tieline.store.journal import Append, AuditRow
from tieline.store.pops import KeptPop

PAGE_SCOPES: Final = ("pops.read", "pops.answer")
CHOSEN_LEVEL: Final = 1
"""A choice among several says who it probably is; the number still proves nothing."""


class PopAnswers:
    """The use cases behind the agent's side of a pop."""

    def __init__(self, desk: PopDesk, delivery: PopDelivery) -> None:
        self._desk = desk
        self._delivery = delivery

    async def acknowledge(self, pop_id: str, *, agent: str, by: Caller) -> None:
        """Note that a pop is on the agent's screen. Raises: NotFound."""
        async with self._desk.database.begin() as tx:
            if not await pops.acknowledge(tx, pop_id, agent=agent, by=by.actor, now=self._desk.now()):
                raise NotFound

    async def choose(self, pop_id: str, ref: str, *, remember: bool, by: Caller) -> None:
        """Say who is calling. The card follows on the live channel.

        Raises: NotFound. NotAllowed: another agent's card. StateConflict: it was taken back. RequestRefused: no candidate.
        """
        now = self._desk.now()
        async with self._desk.database.begin() as tx:
            pop = await self._live(tx, pop_id, by)
            offered = {one["ref"] for one in pop.trace.get("candidates", ())}
            if ref not in offered:
                raise RequestRefused("This is none of the candidates.", code="candidate_unknown")
            await self._take_for(tx, pop, ref, by=by, now=now)
            await self._note_choice(tx, pop, ref, remember=remember, by=by)
            await audit_trail.write(tx, _chosen(pop, ref, by, remember=remember, at=now))
        self._present(pop, reason="chosen")

    async def link(self, pop_id: str, ref: ExternalRef, *, by: Caller) -> None:
        """Say whose number an unknown caller's is, as a reviewer would of the question they leave. The card follows.

        Raises: NotFound. NotAllowed: another agent's card. StateConflict: it was taken back, or asks nothing. RequestRefused.
        """
        if ref.connection not in self._desk.directory.now.connections:
            raise RequestRefused("There is no such connection.", code="connection_unknown")
        now = self._desk.now()
        async with self._desk.database.begin() as tx:
            seen = await pops.find(tx, pop_id)
            number = pop_reviews.number_in(seen) if seen is not None else None
            if number is not None:  # All its calls first, the oldest first, as everybody takes them; undone if this is refused.
                await call_records.adopt(tx, number, str(ref), by=by.actor)
            pop = await self._live(tx, pop_id, by)
            await pop_reviews.link(tx, pop, ref, by=by, now=now)
            await self._take_for(tx, pop, str(ref), by=by, now=now)
        self._present(pop, reason="chosen")

    async def ask_again(self, pop_id: str, *, by: Caller) -> None:
        """Ask every system once more; the card follows. Raises: NotFound. NotAllowed. StateConflict: it was taken back."""
        async with self._desk.database.begin() as tx:
            pop = await self._live(tx, pop_id, by)
            await pops.promise_again(tx, pop_id, mode=pop.mode, reason=ASKED_AGAIN, now=self._desk.now())
        self._present(pop, reason=ASKED_AGAIN)

    async def leave_for_review(self, pop_id: str, verdict: Verdict, *, by: Caller) -> None:
        """Leave an unknown caller to a reviewer, with what the agent makes of the call. Nothing is decided here.

        Raises: NotFound. NotAllowed: another agent's card. StateConflict: the caller is known, or hides the number.
        """
        async with self._desk.database.begin() as tx:
            pop = await self._held(tx, pop_id, by)
            await pop_reviews.ask(tx, pop, verdict, by=by, now=self._desk.now())

    async def open(self, pop_id: str, code: str) -> OpenedPop:
        """Exchange a one-time code for the card as it stands. Raises: NotFound. Gone: used or expired."""
        now = self._desk.now()
        async with self._desk.database.begin() as tx:
            agent = await pop_codes.redeem(tx, code, pop_id=pop_id, agent=None, now=now)
            pop = await pops.find(tx, pop_id)
            if pop is None:
                raise NotFound
            facts = await facts_of_pop(tx, pop)
        inquiry = Inquiry(self._desk, asked_of(pop, facts, self._desk.directory.now, reason="opened", at=now))
        await inquiry.open()
        await inquiry.settle(Deadline.after(inquiry.deadline_s))
        card = card_of(inquiry, inquiry.narrowed)
        await self._desk.journal.append(Append(audit=audit_of(self._desk, inquiry, card.narrowed, action="pop.opened")))
        document: dict[str, Any] = {**shown_to(self._desk, inquiry, card), "seq": pop.seq}
        return OpenedPop(pop=document, agent=agent, key=await self._page_key(agent) if agent else None)

    async def _held(self, tx: Transaction, pop_id: str, by: Caller) -> KeptPop:
        """Return a card of theirs that no call takes back or hands over before this transaction ends.

        The call is locked before the card, as by whoever tells of it; a card handed over meanwhile is another call's.
        """
        held: UUID | None = None
        while True:
            pop = await pops.find(tx, pop_id)
            if pop is None:
                raise NotFound
            if pop.agent is not None and not by.speaks_for(pop.agent):
                raise NotAllowed
            call = pop.interaction_id
            if call is None or call == held:
                return pop
            await calls.lock(tx, [call])
            held = call

    async def _live(self, tx: Transaction, pop_id: str, by: Caller) -> KeptPop:
        """Return such a card, if it is still on a screen. Raises: StateConflict(pop_withdrawn)."""
        pop = await self._held(tx, pop_id, by)
        if pop.state == "withdrawn":
            raise StateConflict("The card was taken back.", code="pop_withdrawn")
        return pop

    def _present(self, pop: KeptPop, *, reason: str) -> None:
        """Have the card follow what was committed."""
        self._delivery.present(PopOrder("update", pop.id, pop.agent or "", pop.call_id or "", reason, pop.mode))

    async def _take_for(self, tx: Transaction, pop: KeptPop, ref: str, *, by: Caller, now: datetime) -> None:
        """Take the caller for a customer, on the card and in the call; the card is to follow."""
        await pops.choose(tx, pop.id, ref)
        if pop.interaction_id is not None:
            await calls.choose_customer(tx, pop.interaction_id, ref, chosen_by=by.actor, identity_level=CHOSEN_LEVEL)
        await pops.promise_again(tx, pop.id, mode=pop.mode, reason="chosen", now=now)

    async def _note_choice(self, tx: Transaction, pop: KeptPop, ref: str, *, remember: bool, by: Caller) -> None:
        """Remember what the choice says about the number: whom it means, or that it is a line of several people."""
        e164 = pop_reviews.number_in(pop)
        if e164 is None:
            return
        now = self._desk.now()
        await number_marks.note_choice(tx, e164, ref, interaction_id=pop.interaction_id, by=by.actor, now=now)
        if remember:
            await number_marks.remember(tx, e164, ref, until=now + REMEMBERED_FOR, by=by.actor, now=now)
        chosen = await number_marks.chosen_since(tx, e164, now - CHOICES_WITHIN)
        if len(chosen) >= CHOICES_THAT_SHARE:
            await number_marks.put_mark(tx, e164, "shared", by="tieline", now=now)

    async def _page_key(self, agent: str) -> str:
        """Return a key with which the softphone's page follows this agent's pops, and nothing else, for one call."""
        softphone = Caller(actor="softphone", role="page", scopes=frozenset(PAGE_SCOPES), agent=agent)
        wish = KeyWish(name="softphone page", scopes=PAGE_SCOPES, agent=agent, life=KEY_LIFE)
        text, _ = await api_keys.create(self._desk.database, wish, asker=softphone, now=self._desk.now())
        return text


def _chosen(pop: KeptPop, ref: str, by: Caller, *, remember: bool, at: datetime) -> AuditRow:
    return AuditRow(
        at=at,
        actor=by.actor,
        actor_role=by.role,
        action="pop.chosen",
        subject=ref,
        call_id=pop.call_id,
        pop_id=pop.id,
        details={"remember": remember},
    )
