"""Sign a request by the steps the manifest lists, and tell each step for whoever tries the connection out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tieline.connectors.auth.entry import Step, Still
from tieline.connectors.auth.places import put
from tieline.connectors.language.moments import moment_writer
from tieline.connectors.manifest.signing import Injection, SignAuth, TimeSpelling
from tieline.connectors.signing.message import Message
from tieline.connectors.signing.recipes import Compiled, Kitchen, Scope
from tieline.connectors.wire.messages import Outgoing
from tieline.domain.errors import VendorMisconfigured

DrawNonce = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Placer:
    """Values that go into a request, compiled."""

    rows: tuple[tuple[Injection, Compiled], ...]

    @classmethod
    def of(cls, injections: Sequence[Injection], kitchen: Kitchen, *, otherwise: str = "") -> "Placer":
        """Compile them; one without a value of its own carries `otherwise`, a reference."""
        compiled = [(each, kitchen.compile(otherwise if each.value is None else each.value)) for each in injections]
        return cls(tuple(compiled))

    def place(self, outgoing: Outgoing, values: Mapping[str, Any]) -> Iterator[Step]:
        """Put each into the request as the one before it has left it; what is None is left out."""
        for injection, compiled in self.rows:
            text = compiled.render(Scope(message_of(outgoing), values))
            if text is not None:
                place, name = injection.place
                put(outgoing, place, name, text.decode(errors="replace"))
                yield Step(f"{place} {name}", text.decode(errors="replace"), compiled.secret or compiled.tells)


class Signer(Still):
    """One `sign` of a manifest. A moment and a nonce belong to one attempt: the next one signs afresh."""

    def __init__(self, declared: SignAuth, kitchen: Kitchen, *, draw_nonce: DrawNonce) -> None:
        kitchen = replace(kitchen, canonical=declared)
        self._draw_nonce = draw_nonce
        self._nonce = declared.nonce
        self._times = {name: _time_writer(spelling, kitchen) for name, spelling in declared.times.items()}
        self._before = Placer.of(declared.before, kitchen)
        self._values: list[tuple[str, Compiled]] = []
        for name, recipe in declared.values.items():
            compiled = kitchen.compile(recipe)
            self._values.append((name, compiled))
            kitchen = kitchen.knowing(name, compiled)
        self._inject = Placer.of(declared.inject, kitchen)

    def sign(self, outgoing: Outgoing, at: datetime) -> list[Step]:
        """Put the signature on the request and return how it came about. Raises: VendorMisconfigured."""
        values: dict[str, Any] = {name: str(write(at)) for name, write in self._times.items()}
        if self._nonce:
            values["nonce"] = self._draw_nonce(self._nonce)
        steps = [Step(name, text, hidden=False) for name, text in values.items()]
        steps.extend(self._before.place(outgoing, values))
        message = message_of(outgoing)
        for name, compiled in self._values:
            values[name] = compiled.render(Scope(message, values)) or b""
            steps.append(Step(name, values[name].decode(errors="replace"), hidden=compiled.secret))
        steps.extend(self._inject.place(outgoing, values))
        return steps


def message_of(outgoing: Outgoing) -> Message:
    """Return what is signed of a request: the very bytes that will be sent."""
    return Message(outgoing.method, outgoing.url.partition("#")[0], outgoing.headers, outgoing.body or b"")


def _time_writer(spelling: TimeSpelling, kitchen: Kitchen) -> Callable[[datetime], object]:
    zone = kitchen.constant(spelling.zone) if spelling.zone else ""
    try:
        return moment_writer(spelling.format, zone)
    except (KeyError, ValueError) as exc:
        raise VendorMisconfigured("a time is signed in a form or zone that does not exist") from exc
