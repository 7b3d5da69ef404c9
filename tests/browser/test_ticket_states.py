"""A ticket on the card says per system how far it is, in the agent's language, and names what is in conflict."""

import pytest
from tests.browser import recorded
from tests.browser.conftest import Desk

pytestmark = pytest.mark.browser
STATES = {
    "in_sync": ("已同步", "In sync"),
    "sending": ("同步中", "On its way"),
    "waiting": ("等待对方系统", "Waits for the other system"),
    "conflict": ("待人工裁定", "Waits for a decision"),
    "failed": ("未能送达，待人工处理", "Not told, needs review"),
}
NAMED = {
    "zh-CN": "优先级与 crm 不一致：本方“高优先级”，对方“低优先级”，待人工裁定",
    "en": "Priority differs from crm: “High priority” here, “Low priority” there; a person decides",
}


@pytest.mark.parametrize("standing", STATES)
@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_each_state_is_said_in_words(desk: Desk, standing: str, language: str) -> None:
    page = await desk.open(path=f"/desk?agent={desk.agent}&lang={language}")
    await page.locator('.link-state[data-state="live"]').wait_for()
    call = recorded.call("answered", answered_at=recorded.ago(seconds=3))
    await desk.show(recorded.pop(f"{desk.agent}.p1-{standing}", mode="full", call=call))
    row = page.locator('[data-block="tickets"] .ticket-system-row').filter(has_text="crm")
    await row.locator(f'.chip.sync[data-sync="{standing}"]').wait_for()
    assert await row.locator(".chip.sync").inner_text() == STATES[standing][language == "en"]
    named = page.locator(".ticket-conflict")
    assert await named.count() == (standing == "conflict")
    if standing == "conflict":
        words = (
            "优先级与 crm 不一致：本方“高优先级”，对方“低优先级”，待人工裁定",
            "Priority differs from crm: “High priority” here, “Low priority” there; a person decides",
        )
        assert await named.inner_text() == words[language == "en"]
    if standing == "in_sync":
        ended = ("已关闭，由 helpdesk 完成", "Closed, set in helpdesk")
        assert await page.locator(".ticket-elsewhere").inner_text() == ended[language == "en"]
    assert desk.complaints == []
