"""What every part of a connector's files is made of: frozen models that refuse a key they do not know."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
AnswerKind = Literal["auto", "json", "xml", "form", "text"]
Template = Annotated[str, Field(min_length=1, max_length=2000)]


class Part(BaseModel):
    """A part of a manifest: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
