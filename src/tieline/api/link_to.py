"""Whose a number is, as a request says it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tieline.domain.errors import RequestRefused
from tieline.domain.references import ExternalRef


class LinkTo(BaseModel):
    """Whose number it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [{"ref": "crm:003xx"}]})

    ref: Annotated[str, Field(min_length=3, max_length=300, description="Connection and the vendor's id, `crm:003xx`.")]

    @property
    def reference(self) -> ExternalRef:
        """Return it taken apart. Raises: RequestRefused(field_value): it is no reference."""
        try:
            return ExternalRef.parse(self.ref)
        except ValueError as exc:
            raise RequestRefused("A reference is written connection:id.", code="field_value") from exc
