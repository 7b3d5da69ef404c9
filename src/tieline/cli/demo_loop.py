"""The loop of feedback as it goes by in the demo: a line for each thing that happens, with the place where it can be seen.

Asked, answered badly, a ticket with owner and due time, called back, asked again, closed: all through the doors real people and
systems use. Unless one is only to watch, the people of the demo act: customers answer after a while, the owner calls back and
closes the ticket once the customer has answered again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from tieline.cli.demo_customer import DemoCustomer, Invitation
from tieline.cli.demo_door import ask

TICK_S: Final = 2.0
PATIENCE: Final = 12
"""So many ticks a survey is left to whoever watches the demo."""
LOOKED_BACK: Final = 20
ON_OUR_PAGE: Final = "customer"
_STAGES: Final = {
    "contacted_at": "☎  the customer was spoken with again; a second survey follows",
    "escalated_at": "⚑  the ticket was late and went to somebody higher",
}


@dataclass(slots=True)
class LetDown:
    """Somebody who was let down, and what became of it. `told`: the stages that were printed."""

    phone: str
    feedback: str
    follow_up: Mapping[str, Any]
    told: set[str] = field(default_factory=set)
    called_back: bool = False


@dataclass(slots=True)
class DemoLoop:
    """One demo's loop. `acts`: customers and owners act by themselves."""

    server: str
    crm: str
    customer: DemoCustomer
    acts: bool
    waited: dict[str, int] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    open: list[LetDown] = field(default_factory=list)

    def tick(self) -> list[str]:
        """Look at what happened, act, and return a line for each thing that did. Blocks."""
        return [*self._telephones(), *self._progress()]

    def to_call_back(self) -> tuple[str, str] | None:
        """Return a customer who waits for a call and the agent who owes it; once for each."""
        waits = next((one for one in self.open if not one.called_back), None) if self.acts else None
        if waits is None:
            return None
        waits.called_back = True
        return waits.phone, str(waits.follow_up["assignee"])

    def _telephones(self) -> Iterator[str]:
        for invitation in self.customer.invitations():
            if invitation.id not in self.answered:
                yield from self._telephone(invitation)

    def _telephone(self, invitation: Invitation) -> Iterator[str]:
        ticks = self.waited[invitation.id] = self.waited.get(invitation.id, 0) + 1
        if ticks == 1:
            later = f"   (or wait: the customer answers in {PATIENCE * TICK_S:.0f} s)" if self.acts else ""
            yield f"✉  {invitation.phone} is asked; answer it yourself: {invitation.link}{later}"
        score = self.customer.answer(invitation) if self.acts and ticks >= PATIENCE and not self._is_over(invitation) else None
        if score is not None or self._is_over(invitation):
            self.answered.add(invitation.id)
            yield f"★  {invitation.phone} answered{f': {score} of 5' if score else ''}   {self.server}/v1/feedback"
            yield from self._look(invitation.phone)

    def _is_over(self, invitation: Invitation) -> bool:
        return self.customer.is_answered(invitation)

    def _look(self, phone: str) -> Iterator[str]:
        """See whether an answer opened a loop, or was the one an open loop waited for."""
        said = next((one for one in self._feedback() if one["follow_up"] and one["id"] not in self.known), None)
        if said is not None:
            self.known.add(said["id"])
            self.open.append(LetDown(phone, said["id"], said["follow_up"]))
            yield from self._opened(self.open[-1])
        elif self.acts:
            for waits in self.open:
                if waits.phone == phone:
                    ask(f"{self._ticket(waits.follow_up)}/close", {"ending": "resolved"}, key=f"demo-{waits.feedback}")

    def _opened(self, waits: LetDown) -> Iterator[str]:
        ticket = waits.follow_up
        due = datetime.fromisoformat(ticket["due_at"]).astimezone().strftime("%Y-%m-%d %H:%M") if ticket["due_at"] else "never"
        yield f"⚑  a low score: ticket {ticket['number']}, owner {ticket['assignee']}, due {due}   {self._ticket(ticket)}"
        if not self.acts:
            yield (
                "   call back (and see the second survey): tieline ring --scenario outbound"
                f" --from {waits.phone} --agent {ticket['assignee']} --server {self.server}"
            )
            yield (
                f"   close it: curl -X POST -H 'Content-Type: application/json' -H 'Idempotency-Key: close-{ticket['number']}'"
                f' -d \'{{"ending": "resolved"}}\' {self._ticket(ticket)}/close'
            )

    def _progress(self) -> Iterator[str]:
        """Tell how the open loops go on."""
        said = {one["id"]: one for one in self._feedback()} if self.open else {}
        for waits in [one for one in self.open if one.feedback in said]:
            yield from self._stages(waits, said[waits.feedback])

    def _stages(self, waits: LetDown, said: Mapping[str, Any]) -> Iterator[str]:
        loop = said["follow_up"]
        reached = {stage: words for stage, words in _STAGES.items() if loop[stage]}
        if any(one["connection"] == "crm" and one["state"] == "told" for one in said["written"]):
            reached["crm"] = f"⇄  the CRM was told: score, words, causes, mood   {self._contact(waits.phone)}"
        yield from (words for stage, words in reached.items() if stage not in waits.told)
        waits.told.update(reached)
        if loop["closed_at"]:
            took = datetime.fromisoformat(loop["closed_at"]) - datetime.fromisoformat(loop["opened_at"])
            yield f"✔  ticket {loop['number']} is closed, the loop took {took.total_seconds():.0f} s   {self.server}/reports"
            self.open.remove(waits)

    def _feedback(self) -> list[Mapping[str, Any]]:
        """Return what customers said on our pages, the last first."""
        found = ask(f"{self.server}/v1/feedback?limit={LOOKED_BACK}").get("items", [])
        return [one for one in found if one["received_by"] == ON_OUR_PAGE]

    def _ticket(self, ticket: Mapping[str, Any]) -> str:
        return f"{self.server}/v1/tickets/{ticket['ticket_id']}"

    def _contact(self, phone: str) -> str:
        """Return the customer's page in the CRM, where one can be told."""
        known = ask(f"{self.server}/v1/customers?{urlencode({'phone': phone})}").get("items", [])
        refs = [str(one["ref"]) for one in known if str(one["ref"]).startswith("crm:")]
        return f"{self.crm}/app/contacts/{refs[0].removeprefix('crm:')}" if len(refs) == 1 else ""
