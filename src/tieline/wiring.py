"""Builds what one process works with, from settings and a database's address."""

import contextlib
import functools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from tieline.connectors.registry import Catalog
from tieline.furnishing import (
    Ground,
    call_desk,
    delivery_desk,
    open_ground,
    pop_desk,
    sign_in_desk,
    subscription_desk,
    survey_desk,
    webhook_desk,
    webhook_door,
)
from tieline.kit.clock import Clock, utc_now
from tieline.push.channel import Channel
from tieline.registrations import brokers_of, outlet_at, owners_of_deliveries, readers_of_news
from tieline.security.egress import Egress
from tieline.security.secret_box import SecretBox
from tieline.services.apply import Applying
from tieline.services.house import House
from tieline.services.pop_answers import PopAnswers
from tieline.services.pop_delivery import PopDelivery
from tieline.services.pop_desk import PopDesk
from tieline.services.privacy.erased import ErasedFollower
from tieline.services.stale_answers import StaleAnswers
from tieline.services.tickets.desk import TicketDesk
from tieline.settings import Settings
from tieline.store.agent_events import AgentEventLog
from tieline.store.database import Database, Transaction
from tieline.store.embedded import EmbeddedPostgres, Progress
from tieline.store.migrate import upgrade

KEY_FILE = "secret.key"


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
    async with contextlib.AsyncExitStack() as stack:
        ground = await open_ground(stack, settings, url, catalog, box=_box(settings), clock=clock)
        desk = pop_desk(stack, ground)
        channel: Channel[Transaction] = Channel(AgentEventLog(ground.database), clock=clock)
        stack.push_async_callback(channel.aclose)
        delivery = PopDelivery(desk, channel)
        stack.push_async_callback(delivery.aclose)
        stale = StaleAnswers(ground.database, desk.cache, present=delivery.present)
        tickets = TicketDesk(ground.database, ground.directory, clock)
        surveys = survey_desk(ground, tickets, desk.pseudonyms)
        buses = brokers_of(settings)
        for opened in buses.values():
            stack.push_async_callback(opened.bus.aclose)
        subscriptions = subscription_desk(stack, ground, tuple(buses))
        await stack.enter_async_context(_in_step(ground, desk))
        await stack.enter_async_context(stale.following())
        desk.keeper.start()
        yield House(
            database=ground.database,
            journal=desk.journal,
            directory=ground.directory,
            channel=channel,
            clock=clock,
            catalog=catalog,
            box=ground.box,
            desk=desk,
            delivery=delivery,
            calls=call_desk(ground, delivery, channel),
            agent_pops=PopAnswers(desk, delivery),
            deliveries=delivery_desk(
                ground,
                owners_of_deliveries(tickets, surveys),
                outlet=functools.partial(outlet_at, ground.directory, subscriptions, buses),
            ),
            webhook_door=webhook_door(ground),
            webhooks=webhook_desk(ground, readers_of_news(tickets), desk.erased),
            tickets=tickets,
            surveys=surveys,
            subscriptions=subscriptions,
            sign_in=sign_in_desk(ground, subscriptions.wire),
        )


@contextlib.asynccontextmanager
async def _in_step(ground: Ground, desk: PopDesk) -> AsyncIterator[None]:
    """Know who was erased, forgetting every answer that was kept when somebody is; and how the house is set up."""
    follower = ErasedFollower(
        ground.database, desk.erased, desk.children, forget_answers=lambda: desk.cache.drop(lambda _key: True)
    )
    try:
        await follower.start()
        await ground.directory.start()
        yield
    finally:
        await follower.aclose()
