"""Find the records in an answer that has been judged a success."""

from typing import Any

from tieline.connectors.contract import Record
from tieline.connectors.language.paths import Read
from tieline.connectors.wire.messages import Answer
from tieline.domain.errors import VendorBadAnswer


def records_in(answer: Answer, read: Read, *, at_root: bool) -> tuple[Record, ...]:
    """Return the records at the declared path; nothing there means none, a lone object counts as one.

    Raises: VendorBadAnswer: the body could not be read, or what stands there is not made of objects (a login page, say).
    """
    if answer.unreadable:
        raise VendorBadAnswer(answer.unreadable)
    if not at_root and answer.body is not None and not isinstance(answer.body, dict | list):
        raise VendorBadAnswer("the body is text where objects were expected")
    found: Any = read(answer.roots())
    if isinstance(found, dict):
        return (found,) if found else ()
    if isinstance(found, list):
        if all(isinstance(record, dict) for record in found):
            return tuple(found)
        raise VendorBadAnswer("the list of records holds something that is not an object")
    if found in {None, "", False}:
        return ()
    raise VendorBadAnswer("there is text where the records should be")
