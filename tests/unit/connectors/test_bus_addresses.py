"""How outlets to message brokers are written in the setting."""

from importlib import util

import pytest

from tieline.connectors.outgoing.bus import BusAddress
from tieline.domain.errors import ConfigRefused

READ = {
    "bi=kafka://k1:9092;k2:9092/tieline.events": BusAddress("bi", "kafka", ("k1:9092", "k2:9092"), "tieline.events"),
    "mq=amqps://tie%40line:p%2Fw%2Cd@mq.lan:5671/prod/events": BusAddress(
        "mq", "amqps", ("mq.lan:5671",), "prod/events", "tie@line", "p/w,d"
    ),
    "mq=amqp://mq.lan:5672/events": BusAddress("mq", "amqp", ("mq.lan:5672",), "events"),
    "n=nats+tls://token@n1:4222;n2:4222/acme.tieline": BusAddress(
        "n", "nats+tls", ("n1:4222", "n2:4222"), "acme.tieline", "token"
    ),
}


@pytest.mark.parametrize(("text", "read"), READ.items())
def test_an_outlet_is_read_as_written(text: str, read: BusAddress) -> None:
    assert BusAddress.parse_all(f" {text} ,") == (read,)
    assert read.password not in repr(read) or not read.password


@pytest.mark.parametrize(
    "text",
    [
        "kafka://h:1/t",
        "bi=kafka://h:1/",
        "bi=kafka://u:p@h:1/t",
        "bi=kafka://h:1/t,bi=nats://h:2/t",
        "bi=redis://h:1/t",
        "bi=kafka://h/t",
        "bi=kafka://h:99999999/t",
        "bi=nats://h:1/t.>",
        "bi=nats://h:1/a b",
        "bi=nats://h:1/.a",
        "bi=amqp://h:1/a/b/c",
        "bi=amqp://h:1/",
        "bi=amqp://u:p:w@h:1/e",
    ],
)
def test_what_is_written_otherwise_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigRefused) as caught:
        BusAddress.parse_all(text)
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "extra"), [("a=kafka://h:1/t", "bus"), ("a=amqp://h:1/t", "rabbitmq"), ("a=nats+tls://h:1/t", "nats")]
)
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, text: str, extra: str) -> None:
    monkeypatch.setattr(util, "find_spec", lambda _name: None)
    monkeypatch.setattr("tieline.connectors.outgoing.bus.find_spec", util.find_spec)
    with pytest.raises(ConfigRefused, match=rf"tieline\[{extra}\]"):
        BusAddress.parse_all(text)
