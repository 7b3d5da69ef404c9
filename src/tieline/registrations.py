"""Who answers for what: who reads the news of other systems, who owns what is delivered, and by which way it goes out."""

from collections.abc import Mapping

from tieline.connectors.outgoing.bus import BusAddress
from tieline.connectors.outgoing.buses import open_bus
from tieline.kit.clock import monotonic_s
from tieline.services.call_logging import CALL_LOG, CallLogSink
from tieline.services.customers.standing import STANDING, StandingSink
from tieline.services.delivery.outlets import Outlet, outlet_of
from tieline.services.delivery.sinks import Sinks
from tieline.services.feedback.news import KINDS as FEEDBACK_NEWS
from tieline.services.feedback.news import FeedbackNews
from tieline.services.feedback.sink import FeedbackSink
from tieline.services.feedback.telling import FEEDBACK
from tieline.services.live_directory import LiveDirectory
from tieline.services.refunds import REFUND, RefundSink, copy_settled
from tieline.services.subscriptions.bus_outlet import BusOutlet
from tieline.services.subscriptions.desk import WITHIN_S, Manners, SubscriptionDesk, bus_at, subscription_at
from tieline.services.subscriptions.outlet import SubscriberOutlet
from tieline.services.subscriptions.sink import EventSink
from tieline.services.subscriptions.telling import EVENT
from tieline.services.surveys.deciding import SURVEY
from tieline.services.surveys.desk import SurveyDesk
from tieline.services.surveys.sink import SurveySink
from tieline.services.tickets.comments_there import CommentSink
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.news import KINDS as TICKET_NEWS
from tieline.services.tickets.news import TicketNews
from tieline.services.tickets.screens import DeliveryWatch
from tieline.services.tickets.sink import TicketSink
from tieline.services.tickets.telling import COMMENT, TICKET
from tieline.services.webhooks import changed_records
from tieline.services.webhooks.news import Handlers
from tieline.settings import Settings


def readers_of_news(tickets: TicketDesk) -> Handlers:
    """Return who acts on what other systems tell."""
    handlers = Handlers()
    handlers.register(changed_records.refresh, *changed_records.KINDS)
    handlers.register(TicketNews(tickets), *TICKET_NEWS)
    handlers.register(FeedbackNews(tickets), *FEEDBACK_NEWS)
    return handlers


def owners_of_deliveries(tickets: TicketDesk, surveys: SurveyDesk) -> Sinks:
    """Say who owns what is delivered."""
    sinks = Sinks()
    sinks.register(EVENT, EventSink(tickets.database))
    sinks.register(TICKET, TicketSink(tickets, copy_settled=copy_settled))
    sinks.register(COMMENT, CommentSink(tickets))
    for kind in (TICKET, COMMENT):
        sinks.watch(kind, DeliveryWatch(tickets))
    sinks.register(CALL_LOG, CallLogSink(tickets))
    sinks.register(REFUND, RefundSink(tickets))
    sinks.register(FEEDBACK, FeedbackSink(tickets))
    sinks.register(SURVEY, SurveySink(surveys))
    sinks.register(STANDING, StandingSink(tickets))
    return sinks


def brokers_of(settings: Settings) -> Mapping[str, BusOutlet]:
    """Return the outlets to message brokers by their names. Raises: ConfigRefused."""
    return {
        address.name: BusOutlet(open_bus(address, within_s=WITHIN_S), Manners.new(monotonic_s))
        for address in BusAddress.parse_all(settings.outlets.get_secret_value())
    }


def outlet_at(directory: LiveDirectory, subscriptions: SubscriptionDesk, buses: Mapping[str, BusOutlet], place: str) -> Outlet:
    """Say what deliveries to a place go out by: a broker's or a subscriber's own, else a connection's.

    Raises: VendorMisconfigured: there is no such connection, or no such broker any more.
    """
    bus = buses.get(bus_at(place) or "")
    if bus is not None:
        return bus
    subscription_id = subscription_at(place)
    return outlet_of(directory, place) if subscription_id is None else SubscriberOutlet(subscriptions, subscription_id)
