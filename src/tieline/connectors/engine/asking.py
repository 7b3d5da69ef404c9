"""The asking half of a connection: its operations, compiled once, and what may be asked of them."""

from collections.abc import Mapping
from typing import Any

from tieline.connectors.contract import Result, Tier
from tieline.connectors.engine.carry_out import carry_out
from tieline.connectors.engine.exchange import Call, Exchanger
from tieline.connectors.engine.look_back import Ask
from tieline.connectors.engine.operation import CompiledOperation, compile_operation
from tieline.connectors.engine.plans import CompiledPlan, compile_plan, follow
from tieline.connectors.engine.redaction import Redactor
from tieline.connectors.engine.trace import Stage, Trace
from tieline.connectors.language.templates import InputMissing
from tieline.connectors.manifest.plans import Plan
from tieline.connectors.manifest.schema import Manifest
from tieline.connectors.wire.limits import Priority
from tieline.domain.errors import ConnectorError, VendorMisconfigured, VendorRejected
from tieline.kit.deadline import Deadline

Compiled = CompiledOperation | CompiledPlan


class Asking:
    """Everything one connection can be asked. `secrets` is asked for whenever something is shown."""

    def __init__(self, manifest: Manifest, config: Mapping[str, Any], *, exchanger: Exchanger) -> None:
        """Compile for settled configuration. Raises: VendorMisconfigured: a configured value cannot be sent."""
        self._manifest = manifest
        self._exchanger = exchanger
        singles = {name: compile_operation(manifest, name, config) for _, name, _ in manifest.singles()}
        plans = {
            name: compile_plan(manifest, name, declared, config, singles)
            for name, declared in manifest.operations.items()
            if isinstance(declared, Plan)
        }
        self._compiled: dict[str, Compiled] = {**singles, **plans}

    @property
    def operations(self) -> tuple[str, ...]:
        """What it can be asked."""
        return tuple(self._manifest.operations)

    def needs(self, operation: str) -> frozenset[str] | None:
        """Say which inputs the operation cannot do without; None: the connector does not offer it."""
        return self._compiled[operation].needs if operation in self._manifest.operations else None

    def takes(self, operation: str) -> frozenset[str]:
        """Say which inputs the operation can make use of; none if the connector does not offer it."""
        return self._compiled[operation].takes if operation in self._manifest.operations else frozenset()

    def tier(self, operation: str) -> Tier | None:
        """Say how a write may be repeated when its end is doubtful; None: it only reads, or is not declared."""
        return self._compiled[operation].tier if operation in self._manifest.operations else None

    def read_back_after_s(self, operation: str) -> float:
        """Return the seconds for which the vendor's search may lag behind a write; 0 where nothing is read back."""
        compiled = self._compiled.get(operation)
        return compiled.read_back.wait_s if compiled and compiled.read_back else 0

    def secrets(self) -> tuple[str, ...]:
        """Return everything secret that may stand in a request or an answer by now."""
        return self._exchanger.schemes.secrets()

    async def run(
        self,
        operation: str,
        *,
        deadline: Deadline,
        priority: Priority = "live",
        **inputs: Any,  # noqa: ANN401 - the manifest says which
    ) -> Result:
        """Ask the vendor. `priority` bulk leaves room for live calls.

        Raises: ConnectorError: any outcome but ok, partial and not_found. A number that cannot be written in the form the vendor
        wants (a service number has no E.164) is not_found, and nothing is sent.
        """
        return await self._run(self._offered(operation), inputs, deadline, priority)

    async def read_back(
        self,
        operation: str,
        *,
        deadline: Deadline,
        priority: Priority = "bulk",
        **inputs: Any,  # noqa: ANN401 - those of the write
    ) -> Result:
        """Look whether a T2 write with these inputs has happened: ok with its external_id, or not_found.

        Raises: VendorAmbiguous: it happened more than once. OutcomeUnknown: the answer does not tell. ConnectorError.
        """
        look_back = self._offered(operation).read_back
        if look_back is None:
            detail = f"the connector {self._manifest.id} cannot read {operation} back"
            raise VendorMisconfigured(detail, code="operation_not_offered")
        return await look_back.look(self._asker(deadline, priority), _roots(inputs))

    async def explain(
        self,
        operation: str,
        *,
        deadline: Deadline,
        **inputs: Any,  # noqa: ANN401 - see run
    ) -> tuple[Stage, ...]:
        """Run and return every stage, secrets removed; a failure is the last stage. For an administrator who tries it out."""
        trace = Trace(lambda hidden: Redactor((*self.secrets(), *hidden)))
        try:
            await self._run(self._offered(operation), inputs, deadline, "live", trace)
        except ConnectorError as exc:
            if not isinstance(exc.__cause__, InputMissing):  # That is told already.
                trace.error(exc.code, exc.detail, exc.hint)
        return tuple(trace.stages)

    async def _run(
        self, compiled: Compiled, inputs: Mapping[str, Any], deadline: Deadline, priority: Priority, trace: Trace | None = None
    ) -> Result:
        roots = _roots(inputs)
        try:
            if isinstance(compiled, CompiledPlan):
                first = Call(compiled.steps[0].operation, roots, deadline, priority, trace)
                result = await follow(self._exchanger, compiled, first)
            else:
                result = await carry_out(self._exchanger, Call(compiled, roots, deadline, priority, trace))
        except InputMissing as exc:
            if trace:
                trace.error("input_missing", f"the input {exc.name} is missing or cannot be written in the form asked for")
            return _nothing_to_ask(compiled, exc)
        if compiled.confirm is not None:
            await compiled.confirm.confirm(self._asker(deadline, priority, trace), roots, result)
        return result

    def _asker(self, deadline: Deadline, priority: Priority, trace: Trace | None = None) -> Ask:
        return lambda operation, inputs: self._run(self._compiled[operation], inputs, deadline, priority, trace)

    def _offered(self, operation: str) -> Compiled:
        if operation not in self._manifest.operations:
            detail = f"the connector {self._manifest.id} does not offer {operation}"
            raise VendorMisconfigured(detail, code="operation_not_offered")
        return self._compiled[operation]


def _roots(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"in": inputs, "record": inputs.get("record")}


def _nothing_to_ask(compiled: Compiled, missing: InputMissing) -> Result:
    if missing.unwritable and not compiled.writes:
        return Result("not_found", pages=0, attempts=0)
    if missing.name.startswith("saved."):
        raise VendorRejected("what it is about was not found in the other system", code="upstream_not_found") from missing
    detail = f"{compiled.name} needs the input {missing.name}"
    raise VendorMisconfigured(detail, code="input_missing") from missing
