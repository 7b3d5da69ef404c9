"""What real systems said to us, kept as examples: which exchange is which example. The exam replays each of them; here they are
held to what was recorded, by its status and the words it is known by.

Not kept: questions the connectors never ask (Asterisk's other resources and its manager interface over HTTP, 02 to 06, 10, 13 to
19, 41 to 47, 52, 54, 55, 60 to 86; JSON-RPC of Odoo, 00 to 55, and of Tryton, 00 to 45; mistakes of callers, Odoo 60, 68, 69b;
writes of Tryton, 52 to 56); conversations that tests/flows and tests/faults have on a socket (Asterisk 90, 91 and
queue-call-amifilter); and the signing-in of people.
"""

from typing import Any, Final, NamedTuple

import pytest
import yaml

from tieline.connectors.registry import PACKAGED_CATALOG


class Said(NamedTuple):
    """The example an exchange became, its status (of an intake: 0) and the words that tell it from others."""

    example: str
    status: int
    words: str


ASTERISK: Final = {
    "01-ping": Said("asterisk/ping", 200, "pong"),
    "11-badpw": Said("asterisk/wrong-password", 401, "Authentication required"),
    "12-readonly-user-write": Said("asterisk/dial-read-only", 403, "Write access denied"),
    "40-ari-originate": Said("asterisk/dial", 200, "AppDial2"),
    "44-ari-originate-dup-id": Said("asterisk/dial-again", 409, "Channel with given unique ID already exists"),
    "50-originate-unregistered": Said("asterisk/dial-unregistered", 500, "Allocation failed"),
    "51-originate-noendpoint": Said("asterisk/dial-unknown", 500, "Allocation failed"),
    "53-originate-noparams": Said("asterisk/dial-no-endpoint", 400, "Endpoint must be specified"),
}
CALLS: Final = {
    "abandon": ("ami", "ari"),
    "agent-hangup": ("ami",),
    "attended-transfer": ("ami",),
    "blind-transfer": ("ami", "ari"),
    "click2dial": ("ami", "ari"),
    "click2dial-baresip": ("ami",),
    "click2dial-fail": ("ami",),
    "ivr": ("ami",),
    "noanswer": ("ami", "ari"),
    "queue-call": ("ami", "ari"),
    "queue-call-baresip": ("ami",),
    "queue-empty-timeout": ("ami",),
    "ring-hook": ("ami", "ari"),
    "slow-hook": ("ami",),
    "stasis": ("ami",),
}
ODOO: Final = {
    "61-json2-badkey": Said("odoo/wrong-key", 401, "Invalid apikey"),
    "62-json2-search_read": Said("odoo/customer-known", 200, "138-0013-8003"),
    "63-json2-create-ticket": Said("odoo/ticket-create", 200, "56"),
    "64-json2-write": Said("odoo/ticket-update", 200, "True"),
    "65-json2-note": Said("odoo/comment", 200, "529"),
    "66-json2-read-badid": Said("odoo/customer-gone", 200, "[]"),
    "66b-json2-write-badid": Said("odoo/ticket-update-gone", 404, "odoo.exceptions.MissingError"),
    "67-json2-badmodel": Said("odoo/app-not-installed", 404, "does not exist"),
    "69-json2-private": Said("odoo/no-right", 403, "odoo.exceptions.AccessError"),
    "69c-json2-badfield": Said("odoo/older-field", 500, "Invalid field"),
    "90-webhooks": Said("odoo/hook-task", 0, "2026-11-22 02:56:53.168302"),
}
TRYTON: Final = {
    "50-rest-party-by-phone": Said("tryton/party-known", 200, "party.party"),
    "51-rest-sales": Said("tryton/sales-of-a-party", 200, "Decimal"),
    "57-rest-range": Said("tryton/ping", 200, "party.party"),
    "58-rest-bad-id": Said("tryton/wrong-database", 404, "404 Not Found"),
    "59-rest-unauth": Said("tryton/wrong-key", 401, "401 Unauthorized"),
    "46-old-path-404": Said("tryton/wrong-path", 405, "405 Method Not Allowed"),
    "60-rest-badmodel": Said("tryton/module-not-activated", 500, "500 Internal Server Error"),
}
SAID: Final = {
    f"{system} {name}": said
    for system, told in (("asterisk", ASTERISK), ("odoo", ODOO), ("tryton", TRYTON))
    for name, said in told.items()
}


def example(name: str) -> dict[str, Any]:
    folder, _, file = name.partition("/")
    read: dict[str, Any] = yaml.safe_load((PACKAGED_CATALOG / folder / "examples" / f"{file}.yaml").read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize("exchange", SAID)
def test_an_exchange_with_a_real_system_is_an_example(exchange: str) -> None:
    told, said = example(SAID[exchange].example), SAID[exchange]
    answers = [one["response"] for one in told.get("exchanges", ())] or [{"status": 0, "body": told.get("request")}]
    assert said.status in {answer["status"] for answer in answers}
    assert said.words in str([answer.get("json", answer.get("body")) for answer in answers])


@pytest.mark.parametrize(("call", "way"), [(call, way) for call, ways in CALLS.items() for way in ways])
def test_a_recorded_call_is_an_example(call: str, way: str) -> None:
    told = example(f"asterisk/{way}-{call}")
    assert told["stream"] == way
    assert "lab1-" in str(told["messages"]), "the name the real exchange gives its channels"


def test_every_example_of_the_real_exchange_is_accounted_for() -> None:
    kept = {said.example for said in SAID.values()} | {f"asterisk/{way}-{call}" for call, ways in CALLS.items() for way in ways}
    there = {f"asterisk/{file.stem}" for file in (PACKAGED_CATALOG / "asterisk" / "examples").glob("*.yaml")}
    assert there - kept == {"asterisk/booting"}, "known from its source alone"
