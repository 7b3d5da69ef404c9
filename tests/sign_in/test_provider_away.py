"""The provider cannot be reached, or is asked about keys that never were (faults F55, F56)."""

import asyncio

import pytest
from tests.api.front_door import FrontDoor
from tests.sign_in.flow import SESSION, sign_in
from tests.sign_in.idp import Idp, identity_provider

from tieline.connectors.wire.transport import HttpWire
from tieline.domain.errors import VendorBadAnswer, VendorMisconfigured
from tieline.kit.deadline import Deadline
from tieline.security.egress import Egress
from tieline.services.sign_in.metadata import FRESH_S, REFETCH_S, STALE_S, Metadata


class Hands:
    """A clock set by hand, in seconds."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def metadata(idp: Idp, hands: Hands, issuer: str | None = None) -> tuple[Metadata, HttpWire]:
    wire = HttpWire(Egress.parse(f"127.0.0.1=127.0.0.0/8:{idp.port}"), connections=2, response_bytes=100_000)
    return Metadata(issuer or idp.issuer, wire, hands), wire


async def test_whoever_is_signed_in_stays_so_while_the_provider_is_away(door: FrontDoor, idp: Idp) -> None:
    cookie = (await sign_in(door, idp)).cookies[SESSION]
    idp.down = True
    try:
        assert (await door.ask("GET", "/v1/agents", headers={"Cookie": f"{SESSION}={cookie}"})).status_code == 200
        answer = await sign_in(door, idp)
        assert answer.status_code == 503
        assert "cannot be reached" in answer.text
        assert (await door.ask("POST", "/desk/sign-out", headers={"Cookie": f"{SESSION}={cookie}"})).status_code == 303
    finally:
        idp.down = False


async def test_known_keys_serve_for_a_day_while_no_newer_ones_are_to_be_had() -> None:
    async with identity_provider() as idp:
        hands = Hands()
        kept, wire = metadata(idp, hands)
        async with wire:
            known = await kept.keys(Deadline.after(5))
            idp.down = True
            for hours in (2, 20):
                hands.now = 1_000_000.0 + hours * 3600
                assert await kept.keys(Deadline.after(5)) == known
            asked = idp.asked.total()
            await kept.keys(Deadline.after(5))
            assert idp.asked.total() == asked, "a provider that is away is asked once a minute"
            hands.now = 1_000_000.0 + STALE_S + 1
            with pytest.raises(VendorBadAnswer):
                await kept.keys(Deadline.after(5))
            idp.down = False
            hands.now += REFETCH_S
            assert await kept.keys(Deadline.after(5)) == known


async def test_fresh_documents_are_not_fetched_again_and_old_ones_are() -> None:
    async with identity_provider() as idp:
        hands = Hands()
        kept, wire = metadata(idp, hands)
        async with wire:
            await asyncio.gather(*(kept.keys(Deadline.after(5)) for _ in range(50)))
            assert (idp.asked["/jwks"], idp.asked["/.well-known/openid-configuration"]) == (1, 1)
            hands.now += FRESH_S
            await kept.keys(Deadline.after(5))
            assert idp.asked["/jwks"] == 2


async def test_ten_thousand_unknown_keys_make_us_ask_once_a_minute() -> None:
    async with identity_provider() as idp:
        hands = Hands()
        kept, wire = metadata(idp, hands)
        async with wire:
            await kept.keys(Deadline.after(60))
            hands.now += REFETCH_S
            for _ in range(100):
                await asyncio.gather(*(kept.keys(Deadline.after(60), newer=True) for _ in range(100)))
            assert idp.asked["/jwks"] == 2
            hands.now += REFETCH_S
            await kept.keys(Deadline.after(60), newer=True)
            assert idp.asked["/jwks"] == 3


@pytest.mark.parametrize(
    "description",
    [
        {"issuer": "https://another.example"},
        {"token_endpoint": None},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": "//another.example/jwks"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"userinfo_endpoint": "ftp://x.example/"},
    ],
)
async def test_a_description_of_somebody_else_or_of_no_use_is_not_believed(description: dict[str, str | None]) -> None:
    async with identity_provider() as idp:
        idp.metadata = dict(description)
        kept, wire = metadata(idp, Hands())
        async with wire:
            with pytest.raises(VendorMisconfigured):
                await kept.doors(Deadline.after(5))
