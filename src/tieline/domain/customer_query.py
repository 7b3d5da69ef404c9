"""Whom an integration or a supervisor asks for: by exactly one of the things that name a customer."""

from typing import Annotated, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from tieline.domain.pop_query import phone_text

WAYS: Final = ("phone", "email", "social", "external")


class CustomerQuery(BaseModel):
    """One of `phone`, `email`, `social` (such as a WeChat openid) and `external` (`crm:003xx`); `line` helps to read a phone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phone: Annotated[
        str | None, BeforeValidator(phone_text), Field(min_length=1, max_length=200, examples=["+8613800138000"])
    ] = None
    email: Annotated[str | None, Field(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] = None
    social: Annotated[str | None, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")] = None
    external: Annotated[str | None, Field(min_length=3, max_length=300, pattern=r"^[a-z][a-z0-9_]{0,40}:[^\s]+$")] = None
    line: Annotated[str | None, BeforeValidator(phone_text), Field(max_length=200, examples=["+861065543800"])] = None

    @property
    def way(self) -> str:
        """Name the way that is asked by."""
        return next(way for way in WAYS if getattr(self, way) is not None)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(getattr(self, way) is not None for way in WAYS) != 1:
            raise PydanticCustomError("tieline_param_value", "name exactly one of phone, email, social and external")
        return self
