"""More than forty ways in which a sign-in can be bent: each refused by the check that is there for it, and nothing is opened."""

from collections.abc import Callable

import pytest
from tests.api.front_door import FrontDoor, rows
from tests.sign_in import mutations
from tests.sign_in.flow import SESSION, last_refusal, sessions, sign_in
from tests.sign_in.idp import Idp

from tieline.security import id_tokens, json_web_tokens
from tieline.security.json_web_tokens import Signed
from tieline.services.sign_in import oidc


def test_there_are_more_than_forty() -> None:
    assert len(mutations.ALL) >= 60


@pytest.mark.parametrize("name", mutations.ALL)
async def test_what_is_wrong_is_refused_and_written_down(door: FrontDoor, idp: Idp, name: str) -> None:
    wrong = mutations.ALL[name]
    before = await sessions(door)
    answer = await sign_in(door, idp, wrong.bend, subject="sub-1001")
    expected = 503 if wrong.why.startswith("upstream_") else 401
    assert (await last_refusal(door), answer.status_code) == (wrong.why, expected)
    assert SESSION not in answer.cookies
    assert await sessions(door) == before


async def test_every_refusal_looks_the_same_from_outside(door: FrontDoor, idp: Idp) -> None:
    pages = set()
    for wrong in mutations.CLAIMS.values():
        pages.add((await sign_in(door, idp, wrong.bend)).text)
    assert len(pages) == 1
    told = await rows(door, "SELECT details FROM audit_entries WHERE action = 'sign_in.refused'")
    assert {frozenset(details) for (details,) in told} == {frozenset({"provider", "why"})}


GUARDS_OFF: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "claims": lambda patch: patch.setattr(id_tokens, "_pass_all", lambda _: None),
    "state": lambda patch: patch.setattr("hmac.compare_digest", lambda *_: True),
    "signature": lambda patch: patch.setattr(json_web_tokens, "_verified", lambda signed, _: payload_of(signed)),
    "sender": lambda patch: patch.setattr(oidc.OidcProvider, "_check_sender", lambda *_: None),
}


@pytest.mark.parametrize(
    ("guard", "name"),
    [
        *[("claims", name) for name, wrong in mutations.CLAIMS.items() if wrong.why != "token_subject"],
        ("state", "no state"),
        ("state", "another state"),
        ("state", "an empty state"),
        ("signature", "the key of a stranger"),
        ("signature", "a key too short to count"),
        ("sender", "the answer of another provider"),
        ("sender", "an answer that does not say whose it is"),
    ],
)
async def test_with_the_guard_off_it_would_have_opened_a_session(
    door: FrontDoor, idp: Idp, guard: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    GUARDS_OFF[guard](monkeypatch)
    assert (await sign_in(door, idp, mutations.ALL[name].bend)).status_code == 303


def payload_of(signed: Signed) -> bytes:
    return json_web_tokens._decoded(signed.text.split(".")[1])
