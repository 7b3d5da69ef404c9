"""What an operator does about a delivery that stands still, by the code it stands still with."""

from collections.abc import Mapping
from typing import Final

from tieline.domain.delivery import StuckState

BY_STATE: Final[Mapping[StuckState, str]] = {
    "parked": "Put the connection right; what waits goes on by itself as soon as it was saved.",
    "dead": "Remove the reason, then replay it; or discard it if it is not wanted any more.",
    "unknown": "Look into the other system, then say whether it is there.",
}
BY_CODE: Final[Mapping[str, str]] = {
    "upstream_rejected": "The other system refuses these values. Change the object or the field mapping, then replay.",
    "upstream_conflict": "The object was changed in the other system meanwhile. Merge it, then replay or discard.",
    "upstream_duplicate": "The other system has one already. Link it by resolving this with its id, or discard it.",
    "upstream_ambiguous": "The other system has several that fit. Put that right there, then replay.",
    "upstream_object_gone": "The object is gone in the other system. Create it anew, or discard this.",
    "upstream_credentials": "The other system refuses our credentials. Enter new ones for the connection.",
    "upstream_reauthorise": "The access that a person granted is gone. Grant it anew and save the connection.",
    "upstream_config": "The connection is set up wrongly. `tieline connector try` shows every stage.",
    "operation_not_offered": "The connector does not offer this operation. Add it to the manifest, then save the connection.",
    "connection_closed": "The connection is paused or not set up. Resume it, and what waits goes on.",
    "receiver_gone": "The subscriber answered that it is no more. Resume the subscription if that was a mistake, or delete it.",
    "receiver_moved": "The subscriber answers with a redirect. Subscribe the address it moved to, and delete this subscription.",
    "receiver_refused": "The subscriber refused it for more than three days. Have its side put right, then replay.",
    "subscription_paused": "The subscription is paused. Resume it, and what waits goes on.",
    "subscription_gone": "The subscriber answered that it is no more. Resume the subscription, or delete it.",
    "subscription_deleted": "Nobody is subscribed any more. Discard it.",
    "internal_error": "Our own code failed at it five times; the log names the trace. Replay it after the repair.",
    "workers_died": "Three workers died over it. Find out why in the log before you replay it.",
    "upstream_unavailable": "The other system was away for more than three days. Replay when it is back.",
    "upstream_timeout": "The other system was too slow for more than three days. Replay when it is well.",
    "upstream_paused": "The other system failed for more than three days. Replay when it is well.",
}


def next_step(state: StuckState, code: str | None) -> str:
    """Say in a sentence what to do next."""
    return BY_CODE.get(code or "", BY_STATE[state]) if state != "unknown" else BY_STATE[state]
