"""Builds what one process works with, from settings and a database's address."""

import contextlib
import functools
import os
import random
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

from fastapi import FastAPI

from tieline.api.agent_pops import router as agent_pops_router
from tieline.api.app import DoorSettings, create_app
from tieline.api.request_limits import Allowance
from tieline.connectors.registry import Catalog
from tieline.connectors.wire.transport import HttpWire
from tieline.domain.agent_event import AgentEvent
from tieline.domain.interaction import Interaction
from tieline.kit.clock import Clock, monotonic_s, utc_now
from tieline.kit.freshness import FreshnessCache
from tieline.kit.ids import opaque_token, time_ordered_id
from tieline.push.channel import Channel
from tieline.registrations import brokers_of, outlet_at, owners_of_deliveries, readers_of_news
from tieline.security.client_address import networks
from tieline.security.egress import Egress
from tieline.security.masking_policy import Policy
from tieline.security.pseudonym import Pseudonyms
from tieline.security.secret_box import SecretBox
from tieline.services.apply import Applying
from tieline.services.call_desk import CallDesk
from tieline.services.call_logging import promise_log
from tieline.services.delivery.desk import DeliveryDesk
from tieline.services.delivery.drain import Drain
from tieline.services.feedback import looping
from tieline.services.house import House
from tieline.services.index_keeper import IndexKeeper
from tieline.services.live_directory import LiveDirectory
from tieline.services.pop_answers import PopAnswers
from tieline.services.pop_delivery import PopDelivery
from tieline.services.pop_desk import PopDesk
from tieline.services.privacy.erased import Erased, ErasedFollower
from tieline.services.sign_in.desk import SignInDesk
from tieline.services.sign_in.opening import open_providers, origins_of
from tieline.services.stale_answers import StaleAnswers
from tieline.services.subscriptions.desk import MOST_BYTES, SubscriptionDesk
from tieline.services.surveys import occasions
from tieline.services.surveys.desk import SurveyDesk
from tieline.services.surveys.guesses import Guesses
from tieline.services.tickets.desk import TicketDesk
from tieline.services.webhooks.desk import WebhookDesk
from tieline.services.webhooks.intake import WebhookDoor
from tieline.services.webhooks.spooling import SpooledInbox
from tieline.settings import Settings
from tieline.store.agent_events import AgentEventLog
from tieline.store.database import Database, Transaction
from tieline.store.embedded import EmbeddedPostgres, Progress
from tieline.store.journal import Journal
from tieline.store.memory import Memory
from tieline.store.migrate import upgrade
from tieline.store.spool import Spool
from tieline.store.webhook_inbox import WebhookInbox
from tieline.web.pages import web_routers

KEY_FILE = "secret.key"
SPOOL_AFTER_S = 0.4
"""A webhook that the database has not taken by then goes to the spool; its sender is answered within a second all the same."""
LINES_KEPT = 4
"""Idle connections kept to each subscriber."""


