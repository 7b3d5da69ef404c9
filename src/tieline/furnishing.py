"""The desks one process works at, each built from the ground under them: database, directory, secrets, clock, settings."""

import functools
import os
import random
import secrets
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tieline.connectors.registry import Catalog
from tieline.connectors.wire.messages import Wire
from tieline.connectors.wire.transport import HttpWire
from tieline.domain.agent_event import AgentEvent
from tieline.domain.interaction import Interaction
from tieline.kit.clock import Clock, monotonic_s
from tieline.kit.freshness import FreshnessCache
from tieline.kit.ids import opaque_token, time_ordered_id
from tieline.push.channel import Channel
from tieline.security.egress import Egress
from tieline.security.masking_policy import Policy
from tieline.security.pseudonym import Pseudonyms
from tieline.security.second_person import guarded
from tieline.security.secret_box import SecretBox
from tieline.services.call_desk import CallDesk
from tieline.services.call_logging import promise_log
from tieline.services.delivery.desk import DeliveryDesk
from tieline.services.delivery.drain import Drain
from tieline.services.delivery.outlets import Outlet
from tieline.services.delivery.sinks import Sinks
from tieline.services.feedback import looping
from tieline.services.flights import AnswerCache
from tieline.services.index_keeper import IndexKeeper
from tieline.services.linkage.agents_said import AgentsSaid
from tieline.services.live_directory import LiveDirectory
from tieline.services.pop_delivery import PopDelivery
from tieline.services.pop_desk import PopDesk
from tieline.services.privacy.children import Children
from tieline.services.privacy.erased import Erased
from tieline.services.sign_in.desk import SignInDesk
from tieline.services.sign_in.opening import open_providers
from tieline.services.subscriptions.desk import MOST_BYTES, SubscriptionDesk
from tieline.services.surveys import occasions
from tieline.services.surveys.desk import SurveyDesk
from tieline.services.surveys.guesses import Guesses
from tieline.services.tickets.desk import TicketDesk
from tieline.services.webhooks.desk import WebhookDesk
from tieline.services.webhooks.intake import WebhookDoor
from tieline.services.webhooks.news import Handlers
from tieline.services.webhooks.spooling import SpooledInbox
from tieline.settings import Settings
from tieline.store.database import Database, Transaction
from tieline.store.journal import Journal
from tieline.store.memory import Memory
from tieline.store.spool import Spool
from tieline.store.webhook_inbox import WebhookInbox

SPOOL_AFTER_S = 0.4
"""A webhook that the database has not taken by then goes to the spool; its sender is answered within a second all the same."""
LINES_KEPT = 4
"""Idle connections kept to each subscriber."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What every desk stands on."""

    settings: Settings
    database: Database
    directory: LiveDirectory
    box: SecretBox
    egress: Egress
    clock: Clock


async def open_ground(
    stack: AsyncExitStack, settings: Settings, url: str, catalog: Catalog, *, box: SecretBox, clock: Clock
) -> Ground:
    """Open the database and what is set up in it; `stack` closes them. Raises: Overloaded: the database is away."""
    database = await Database.open(url, pool_size=settings.database_pool_size)
    stack.push_async_callback(database.aclose)
    egress = Egress.parse(settings.private_networks)
    directory = LiveDirectory(database, catalog=catalog, box=box, egress=egress, clock=clock, home_region=settings.home_region)
    stack.push_async_callback(directory.aclose)
    return Ground(settings, database, directory, box, egress, clock)


def pop_desk(stack: AsyncExitStack, ground: Ground) -> PopDesk:
    """Build what a pop is made with; `stack` writes down what is still waiting."""
    journal = Journal(ground.database.pool)
    stack.push_async_callback(journal.close)
    pseudonyms = Pseudonyms(ground.box.derive("pseudonyms"))
    erased = Erased(pseudonyms)
    children = Children(pseudonyms)
    keeper = IndexKeeper(ground.database, erased, children)
    stack.push_async_callback(keeper.aclose)
    cache: AnswerCache = FreshnessCache(ground.clock)
    stack.push_async_callback(cache.aclose)
    agents_said = AgentsSaid(ground.clock)
    stack.push_async_callback(agents_said.aclose)
    return PopDesk(
        database=ground.database,
        memory=Memory(ground.database.pool),
        journal=journal,
        directory=ground.directory,
        cache=cache,
        policy=Policy(),
        pseudonyms=pseudonyms,
        keeper=keeper,
        clock=ground.clock,
        new_pop_id=functools.partial(opaque_token, 16),
        deadline_ms=ground.settings.pop_deadline_ms,
        late_answer_ms=ground.settings.late_answer_ms,
        erased=erased,
        agents_said=agents_said,
        children=children,
        guarded=guarded(ground.settings.second_person) if ground.settings.auth == "on" else frozenset(),
    )


