"""What a softphone asks when the phone rings."""

import math
import re
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from tieline.domain.call import Direction, Identifier

MOST_DIGITS: Final = 32
SHORTEST_DEADLINE_MS: Final = 200
LONGEST_DEADLINE_MS: Final = 2000
_DIGIT: Final = re.compile(r"\d")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def phone_text(text: object) -> object:
    """Refuse what no exchange would send as a number: control characters, or more than 32 digits."""
    if not isinstance(text, str):
        return text
    too_long = len(text) > MOST_DIGITS and len(_DIGIT.findall(text)) > MOST_DIGITS
    if too_long or _CONTROL.search(text):
        raise PydanticCustomError("tieline_phone_invalid", "not a phone number")
    return text


def _within_limits(wish: object) -> object:
    """Bring any number into the range allowed; what is no number is left for pydantic to refuse."""
    if not isinstance(wish, str | int | float):
        return wish
    try:
        wished = float(wish)
    except ValueError:
        return wish
    return wish if math.isnan(wished) else int(min(max(wished, SHORTEST_DEADLINE_MS), LONGEST_DEADLINE_MS))


class PopQuery(BaseModel):
    """Who is calling? `phone` as the exchange wrote it; empty or a word such as `anonymous` means withheld.

    `deadline_ms` is brought into 200 to 2000; without it the line's own deadline holds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    phone: Annotated[
        str,
        BeforeValidator(phone_text),
        Field(
            max_length=200,
            description="The caller's number as the exchange wrote it; may be empty or `anonymous`.",
            examples=["+8613800138000"],
        ),
    ] = ""
    call_id: Annotated[Identifier | None, Field(description="The exchange's id of the call.", examples=["c-42"])] = None
    agent: Annotated[
        Identifier | None, Field(description="Whose screen the answer is for; masks follow this agent's role.", examples=["1001"])
    ] = None
    line: Annotated[
        Annotated[str, Field(max_length=200)] | None,
        BeforeValidator(phone_text),
        Field(description="The called number (DNIS); its country tells how to read the caller's.", examples=["+861065543800"]),
    ] = None
    direction: Annotated[Direction, Field(description="From the call centre's point of view.")] = "inbound"
    deadline_ms: Annotated[
        int | None,
        BeforeValidator(_within_limits),
        Field(description="Milliseconds within which the answer must be there; brought into 200 to 2000."),
    ] = None
