"""Who plays whom in a recording: the made-up form, secrets and inputs, and what the answers may still say."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from tieline.connectors.contract import CAPABILITIES, Record
from tieline.connectors.manifest.schema import Manifest
from tieline.connectors.recordings.tap import Carried
from tieline.connectors.wire.messages import Incoming
from tieline.domain.line import Line
from tieline.domain.phone import PhoneNumber
from tieline.mapping.record import RecordMapping
from tieline.services.authoring.fiction import Fiction
from tieline.services.authoring.personal import BY_FIELD
from tieline.services.authoring.scrub import Scrubbed, Scrubber
from tieline.services.authoring.survivors import Survivors
from tieline.services.connectors import Trial

EXAMPLE_KEY: Final = "example-key-1"
_INPUT_KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("customer_id", "ticket_id", "order_id", "call_id", "subscription_id", "external_id"), "id"),
    **dict.fromkeys(("number", "agent", "social"), "id"),
    "email": "email",
    "name": "name",
    "text": "text",
    "to": "number",
    "callback_url": "url",
}
"""Input → kind; one that is not listed (`since`, `cursor`) is no one's and stays."""
_SEALING_KEY: Final = re.compile(r"[A-Za-z0-9]{43}")
"""A key of AES-256 in base64 as DingTalk, WeCom, WeChat and YonBIP hand it out; a form takes none of another shape."""
_HEADERS: Final = frozenset({"content-type", "retry-after", "link", "location", "set-cookie"})
_HEADER_PATH: Final = re.compile(r"header(?:\.([A-Za-z0-9_-]+)|\[\"([^\"]+)\"\])")


@dataclass(slots=True)
class Cast:
    """The story of one recording."""

    scrubber: Scrubber
    config: Mapping[str, Any]
    secrets: Mapping[str, str]
    given: Mapping[str, Any]
    survivors: Survivors
    headers: Collection[str] = _HEADERS
    kinds: dict[str, str] = field(default_factory=dict)

    def learn(self, mapping: RecordMapping | None, records: Sequence[Record]) -> None:
        """Take from the mapping what each value is read as: a name stays a name under any key."""
        if mapping is None:
            return
        for row in (each for record in records for each in mapping.preview(record)):
            kind = BY_FIELD.get(row.row)
            if kind and not mapping.rows[row.row].values:
                self.kinds.update(dict.fromkeys(_texts(row.found), kind))

    def inputs(self) -> dict[str, Any]:
        """Return the inputs as the example writes them."""
        return {name: self._input(name, value) for name, value in self.given.items()}

    def answer(self, carried: Carried, number: int) -> Incoming:
        """Return an answer with everything personal replaced."""
        incoming, place = carried.response, f"exchange {number}"
        content_type = incoming.headers.get("content-type", "")
        body = self.scrubber.body(incoming.body, content_type, f"{place}: body") if incoming.body.strip() else b""
        headers = self.scrubber.headers(incoming.headers, self.headers, f"{place}: header")
        return Incoming(incoming.status, headers, body)

    def _input(self, name: str, value: Any) -> Any:  # noqa: ANN401 - inputs are of several types
        place = f"in.{name}"
        if isinstance(value, PhoneNumber):
            return self._noted("number", self.scrubber.fiction.phone(value), place)
        if name == "record":
            return self.scrubber.tree(value, place)
        if name == "idempotency_key":
            return EXAMPLE_KEY
        kind = _INPUT_KINDS.get(name)
        return self._noted(kind, self.scrubber.fiction.of(kind, str(value)), place) if kind else value

    def _noted(self, kind: str, instead: str, place: str) -> str:
        self.scrubber.told.append(Scrubbed(place, kind, instead))
        return instead


