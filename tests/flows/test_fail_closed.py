"""What cannot be written into the audit is not shown, not copied and not erased (fault matrix, F53)."""

import pytest
from tests.flows.door import KNOWN
from tests.flows.house import RunningHouse

from tieline.domain.errors import Overloaded
from tieline.domain.references import ExternalRef
from tieline.security.permissions import Caller
from tieline.services.customers.reveal import reveal
from tieline.store import audit_trail


async def test_without_an_entry_nothing_is_revealed_copied_or_erased(
    house: RunningHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = (await house.pop(KNOWN))["customer"]["ref"]
    await house.house.desk.keeper.settle()
    officer = Caller(actor="agent:dpo", role="dpo", scopes=frozenset({"customer.search"}))
    why = {"ref": ref, "reason": "case 9"}

    async def refuse(*_given: object) -> None:
        raise Overloaded("the audit cannot be written", code="database_busy")

    before = await house.rows("SELECT count(*) FROM identity_keys")
    with monkeypatch.context() as broken:
        broken.setattr(audit_trail, "write", refuse)
        with pytest.raises(Overloaded):
            await reveal(house.house.desk, ExternalRef.parse(ref), "phones", "callback", caller=officer)
        for path in ("/v1/privacy/export", "/v1/privacy/erase"):
            answer = await house.client.post(path, json=why)
            assert (answer.status_code, answer.json()["code"]) == (503, "database_busy"), path
            assert KNOWN not in answer.text
    assert await house.rows("SELECT count(*) FROM identity_keys") == before != [(0,)]
    assert await house.rows("SELECT count(*) FROM erased_marks") == [(0,)]
    assert (await house.pop(KNOWN))["match"]["state"] == "known"
