"""Whether a person's data may go to a system in another country, and which fields stay at home.

A connection says where its system keeps data. If that is not where we are, nothing is asked of it and nothing is written to it
until somebody has said on what ground that is allowed. Sources: PIPL art. 38-40; GDPR art. 44-49.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from tieline.domain.errors import TransferForbidden

Region = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166 country where the system keeps data.")]
Basis = Literal["standard_contract", "certification", "security_assessment", "separate_consent", "contract_necessity", "adequacy"]


class Transfer(BaseModel):
    """The switch: on what ground, to whom, and which canonical fields are not sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    basis: Basis
    recipient: Annotated[str, Field(min_length=1, max_length=200, description="Who receives it and how to reach them.")]
    withhold: Annotated[frozenset[str], Field(description="Canonical fields that stay here, as phone or address.")] = frozenset()


class Border(BaseModel):
    """Where a connection's system is, and the switch if somebody has set it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: Region
    transfer: Transfer | None = None

    def in_order(self) -> dict[str, Any]:
        """Return it as a document that is the same for the same."""
        written = self.model_dump(mode="json")
        if self.transfer is not None:
            written["transfer"]["withhold"] = sorted(self.transfer.withhold)
        return written


class Crossing:
    """What a call to one connection may carry, seen from `home`. No home, or no region: nothing is abroad."""

    def __init__(self, border: Border | None = None, *, home: str = "") -> None:
        self._abroad = border is not None and bool(home) and border.region != home
        self._transfer = border.transfer if border is not None else None

    @property
    def withheld(self) -> frozenset[str]:
        """Return the canonical fields that stay at home."""
        return self._transfer.withhold if self._abroad and self._transfer is not None else frozenset()

    def pass_through(self, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what may be sent of a call's inputs.

        Raises: TransferForbidden: the switch is off, or what the call is about may not leave.
        """
        if not self._abroad:
            return inputs
        if self._transfer is None:
            raise TransferForbidden
        if self.withheld & inputs.keys():
            raise TransferForbidden(code="transfer_withheld")
        return {name: self._at_home_left(value) for name, value in inputs.items()}

    def _at_home_left(self, value: object) -> object:
        if isinstance(value, Mapping) and self.withheld:
            return {name: one for name, one in value.items() if name not in self.withheld}
        return value


HOME: Final = Crossing()
"""Nothing is abroad."""
