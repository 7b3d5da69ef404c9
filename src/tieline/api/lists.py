"""How every list is asked for and answered: a page, and an opaque cursor to the next."""

from collections.abc import Sequence
from typing import Annotated, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item")
LONGEST_PAGE: Final = 200


class ListQuery(BaseModel):
    """Which page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cursor: Annotated[str | None, Field(max_length=500, description="`next` of the page before; good for a day.")] = None
    limit: Annotated[int, Field(ge=1, le=LONGEST_PAGE, description="Items per page.")] = 50


class Page(BaseModel, Generic[Item]):
    """One page. `next` is the cursor of the page after it; null on the last."""

    model_config = ConfigDict(frozen=True)

    items: Sequence[Item]
    next: str | None = None