def call_desk(ground: Ground, delivery: PopDelivery, channel: Channel[Transaction]) -> CallDesk:
    """Build where calls are followed, with what a call that ends sets going."""
    return CallDesk(
        ground.database,
        ground.directory,
        present=delivery.present,
        announce=functools.partial(_announce, channel),
        write=functools.partial(_write_back, ground.directory),
        settled=functools.partial(_after_call, ground.directory),
    )


def survey_desk(ground: Ground, tickets: TicketDesk, pseudonyms: Pseudonyms) -> SurveyDesk:
    """Build where surveys are asked and answered."""
    return SurveyDesk(tickets, ground.settings.reached_at, ground.box.derive("surveys"), Guesses(monotonic_s), pseudonyms)


def subscription_desk(stack: AsyncExitStack, ground: Ground, buses: tuple[str, ...]) -> SubscriptionDesk:
    """Build where others follow what happens here; `buses` are the message brokers that are told everything."""
    wire = HttpWire(ground.egress, connections=LINES_KEPT, response_bytes=MOST_BYTES)
    stack.push_async_callback(wire.aclose)
    return SubscriptionDesk(
        ground.database, ground.box, ground.egress, wire, ground.clock, secrets.token_bytes, monotonic_s, buses
    )


def delivery_desk(ground: Ground, sinks: Sinks, *, outlet: Callable[[str], Outlet]) -> DeliveryDesk:
    """Build where effects in other systems are carried out."""
    return DeliveryDesk(
        ground.database,
        sinks,
        outlet=outlet,
        drain=Drain(monotonic_s),
        chance=random.SystemRandom().random,
        worker=f"{socket.gethostname()}:{os.getpid()}",
        clock=ground.clock,
    )


def webhook_door(ground: Ground) -> WebhookDoor:
    """Build where webhooks come in: into the database, or into the spool while it is slow or away."""
    return WebhookDoor(ground.directory, _inbox(ground))


def webhook_desk(ground: Ground, handlers: Handlers, erased: Erased) -> WebhookDesk:
    """Build where what came in is acted upon."""
    return WebhookDesk(ground.database, ground.directory, handlers, ground.clock, ground.settings.public_url, erased)


def sign_in_desk(ground: Ground, wire: Wire) -> SignInDesk:
    """Build where people sign in. Raises: ConfigRefused: the file of providers cannot be used."""
    settings = ground.settings
    providers = open_providers(
        settings.sign_in_file, wire, public_url=settings.public_url, clock=ground.clock, monotonic=monotonic_s
    )
    return SignInDesk(providers, ground.database, ground.box, ground.clock, ground.directory.agent, settings.public_url)


def _inbox(ground: Ground) -> SpooledInbox:
    settings, pool = ground.settings, ground.database.pool
    if not settings.webhook_spool_mib:
        return SpooledInbox(WebhookInbox(pool), None)
    spool = Spool(
        settings.data_dir / "spool",
        ground.box,
        most_bytes=settings.webhook_spool_mib * 2**20,
        new_name=lambda: time_ordered_id(ground.clock()),
    )
    return SpooledInbox(WebhookInbox(pool, answer_within_s=SPOOL_AFTER_S), spool)


async def _write_back(
    directory: LiveDirectory, tx: Transaction, interaction_id: UUID, story: Interaction, *, now: datetime
) -> None:
    await promise_log(tx, directory.now, interaction_id, story, now=now)


async def _after_call(
    directory: LiveDirectory, tx: Transaction, interaction_id: UUID, story: Interaction, *, now: datetime
) -> None:
    await looping.call_ended(tx, directory.now, interaction_id, story, now=now)
    await occasions.call_ended(tx, directory.now, interaction_id, story, now=now)


async def _announce(channel: Channel[Transaction], event: AgentEvent, tx: Transaction) -> None:
    await channel.publish(event, tx=tx)
