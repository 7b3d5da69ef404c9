"""A system abroad is asked nothing until somebody permits it; then all but what must stay at home goes there."""

from pathlib import Path

import pytest
import yaml
from tests.flows.door import KNOWN
from tests.flows.house import company, open_house
from tests.flows.sandbox import Sandbox

from tieline.domain.border import Border, Crossing, Transfer
from tieline.domain.errors import TransferForbidden
from tieline.services.apply_file import ConnectionEntry

PERMITTED = {"basis": "standard_contract", "recipient": "Example GmbH, dpo@crm.example"}


def set_up(sandbox: Sandbox, **crm: object) -> str:
    file = yaml.safe_load(company(sandbox))
    file["connections"]["crm"] |= crm
    return str(yaml.safe_dump(file, allow_unicode=True))


async def test_until_the_switch_is_set_a_block_says_why_it_is_empty(database_url: str, tmp_path: Path, sandbox: Sandbox) -> None:
    abroad = set_up(sandbox, region="DE")
    async with open_house(database_url, tmp_path, sandbox, set_up=abroad, home_region="CN") as house:
        card = await house.pop(KNOWN)
        block = next(block for block in card["blocks"].values() if block["source"] == "crm")
        assert (block["state"], block["error"]) == ("unavailable", "transfer_not_permitted")
        assert (sandbox.asked("crm"), sandbox.asked("erp") > 0) == (0, True)
        await house.apply(set_up(sandbox, region="DE", transfer=PERMITTED))
        await house.forget_answers()
        assert (await house.pop(KNOWN))["customer"]["ref"].startswith("crm:")
        assert sandbox.asked("crm") > 0
        sandbox.heal()
        await house.apply(set_up(sandbox, region="DE", transfer={**PERMITTED, "withhold": ["phone", "description"]}))
        await house.forget_answers()
        card = await house.pop(KNOWN)
        block = next(block for block in card["blocks"].values() if block["source"] == "crm")
        assert (block["error"], sandbox.asked("crm", "/contacts")) == ("transfer_withheld", 0)
        writes = house.house.directory.now.books["crm"]["ticket"].writes
        assert ("description" in writes, "subject" in writes) == (False, True)


@pytest.mark.parametrize(
    ("border", "home", "may"),
    [
        (None, "CN", True),
        (Border(region="CN"), "CN", True),
        (Border(region="DE"), "", True),
        (Border(region="DE"), "CN", False),
        (Border(region="DE", transfer=Transfer.model_validate(PERMITTED)), "CN", True),
    ],
)
def test_what_is_abroad_is_what_another_country_is(border: Border | None, home: str, may: bool) -> None:  # noqa: FBT001 - a table
    inputs = {"phone": "+8613800138000", "record": {"title": "x"}}
    try:
        passed = Crossing(border, home=home).pass_through(inputs) == inputs
    except TransferForbidden:
        passed = False
    assert passed is may


def test_what_is_withheld_is_not_in_a_record_either() -> None:
    transfer = Transfer.model_validate({**PERMITTED, "withhold": ["text"]})
    crossing = Crossing(Border(region="DE", transfer=transfer), home="CN")
    assert crossing.pass_through({"record": {"text": "x", "score": 1}, "id": "7"}) == {"record": {"score": 1}, "id": "7"}
    with pytest.raises(TransferForbidden):
        crossing.pass_through({"text": "x"})


def test_a_transfer_names_a_ground_a_recipient_and_a_country() -> None:
    for wrong in ({"basis": "because"}, {"basis": "adequacy"}, {**PERMITTED, "withold": []}):
        with pytest.raises(ValueError, match="validation error"):
            Transfer.model_validate(wrong)
    with pytest.raises(ValueError, match="region"):
        ConnectionEntry.model_validate({"connector": "x", "transfer": PERMITTED})