def cast_for(
    trial: Trial, operation: str, inputs: Mapping[str, Any], *, line: Line, hosts: Collection[str], secrets: Sequence[str]
) -> Cast:
    """Hand out the parts for one run. `hosts` were called; `secrets` may stand in the answers."""
    manifest = trial.connection.connector.manifest
    fiction = Fiction(_read_as(line, inputs))
    given = {name: str(value) for name in manifest.secrets if (value := trial.connection.config.get(name))}
    dummies = {name: _dummy(name, secret) for name, secret in given.items()}
    for name, dummy in dummies.items():
        fiction.declare(given[name], dummy)
    fetched = [secret for secret in secrets if not any(known in secret for known in given.values())]
    for number, secret in enumerate(fetched, start=1):
        fiction.declare(secret, f"dummy-session-{number}")
    config = dict(_form(manifest, trial.connection.config, fiction))
    mapping = trial.book.get(CAPABILITIES[operation].record)
    scrubber = Scrubber(fiction, words=frozenset(_words(manifest, mapping)), hosts=hosts)
    cast = Cast(
        scrubber,
        config=config,
        secrets=dummies,
        given=inputs,
        survivors=Survivors(
            secrets=[*given.values(), *fetched],
            phones=[value for value in inputs.values() if isinstance(value, PhoneNumber)],
            values=[*_given_words(inputs), *_changed(manifest, trial.connection.config, config)],
        ),
        headers=_HEADERS | _headers_read(manifest),
    )
    scrubber.kinds = cast.kinds
    return cast


def _dummy(name: str, secret: str) -> str:
    if _SEALING_KEY.fullmatch(secret):
        return f"dummy{name.replace('_', '')}".ljust(len(secret), "0")
    return f"dummy-{name.replace('_', '-')}"


def _read_as(line: Line, inputs: Mapping[str, Any]) -> Line:
    """A vendor most likely leaves out the country of the caller."""
    phone = inputs.get("phone")
    country = phone.country if isinstance(phone, PhoneNumber) else None
    return line.model_copy(update={"country": country}) if country else line


def _form(manifest: Manifest, settled: Mapping[str, Any], fiction: Fiction) -> Iterator[tuple[str, Any]]:
    """Yield the form filled in with nobody's values; what is chosen from a list, counted or a zone stays."""
    usual = {field.default for field in manifest.config.values()}
    for name, field_ in manifest.config.items():
        value = settled.get(name)
        if field_.secret or value is None:
            continue
        if field_.type == "url":
            parts = urlsplit(str(value))
            host = f"{manifest.id.replace('_', '-')}{'' if name == 'base_url' else '-' + name.replace('_', '-')}.example"
            fiction.declare(parts.netloc, host)
            yield name, f"https://{host}{parts.path}"
        elif field_.type == "text" and value not in usual:
            fiction.declare(str(value), f"example-{name.replace('_', '-')}")
            yield name, f"example-{name.replace('_', '-')}"
        else:
            yield name, value


def _changed(manifest: Manifest, settled: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what stood in the form and must not stand in the example."""
    for name, instead in config.items():
        if settled.get(name) != instead:
            value = str(settled[name])
            yield urlsplit(value).netloc if manifest.config[name].type == "url" else value


def _given_words(inputs: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(value) for name, value in inputs.items() if name in _INPUT_KINDS)


def _words(manifest: Manifest, mapping: RecordMapping | None) -> Iterator[str]:
    """Yield every word the connector decides by: in conditions, in the tables of the mapping."""
    yield from _under_when(manifest.model_dump(by_alias=True))
    for row in mapping.rows.values() if mapping else ():
        for ours, theirs in row.values.items():
            yield from (ours, *(str(word) for word in theirs))


def _under_when(tree: object) -> Iterator[str]:
    match tree:
        case Mapping():
            for key, value in tree.items():
                yield from _scalars(value) if key in {"when", "values"} else _under_when(value)
        case list() | tuple():
            for each in tree:
                yield from _under_when(each)
        case _:
            return


def _scalars(tree: object) -> Iterator[str]:
    match tree:
        case Mapping():
            for key, value in tree.items():
                yield str(key)
                yield from _scalars(value)
        case list() | tuple():
            for each in tree:
                yield from _scalars(each)
        case None:
            return
        case _:
            yield str(tree)


def _headers_read(manifest: Manifest) -> frozenset[str]:
    """Return the headers any path of the manifest reads, in lower case."""
    texts = _scalars(manifest.model_dump(by_alias=True))
    return frozenset(
        (found[1] or found[2]).lower() for text in texts for found in _HEADER_PATH.finditer(text) if found[1] or found[2]
    )


def _texts(found: object) -> Iterable[str]:
    if isinstance(found, list | tuple):
        return [text for each in found for text in _texts(each)]
    return [str(found)] if isinstance(found, str | int) and not isinstance(found, bool) and str(found) else []
