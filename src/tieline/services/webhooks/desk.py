"""What reading works with: one per process."""

from dataclasses import dataclass

from tieline.kit.clock import Clock
from tieline.services.live_directory import LiveDirectory
from tieline.services.webhooks.news import Handlers
from tieline.store.database import Database


@dataclass(frozen=True, slots=True)
class WebhookDesk:
    """The database, who is connected, and who acts on what. `public_url`: how the world reaches us; empty: nobody said."""

    database: Database
    directory: LiveDirectory
    handlers: Handlers
    clock: Clock
    public_url: str = ""
