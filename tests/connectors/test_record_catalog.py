"""`record` over the whole catalog: every look-up, its example taken for the real system, is recorded and names nobody."""

from collections.abc import Iterator
from typing import Final

from tieline.connectors.manifest.configuration import open_settings
from tieline.connectors.recordings.example import OperationExample
from tieline.connectors.recordings.replay import RecordedWire
from tieline.connectors.registry import Catalog, Connector
from tieline.domain.phone_normalise import normalise
from tieline.mapping.book import load_book
from tieline.services.authoring.record import Asked, Recording, RecordingRefused, record
from tieline.services.connector_examples import EXAMPLE_LINE, connect, load_example
from tieline.services.connectors import Trial

CANARY: Final = "cAnArY7f3aQ"
MOST_REFUSED: Final = 0.1


def look_ups() -> Iterator[tuple[str, Connector, OperationExample]]:
    """Every example of a question that was answered; its form is filled in with a secret that must not come back."""
    for connector in Catalog().list():
        for file in connector.examples:
            content = load_example(file).content
            if isinstance(content, OperationExample) and "record" not in content.in_ and content.outcome == "ok":
                marked = content.model_copy(
                    update={"secrets": {name: CANARY + secret[len(CANARY) :] for name, secret in content.secrets.items()}}
                )
                yield f"{connector.folder.name}/{file.stem}", connector, marked


LOOK_UPS: Final = tuple(look_ups())


async def recorded(connector: Connector, content: OperationExample) -> Recording:
    connection = connect(connector, content, RecordedWire(content.exchanges, strict=False))
    settings = open_settings(connector.manifest, content.config)
    book = load_book(connector.mapping_file, config=settings) if connector.mapping_file.exists() else {}
    inputs = {name: str(value) for name, value in content.in_.items()}
    return await record(Trial(connection, book), Asked(content.operation, inputs, writing=True))


async def test_nearly_every_look_up_is_recorded_and_none_names_anybody() -> None:
    """A few may be refused, because their connector decides by what is replaced; none may be written with what is real."""
    refused = []
    for name, connector, content in LOOK_UPS:
        try:
            text = (await recorded(connector, content)).text
        except RecordingRefused as exc:
            refused.append(f"{name}: {exc.detail}")
            continue
        assert CANARY not in text, name
        if phone := content.in_.get("phone"):
            assert normalise(str(phone), line=EXAMPLE_LINE).national_digits not in text, name
    assert len(refused) <= len(LOOK_UPS) * MOST_REFUSED, refused