@contextlib.contextmanager
def database_of(settings: Settings, progress: Progress) -> Iterator[str]:
    """Give the address of the database: the configured one, else the embedded one, started and at head."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    embedded = EmbeddedPostgres(settings.data_dir, progress=progress)
    url = embedded.start()
    try:
        upgrade(url)
        yield url
    finally:
        embedded.stop()


@contextlib.asynccontextmanager
async def applying(settings: Settings, url: str, catalog: Catalog) -> AsyncIterator[Applying]:
    """Give what applying a file works with; plain secrets only where the database is the embedded one."""
    database = await Database.open(url, pool_size=2)
    try:
        yield Applying(
            database,
            catalog,
            _box(settings),
            Egress.parse(settings.private_networks),
            utc_now,
            plain_secrets=settings.database_url is None,
        )
    finally:
        await database.aclose()


def _box(settings: Settings) -> SecretBox:
    return SecretBox.open(key_file_of(settings))


def key_file_of(settings: Settings) -> Path:
    """Return where the keys are that seal what is stored."""
    return settings.secret_key_file or settings.data_dir / KEY_FILE


@contextlib.asynccontextmanager
async def house_of(settings: Settings, url: str, catalog: Catalog, *, clock: Clock = utc_now) -> AsyncIterator[House]:
    """Build everything one process works with, and take it down in the opposite order."""
    box = _box(settings)
    async with contextlib.AsyncExitStack() as stack:
        database = await Database.open(url, pool_size=settings.database_pool_size)
        stack.push_async_callback(database.aclose)
        journal = Journal(database.pool)
        stack.push_async_callback(journal.close)
        egress = Egress.parse(settings.private_networks)
        directory = LiveDirectory(
            database, catalog=catalog, box=box, egress=egress, clock=clock, home_region=settings.home_region
        )
        stack.push_async_callback(directory.aclose)
        erased = Erased(pseudonyms := Pseudonyms(box.derive("pseudonyms")))
        keeper = IndexKeeper(database, erased)
        stack.push_async_callback(keeper.aclose)
        desk = PopDesk(
            database=database,
            memory=Memory(database.pool),
            journal=journal,
            directory=directory,
            cache=FreshnessCache(clock),
            policy=Policy(),
            pseudonyms=pseudonyms,
            keeper=keeper,
            clock=clock,
            new_pop_id=functools.partial(opaque_token, 16),
            deadline_ms=settings.pop_deadline_ms,
            late_answer_ms=settings.late_answer_ms,
            erased=erased,
        )
        stack.push_async_callback(desk.cache.aclose)
        channel: Channel[Transaction] = Channel(AgentEventLog(database), clock=clock)
        stack.push_async_callback(channel.aclose)
        delivery = PopDelivery(desk, channel)
        stack.push_async_callback(delivery.aclose)
        stale = StaleAnswers(database, desk.cache, present=delivery.present)
        stack.push_async_callback(stale.aclose)
        ticket_desk = TicketDesk(database, directory, clock)
        survey_desk = SurveyDesk(ticket_desk, settings.reached_at, box.derive("surveys"), Guesses(monotonic_s), desk.pseudonyms)
        buses = brokers_of(settings)
        subscriptions = SubscriptionDesk(
            database,
            box,
            egress,
            HttpWire(egress, connections=LINES_KEPT, response_bytes=MOST_BYTES),
            clock,
            secrets.token_bytes,
            monotonic_s,
            tuple(buses),
        )
        for close in (subscriptions.wire.aclose, *(each.bus.aclose for each in buses.values())):
            stack.push_async_callback(close)
        await stack.enter_async_context(_in_step(database, desk, directory))
        keeper.start()
        stale.start()
        yield House(
            database=database,
            journal=journal,
            directory=directory,
            channel=channel,
            clock=clock,
            catalog=catalog,
            box=box,
            desk=desk,
            delivery=delivery,
            calls=CallDesk(
                database,
                directory,
                present=delivery.present,
                announce=functools.partial(_announce, channel),
                write=functools.partial(_write_back, directory),
                settled=functools.partial(_after_call, directory),
            ),
            agent_pops=PopAnswers(desk, delivery),
            deliveries=DeliveryDesk(
                database,
                owners_of_deliveries(ticket_desk, survey_desk),
                outlet=functools.partial(outlet_at, directory, subscriptions, buses),
                drain=Drain(monotonic_s),
                chance=random.SystemRandom().random,
                worker=f"{socket.gethostname()}:{os.getpid()}",
                clock=clock,
            ),
            webhook_door=WebhookDoor(directory, _inbox(settings, database, box, clock)),
            webhooks=WebhookDesk(database, directory, readers_of_news(ticket_desk), clock, settings.public_url, erased),
            tickets=ticket_desk,
            surveys=survey_desk,
            subscriptions=subscriptions,
            sign_in=SignInDesk(
                open_providers(
                    settings.sign_in_file,
                    subscriptions.wire,
                    public_url=settings.public_url,
                    clock=clock,
                    monotonic=monotonic_s,
                ),
                database,
                box,
                clock,
                directory.agent,
                settings.public_url,
            ),
        )


def _inbox(settings: Settings, database: Database, box: SecretBox, clock: Clock) -> SpooledInbox:
    if not settings.webhook_spool_mib:
        return SpooledInbox(WebhookInbox(database.pool), None)
    spool = Spool(
        settings.data_dir / "spool",
        box,
        most_bytes=settings.webhook_spool_mib * 2**20,
        new_name=lambda: time_ordered_id(clock()),
    )
    return SpooledInbox(WebhookInbox(database.pool, answer_within_s=SPOOL_AFTER_S), spool)


@contextlib.asynccontextmanager
async def _in_step(database: Database, desk: PopDesk, directory: LiveDirectory) -> AsyncIterator[None]:
    """Know who was erased, forgetting every answer that was kept when somebody is; and how the house is set up."""
    follower = ErasedFollower(database, desk.erased, forget_answers=lambda: desk.cache.drop(lambda _key: True))
    try:
        await follower.start()
        await directory.start()
        yield
    finally:
        await follower.aclose()


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


def app_of(house: House, settings: Settings) -> FastAPI:
    """Put the JSON door and the HTML door together."""
    return create_app(
        house,
        DoorSettings(
            auth=settings.auth,
            host=settings.host,
            public_url=settings.public_url,
            allowed_hosts=tuple(settings.allowed_hosts.split(",")),
            body_limit_bytes=settings.body_limit_bytes,
            allowance=Allowance(settings.requests_per_second, settings.sign_ins_per_minute),
            front_proxies=networks(settings.front_proxies.split(",")),
            signing_key=house.box.derive("cursors"),
        ),
        pages=[
            agent_pops_router,
            *web_routers(
                frame_ancestors=tuple(filter(None, settings.frame_ancestors.split(","))),
                sign_out_at=origins_of(settings.sign_in_file),
            ),
        ],
    )
