"""Everything one process works with, built once by the root and handed to the doors."""

from dataclasses import dataclass
from typing import Any

from tieline.connectors.registry import Catalog
from tieline.domain.agent import Agent
from tieline.kit.clock import Clock
from tieline.push.channel import Channel
from tieline.security.secret_box import SecretBox
from tieline.services.call_desk import CallDesk
from tieline.services.delivery.desk import DeliveryDesk
from tieline.services.live_directory import LiveDirectory
from tieline.services.pop_answers import PopAnswers
from tieline.services.pop_delivery import PopDelivery
from tieline.services.pop_desk import PopDesk
from tieline.services.sign_in.desk import SignInDesk
from tieline.services.subscriptions.desk import SubscriptionDesk
from tieline.services.surveys.desk import SurveyDesk
from tieline.services.tickets.desk import TicketDesk
from tieline.services.webhooks.desk import WebhookDesk
from tieline.services.webhooks.intake import WebhookDoor
from tieline.store.database import Database
from tieline.store.journal import Journal


@dataclass(frozen=True, slots=True)
class House:
    """One per process; belongs to one event loop."""

    database: Database
    journal: Journal
    directory: LiveDirectory
    channel: Channel[Any]
    clock: Clock
    catalog: Catalog
    box: SecretBox
    desk: PopDesk
    delivery: PopDelivery
    calls: CallDesk
    agent_pops: PopAnswers
    deliveries: DeliveryDesk
    webhook_door: WebhookDoor
    webhooks: WebhookDesk
    tickets: TicketDesk
    surveys: SurveyDesk
    subscriptions: SubscriptionDesk
    sign_in: SignInDesk

    def agent(self, agent_id: str) -> Agent | None:
        """Return an agent by id."""
        return self.directory.now.agents.get(agent_id)
