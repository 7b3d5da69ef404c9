"""Whose figures a caller is told: an agent their own, who leads a team that team's, who may see every team all."""

from collections.abc import Mapping

from tieline.domain.errors import NotAllowed
from tieline.domain.kpi_formulas import FilterName
from tieline.security.permissions import Caller
from tieline.services.directory import Directory


def narrowed(asked: Mapping[FilterName, str], by: Caller, directory: Directory) -> dict[FilterName, str]:
    """Return the filters that hold. Raises: NotAllowed: somebody else's work is asked for by name."""
    forced = _forced(by, directory)
    if any(asked.get(name, value) != value for name, value in forced.items()):
        raise NotAllowed
    return {**asked, **forced}


def _forced(by: Caller, directory: Directory) -> dict[FilterName, str]:
    if by.agent is None or by.may("teams.any"):
        return {}
    if not by.may("agents.any"):
        return {"agent": by.agent}
    person = directory.agents.get(by.agent)
    return {"team": person.team} if person and person.team else {}
