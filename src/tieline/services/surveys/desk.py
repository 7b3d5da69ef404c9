"""What surveys work with: one per process."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from tieline.domain.consent import Purpose
from tieline.domain.data_subject import number_mark, record_mark
from tieline.domain.references import ExternalRef
from tieline.domain.survey import Survey
from tieline.security.pseudonym import Pseudonyms
from tieline.services.privacy.marked import KIND as MARKED
from tieline.services.surveys.guesses import Guesses
from tieline.services.surveys.policy import SurveyPolicy, policy_of
from tieline.services.tickets.desk import TicketDesk
from tieline.store import children, consents, identity_of, restrictions
from tieline.store.database import Transaction

PURPOSE: Final[Purpose] = "survey"
"""What the consent is about."""
TOKEN_BYTES: Final = 18
"""144 bits; 24 characters in a message."""


class SetAside(NamedTuple):
    """Why somebody is not to be asked, whatever they agreed to."""

    restricted: bool
    child: bool


@dataclass(frozen=True, slots=True)
class SurveyDesk:
    """The ticket desk, our address as customers reach it (empty: nowhere), and the key tokens are made with.

    A token is drawn from a survey's id by a key outside the database. So the same page can be named again in a reminder while
    only the token's hash is kept, and whoever reads the database can open no page.
    """

    tickets: TicketDesk
    public_url: str
    key: bytes
    guesses: Guesses
    pseudonyms: Pseudonyms

    async def agreed(self, conn: Transaction, known_by: Sequence[str]) -> bool | None:
        """Say whether somebody known by these keys wants to be asked: their newest word; None: they never said."""
        return await consents.holds(conn, self.spoken_of_as(known_by), PURPOSE)

    async def set_aside(self, conn: Transaction, survey: Survey, *, today: date) -> SetAside:
        """Say whether somebody's data is only kept, or they are a child; where no record is known, by whoever has the number."""
        names = [survey.customer_ref] if survey.customer_ref else []
        if not names and survey.phone:
            names = [str(ref) for ref in await identity_of.parties(conn, [survey.phone])]
        records = [record_mark(ref.connection, ref.kind, ref.id) for ref in map(ExternalRef.parse, names)]
        written = [*records, *([number_mark(survey.phone)] if survey.phone else [])]
        tokens = [self.pseudonyms.of(MARKED, mark) for mark in written]
        return SetAside(restricted=await restrictions.holds(conn, tokens), child=await children.any_of(conn, tokens, today=today))

    def spoken_of_as(self, known_by: Sequence[str]) -> list[str]:
        """Return what the ledger of consents calls somebody."""
        return [self.pseudonyms.of(consents.KIND, key) for key in known_by]

    @property
    def policy(self) -> SurveyPolicy:
        """Return the rules that hold now."""
        return policy_of(self.tickets.directory.now)

    def token(self, survey_id: UUID) -> str:
        """Return the token of a survey's page."""
        drawn = hmac.new(self.key, survey_id.bytes, hashlib.sha256).digest()
        return urlsafe_b64encode(drawn[:TOKEN_BYTES]).decode()

    def address(self, survey_id: UUID) -> str:
        """Return the page's address."""
        return f"{self.public_url.rstrip('/')}/s/{self.token(survey_id)}"


def token_hash(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).digest()
