"""Which rules of access would take less away than they did: whatever stands there no longer, word for word, counts as loosened.

Another rule beside them only takes more away. Whether a rule that was changed is stricter now is for a person to say.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tieline.services.linkage.policy_file import AccessEntry


def loosened(before: Mapping[str, Any], after: Mapping[str, Any]) -> Sequence[str]:
    """Return the rules that go or change, named: `agents: crm`, `customers: key accounts`; none: it only tightens."""
    was, is_to_be = AccessEntry.model_validate(before), AccessEntry.model_validate(after)
    agents = (f"agents: {one.system}" for one in was.agents if one not in is_to_be.agents)
    customers = (f"customers: {one.name}" for one in was.customers if one not in is_to_be.customers)
    return [*agents, *customers]
