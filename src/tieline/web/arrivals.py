"""What of a browser is kept with its session: two words for it, and the network it is in; enough to know one's own again."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request

from tieline.domain.masking_numbers import network_address
from tieline.security.client_address import client_address
from tieline.services.session_opening import Arrival

Words = Sequence[tuple[str, str]]
BROWSERS: Final[Words] = (
    ("wxwork", "WeCom"),
    ("MicroMessenger", "WeChat"),
    ("DingTalk", "DingTalk"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
"""What a User-Agent holds, and the browser it means; those that name others as well come before them."""
SYSTEMS: Final[Words] = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def arrival_of(request: Request) -> Arrival:
    """Return what this browser comes with."""
    cookie: str = request.app.state.session_cookie
    return Arrival(
        instead_of=request.cookies.get(cookie),
        device=device_of(request.headers.get("user-agent", "")),
        address=network_address(client_address(request)),
    )


def device_of(user_agent: str) -> str:
    """Return browser and system in our own words, as "Chrome, Windows"; empty: neither is known."""
    found = (next((word for part, word in words if part in user_agent), "") for words in (BROWSERS, SYSTEMS))
    return ", ".join(filter(None, found))
