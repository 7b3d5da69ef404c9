"""What reading works with: one per process."""

from dataclasses import dataclass, field

from tieline.kit.clock import Clock
from tieline.services.live_directory import LiveDirectory
from tieline.services.privacy.erased import Erased
from tieline.services.webhooks.news import Handlers
from tieline.store.database import Database


@dataclass(frozen=True, slots=True)
class WebhookDesk:
    """The database, who is connected, who acts on what, and whose news is not taken.

    `public_url`: how the world reaches us; empty: nobody said.
    """

    database: Database
    directory: LiveDirectory
    handlers: Handlers
    clock: Clock
    public_url: str = ""
    erased: Erased = field(default_factory=Erased)
