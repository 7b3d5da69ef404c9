"""The listening half of a connection: what its vendor sends is admitted, read and translated, one intake for each kind."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar

from tieline.connectors.inbound.former import FormerIntakes, FormerSecret, Intakes, compile_former
from tieline.connectors.inbound.intake import NO_LONGER_OPENED, Intake
from tieline.connectors.inbound.request import Admission, Inbound, InboundRequest, IntakeKind, Reading
from tieline.connectors.inbound.sealing import Entropy
from tieline.connectors.manifest.configuration import may_stay_empty
from tieline.connectors.manifest.inbound import Bodies, CallIntake, EventIntake
from tieline.connectors.manifest.inbound_plan import Poll, Subscription
from tieline.connectors.manifest.schema import Manifest
from tieline.domain.errors import VendorMisconfigured
from tieline.kit.clock import Clock

Heard = TypeVar("Heard", Admission, Inbound)
_UNPROVEN: Final = frozenset({"signature_missing", "signature_invalid"})


class Hearing:
    """Everything the vendor of one connection may send it."""

    def __init__(self, manifest: Manifest, config: Mapping[str, Any], *, clock: Clock, entropy: Entropy) -> None:
        """Compile for settled configuration. Raises: VendorMisconfigured: a required secret is empty, or a zone unknown."""
        inbound = manifest.inbound
        declared: dict[IntakeKind, CallIntake | EventIntake | None] = (
            {"call": inbound.call, "event": inbound.event} if inbound else {}
        )
        self._connector = manifest.id
        self._now = clock

        def compiled(config: Mapping[str, Any]) -> Intakes:
            offered = {
                kind: _opened(manifest, intake, config, entropy) for kind, intake in declared.items() if intake is not None
            }
            return {kind: intake for kind, intake in offered.items() if intake is not None}

        self._intakes = compiled(config)
        self._compile_former = partial(compile_former, config=config, compiled=compiled)
        self._former: tuple[FormerIntakes, ...] = ()
        self.bodies: Bodies = inbound.bodies if inbound else Bodies()
        self.polls: tuple[Poll, ...] = inbound.poll if inbound else ()
        self.subscription: Subscription | None = inbound.subscription if inbound else None

    def honour(self, former: Mapping[str, FormerSecret]) -> None:
        """Let former secrets prove the vendor as well, each until its time is over. Raises: VendorMisconfigured."""
        self._former = self._compile_former(former)

    def hears(self, kind: IntakeKind) -> bool:
        """Say whether anything of this kind is taken from the vendor; not where nobody filled in what would prove it."""
        return kind in self._intakes

    def admit(self, request: InboundRequest, *, kind: IntakeKind = "event") -> Admission:
        """Verify what arrived and say what its sender is told; what was sent never raises.

        Raises: VendorMisconfigured: the connector takes nothing of this kind.
        """
        now = self._now()
        return self._heard(kind, now, lambda intake: intake.admit(request, now=now))

    def read(self, request: InboundRequest, *, kind: IntakeKind = "event") -> Reading:
        """Say what an admitted request means; `Admission.kept`, stored and brought back, is enough. Raises: as `admit`."""
        reading = self._intake(kind).read(request)
        for former in self._former if reading.faults == (NO_LONGER_OPENED,) else ():
            earlier = former.intakes[kind].read(request)
            if earlier.faults != (NO_LONGER_OPENED,):
                return earlier
        return reading

    def translate(self, request: InboundRequest, *, kind: IntakeKind = "call") -> Inbound:
        """Verify and read in one; what was sent never raises. Raises: VendorMisconfigured: as `admit`."""
        now = self._now()
        return self._heard(kind, now, lambda intake: intake.translate(request, now=now))

    def _heard(self, kind: IntakeKind, now: datetime, hear: Callable[[Intake], Heard]) -> Heard:
        """Hear with the present secrets, and what those do not prove with former ones whose time is not over."""
        heard = hear(self._intake(kind))
        if heard.refused not in _UNPROVEN:
            return heard
        earlier = (hear(one.intakes[kind]) for one in self._former if now < one.until and kind in one.intakes)
        return next((each for each in earlier if each.refused is None), heard)

    def _intake(self, kind: IntakeKind) -> Intake:
        intake = self._intakes.get(kind)
        if intake is None:
            detail = f"the connector {self._connector} takes no {kind} events"
            raise VendorMisconfigured(detail, code="operation_not_offered")
        return intake


def _opened(manifest: Manifest, declared: CallIntake | EventIntake, config: Mapping[str, Any], entropy: Entropy) -> Intake | None:
    """Return the intake; None: what would prove its sender need not be filled in, and is not. Raises: VendorMisconfigured."""
    try:
        return Intake(declared, config, entropy)
    except VendorMisconfigured as exc:
        told = [part.model_dump(by_alias=True) for part in (*declared.verify, declared.sealed) if part is not None]
        if exc.code != "secret_missing" or not may_stay_empty(manifest, told):
            raise
        return None
