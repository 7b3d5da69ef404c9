"""The lines that the README of `asterisk_hook` gives to copy, in a real Asterisk's dialplan: it rings, and the card is there."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from tests.live.asterisk_house import CALLS, CUSTOMER, LEGS, POPS, UP_WITHIN_S, beside
from tests.live.asterisk_lab import LINE_PREFIX, Lab, set_up_with

from tieline.connectors.registry import Catalog

pytestmark = pytest.mark.live

TOKEN: Final = "any-long-random-text"
MEMBER: Final = "Local/1001@tieline-agent/n"
QUEUE: Final = "sales"
"""A queue of the laboratory that has no members of its own."""


def dialplan() -> str:
    """Return the lines of the README, for the queue of the laboratory; its trunk delivers only the last digits."""
    readme = (Catalog().find("asterisk_hook").folder / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"^```\n(\[globals\].*?)^```", readme, re.DOTALL | re.MULTILINE)
    changed = lines.replace("queue=support", f"queue={QUEUE}").replace("Queue(support,", f"Queue({QUEUE},")
    return str(changed.replace("__DID=${EXTEN}", f"__DID={LINE_PREFIX}${{EXTEN}}"))


def extensions(text: str) -> Iterator[tuple[str, str, int, str]]:
    """Yield context, extension, priority and application of each line."""
    context, extension, priority = "", "", 0
    for line in text.splitlines():
        words = line.partition(";")[0].strip()
        if words.startswith("["):
            context = words.strip("[]")
        elif words.startswith("exten => "):
            extension, _, application = words.removeprefix("exten => ").split(",", 2)
            priority = 1
            yield context, extension, priority, application
        elif words.startswith("same => n,"):
            priority += 1
            yield context, extension, priority, words.removeprefix("same => n,")


@asynccontextmanager
async def dialplan_in(lab: Lab, address: str) -> AsyncIterator[None]:
    """Let the exchange have the lines, and an agent whose telephone rings by them, while the block lasts."""
    lines = list(extensions(dialplan()))
    await lab.do("cli", f"dialplan set global TIELINE {address}")
    for context, extension, priority, application in lines:
        await lab.do("cli", f"dialplan add extension {extension},{priority},{application} into {context}")
    await lab.do("cli", f"queue add member {MEMBER} to {QUEUE} penalty 0 as Agent state_interface PJSIP/agent1001")
    try:
        yield
    finally:
        await lab.do("cli", f"queue remove member {MEMBER} from {QUEUE}")
        for context, extension in dict.fromkeys((context, extension) for context, extension, _, _ in lines):
            await lab.do("cli", f"dialplan remove extension {extension}@{context}")


async def test_the_lines_of_the_readme_bring_the_card(asterisk: Lab, database_url: str, tmp_path: Path) -> None:
    set_up = set_up_with({"connector": "asterisk_hook", "config": {}, "secrets": {"token": f"plain:{TOKEN}"}})
    async with (
        beside(asterisk, database_url, tmp_path, set_up=set_up) as house,
        dialplan_in(asterisk, f"{house.url}/v1/cti/pbx/{TOKEN}"),
        house.screen("1001") as screen,
    ):
        calling = asyncio.create_task(asterisk.call("4007", CUSTOMER))
        await screen.until(lambda heard: heard.card["phone"]["e164"] == f"+86{CUSTOMER}", within_s=UP_WITHIN_S)
        await calling
        await house.until_rows(CALLS, [("inbound", "ended", "served", QUEUE)])
        assert await house.rows(LEGS) == [("queue", None, "served"), ("agent", "1001", "served")]
        assert await house.rows(POPS) == [("1001", 1)]
